"""Who answers a campaign: a step of the road in. Proven by what we sent, or probable, as they come soon after.

`named` and `asked` look up, `proven`, `place` and `probable` decide (pure), `write` stores. The first answer brings
the campaign's message into the conversation, above it (INVARIANTS §7).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from hub.campaigns.approved_words import as_read
from hub.campaigns.rendering import render
from hub.campaigns.wording import Texts
from hub.channels.base import Capabilities
from hub.channels.facts import MessageReceived, Party
from hub.conversations.bringing_in import BroughtIn
from hub.conversations.threading import Sendout
from hub.conversations.threads import MOST_REFERENCES, Conversation
from hub.customers.resolving import Key, Sender
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Asked, Meanwhile, Tx

ANSWER_DAYS = 14  # on the same short line, as long as a thread's pointer holds
PROBABLE_DAYS = 7


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient whom facts name, before anything is locked; `root_id` is their conversation's person."""

    id: int
    type: str
    value: str
    conversation_id: int | None
    root_id: int | None

    @property
    def key(self) -> Key:
        """Its recipient, as the road in knows people."""
        return self.type, self.value


class Written(msgspec.Struct, kw_only=True):
    """One message a campaign sent, as the batch knows it so far."""

    id: int
    campaign_id: int
    campaign_name: str
    step: int
    stops: list[str]
    root_id: int
    contact_id: int
    address_id: int
    type: str
    value: str
    channel_id: int
    channel_address: str
    sender_id: int | None
    sender_name: str
    header: str
    provider_id: str
    sent_at: datetime
    texts: Texts
    approved_body: str = ""
    own: dict[str, str] | None
    variables: dict[str, Any]  # customers/variables.Values
    conversation_id: int | None
    message_id: int | None
    answered_at: datetime | None
    probable_at: datetime | None
    changed: bool = False

    @property
    def key(self) -> Key:
        """Its recipient, as the road in knows people."""
        return self.type, self.value

    @property
    def sendout(self) -> Sendout:
        """What threading asks of it."""
        return Sendout(root_id=self.root_id, agent_id=self.sender_id, conversation_id=self.conversation_id)


class Known(msgspec.Struct):
    """What campaigns sent to these people or is named by these facts, newest first; `tokens` are recipients' ids."""

    by_id: dict[int, Written] = {}
    by_name: dict[str, Written] = {}
    by_root: dict[int, list[Written]] = {}
    tokens: dict[str, int] = {}


def tokens_of(crypto: Crypto, facts: Iterable[MessageReceived]) -> dict[str, int]:
    """Recipients in the signed reply addresses of the facts, by token; forged ones are absent."""
    found = {fact.proof for fact in facts if fact.proof}
    return {token: id_ for token in found if (id_ := crypto.verify("campaign", token)) is not None}


def asked_named(recipient_ids: Iterable[int], message_ids: Sequence[str]) -> dict[str, Asked]:
    """Before the lock: whom these facts name, because they and their conversations must be locked too."""
    ids = sorted(recipient_ids)
    return {"named": Asked(Named, NAMED, (ids, list(message_ids)))} if ids or message_ids else {}


def asked_any() -> dict[str, Asked]:
    """Whether a campaign ran lately, so that people may be answering one: one row or none."""
    return {"any_campaign": Asked(There, f"SELECT true AS there FROM campaign WHERE {LATELY} LIMIT 1")}


class There(msgspec.Struct, frozen=True):
    """There is at least one."""

    there: bool


def asked(address_ids: Sequence[int], named_ids: Sequence[int]) -> dict[str, Asked]:
    """What `known` reads, after the lock: what was sent to these people lately, and the named ones."""
    return {"written": Asked(Written, WRITTEN, (list(address_ids), list(named_ids)))}


def known(found: dict[str, list[Any]], tokens: dict[str, int], named: Sequence[Named]) -> Known:
    """What campaigns sent, out of the answers to `asked`. Raises Meanwhile when one was answered before our lock."""
    made = Known(tokens=tokens)
    rows: list[Written] = found.get("written", [])
    expected = {one.id: one.conversation_id for one in named}
    if any(expected.get(one.id, one.conversation_id) != one.conversation_id for one in rows):
        raise Meanwhile("a campaign's message was answered while we waited for its recipient")
    for one in rows:
        made.by_id[one.id] = one
        made.by_root.setdefault(one.root_id, []).append(one)
        for name in filter(None, (one.header, one.provider_id)):
            made.by_name.setdefault(name, one)
    return made


def proven(
    known: Known,
    fact: MessageReceived,
    sender: Sender,
    *,
    channel_id: int,
    can: Capabilities,
    last_said: datetime | None,
    now: datetime,
) -> Written | None:
    """The message this answers: our signed address, else a name we gave it, else the last one on a short line.

    `last_said`: when anybody last spoke in the thread this address has on this line.
    """
    if fact.new_matter:
        return None
    if (by_token := known.by_id.get(known.tokens.get(fact.proof, 0))) is not None:
        return by_token
    for name in (fact.in_reply_to, *reversed(fact.references[-MOST_REFERENCES:])):
        if name in known.by_name:
            return known.by_name[name]
    if can.subject or can.live:
        return None
    here = (channel_id, sender.address_id)
    since = max(now - timedelta(days=ANSWER_DAYS), last_said or now - timedelta(days=ANSWER_DAYS))
    for one in known.by_root.get(sender.root_id, ()):
        if (one.channel_id, one.address_id) == here and one.sent_at > since:
            return one
    return None


def place(id_: int, written: Written, conversation: Conversation, can: Capabilities) -> BroughtIn:
    """Bring the message into the conversation, as its next one; the answer comes right below."""
    conversation.last_seq += 1
    written.conversation_id, written.message_id, written.changed = conversation.id, id_, True

    content = render(written.texts, {**written.variables, "unsubscribe.link": "…"}, written.own)
    return BroughtIn(
        id=id_,
        conversation_id=conversation.id,
        seq=conversation.last_seq,
        channel_id=written.channel_id,
        agent_id=written.sender_id,
        sender=Party(written.channel_address, written.sender_name),
        recipient=Party(written.value),
        subject=content.subject if can.subject else "",
        text=as_read(content, can, written.approved_body),
        html=content.html if can.html else "",
        message_id=written.header,
        details={
            "campaign": {"id": written.campaign_id, "name": written.campaign_name, "step": written.step}
        },
        at=written.sent_at,
    )


def note(
    known: Known, answered: Written | None, fact: MessageReceived, sender: Sender, now: datetime
) -> None:
    """Who wrote has answered; what else was sent to them in the last days is probably answered. Machines do not."""
    if fact.automatic or fact.bulk:
        return
    if answered is not None and answered.answered_at is None:
        answered.answered_at, answered.changed = now, True
    for one in known.by_root.get(sender.root_id, ()):
        recent = now - timedelta(days=PROBABLE_DAYS) < one.sent_at <= now
        if one is not answered and recent and one.answered_at is None and one.probable_at is None:
            one.probable_at, one.changed = now, True


def write(tx: Tx, known: Known) -> set[int]:
    """Who answered, and the later steps that end with it; one about to leave is held back in the claim (holds).

    The campaigns whose numbers changed.
    """
    changed = sorted((one for one in known.by_id.values() if one.changed), key=lambda one: one.id)
    if not changed:
        return set()
    tx.together(
        """
        UPDATE recipient SET conversation_id = w.conversation_id, message_id = w.message_id,
               answered_at = w.answered_at, probable_at = w.probable_at
        FROM (SELECT id FROM recipient WHERE id = ANY($1) ORDER BY id FOR NO KEY UPDATE) AS held
        JOIN unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::timestamptz[])
             AS w (id, conversation_id, message_id, answered_at, probable_at) ON w.id = held.id
        WHERE recipient.id = held.id
        """,
        [one.id for one in changed],
        [one.conversation_id for one in changed],
        [one.message_id for one in changed],
        [one.answered_at for one in changed],
        [one.probable_at for one in changed],
    )
    ended = [one for one in changed if "reply" in one.stops and (one.answered_at or one.probable_at)]
    if ended:
        tx.together(
            """
            UPDATE recipient
            SET state = CASE recipient.state WHEN 'made' THEN 'made' ELSE 'stopped' END, reason = 'reply'
            FROM (SELECT r.id FROM unnest($1::bigint[], $2::bigint[], $3::smallint[])
                      AS w (campaign_id, contact_id, step)
                  JOIN recipient r ON (r.campaign_id, r.contact_id) = (w.campaign_id, w.contact_id) AND r.step > w.step
                  WHERE r.state IN ('frozen', 'ready', 'made') ORDER BY r.id FOR NO KEY UPDATE OF r) AS later
            WHERE recipient.id = later.id
            """,
            [one.campaign_id for one in ended],
            [one.contact_id for one in ended],
            [one.step for one in ended],
        )
    return {one.campaign_id for one in changed}


NAMED = """
    SELECT r.id, a.type, a.value, r.conversation_id, c.root_id
    FROM recipient r JOIN address a ON a.id = r.address_id
    LEFT JOIN conversation v ON v.id = r.conversation_id
    LEFT JOIN conversation t ON t.id = coalesce(v.joined_into_id, v.id)
    LEFT JOIN contact c ON c.id = t.contact_id
    WHERE r.id IN (
        SELECT unnest($1::bigint[])
        UNION SELECT recipient_id FROM delivery WHERE message_header = ANY($2)
        UNION SELECT recipient_id FROM delivery WHERE provider_id = ANY($2) AND provider_id <> '')
"""

LATELY = "started_at IS NOT NULL AND coalesce(finished_at, now()) > now() - interval '21 days'"

# Held for the batch by the lock of its people.
WRITTEN = """
    WITH person AS MATERIALIZED (
        SELECT c.root_id FROM address a JOIN contact c ON c.id = a.contact_id WHERE a.id = ANY($1)
    ), wanted AS (
        SELECT unnest($2::bigint[]) AS id
        UNION
        SELECT r.id FROM person p JOIN contact c ON c.root_id = p.root_id JOIN recipient r ON r.contact_id = c.id
        WHERE r.state = 'made' AND r.made_at > now() - interval '15 days'
    )
    SELECT r.id, r.campaign_id, k.name AS campaign_name, r.step, k.stops, own.root_id, r.contact_id, r.address_id,
           a.type, a.value, d.channel_id, n.address AS channel_address, r.sender_id,
           coalesce(g.name || ' · ' || n.name, n.name) AS sender_name, d.message_header AS header, d.provider_id,
           coalesce(d.sent_at, d.created_at) AS sent_at,
           jsonb_build_object('subject', t.subject, 'text', t.text, 'html', t.html, 'short', t.short,
                              'approved_variables', t.approved_variables) AS texts,
           coalesce(w.body, '') AS approved_body, r.own,
           coalesce(r.variables, '{}') AS variables, r.conversation_id, r.message_id, r.answered_at, r.probable_at
    FROM wanted JOIN recipient r ON r.id = wanted.id
    JOIN delivery d ON d.recipient_id = r.id AND d.state IN ('sending', 'sent', 'delivered', 'read', 'unknown')
    JOIN campaign k ON k.id = r.campaign_id
    JOIN campaign_text t ON t.campaign_id = r.campaign_id AND t.step = r.step AND t.variant = r.variant
                        AND t.version = r.text_version
    LEFT JOIN approved_text w ON w.id = t.approved_text_id
    JOIN channel n ON n.id = d.channel_id
    JOIN address a ON a.id = r.address_id
    JOIN contact leaf ON leaf.id = a.contact_id JOIN contact own ON own.id = leaf.root_id
    LEFT JOIN agent g ON g.id = r.sender_id
    ORDER BY coalesce(d.sent_at, d.created_at) DESC, r.id DESC
"""
