"""Before somebody is erased: what will go, what stays, where else their name stands; and what is personal at all."""

from __future__ import annotations

import msgspec

from hub.customers import contacts, erasures
from hub.customers import erasing as of_customers
from hub.plumbing.db import Tx

MOST = 100
"""Mentions elsewhere are counted up to here."""

# Every column that may hold somebody's words, name, address or number; a test plants a marker in each, erases, and
# looks for it everywhere, and another asks of each new column whether it belongs here (INVARIANTS §19).
PERSONAL = {
    "account": "name external_id notes",
    "address": "value name why_not spelled",
    "arrival": "reason envelope raw raw_file",
    "arrival_key": "answer",
    "attachment": "name content_id file sha256 machine_text",
    "awaited_file": "url name failed",
    "call": "provider_id number reason",
    "call_leg": "reason candidates",
    "chat_mailed": "recipient",
    "chat_session": "user_id said_name said_email answers page",
    "claim": "value source",
    "consent": "proof",
    "contact": "name job_title external_id notes search time_zone language",
    "contact_list_import": "errors",
    "contact_list_member": "fields",
    "conversation": "subject last_preview reason tags",
    "decision": "reason inputs candidates",
    "delivery": "recipient reason provider_id undo",
    "draft": "text subject recipients",
    "early_report": "report",
    "history": "details",
    "idempotency_key": "answer",
    "merge": "filled",
    "message": (
        "sender recipients subject text new_text html html_file message_id in_reply_to thread_ids fact warnings"
    ),
    "message_search": "tsv",
    "notification": "details",
    "page_picture": "file",
    "payment": "external_id method",
    "purchase": "external_id",
    "rating": "words",
    "recipient": "address variables own flags time_zone language",
    "thread_key": "key",
    "todo": "payload error",
}


class Foreseen(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure will do: counts as in a statement, and `elsewhere`: messages of others that name them.

    `elsewhere` is counted up to MOST; those stay and are a person's to read.
    """

    contact_id: int
    name: str
    counts: dict[str, int]
    elsewhere: int


async def foresee(tx: Tx, contact_id: int) -> Foreseen:
    """What erasing this person, with all merged into them, will do. Raises NotFound."""
    found = await contacts.load(tx, contact_id)
    ids = await contacts.merged(tx, contact_id)
    accounts = await of_customers.alone(tx, ids)
    counted = await tx.record(
        """
        WITH own AS (SELECT id FROM conversation WHERE contact_id = ANY($1)),
             addresses AS (SELECT id FROM address WHERE contact_id = ANY($1))
        SELECT (SELECT count(*) FROM own) AS conversations,
               (SELECT count(*) FROM message WHERE conversation_id IN (SELECT id FROM own)) AS messages,
               (SELECT count(DISTINCT p.conversation_id) FROM participant p
                WHERE p.address_id IN (SELECT id FROM addresses)
                  AND p.conversation_id NOT IN (SELECT id FROM own)) AS shared,
               (SELECT count(*) FROM recipient WHERE contact_id = ANY($1)) AS campaigns,
               (SELECT count(*) FROM attachment f JOIN message m ON m.id = f.message_id
                WHERE m.conversation_id IN (SELECT id FROM own)) AS files,
               (SELECT count(*) FROM addresses) AS addresses,
               cardinality($1) AS contacts, cardinality($2::bigint[]) AS accounts,
               (SELECT count(*) FROM purchase WHERE contact_id = ANY($1) AND account_id IS NULL
                   OR account_id = ANY($2)) AS purchases,
               (SELECT count(*) FROM purchase WHERE contact_id = ANY($1) AND account_id <> ALL($2)) AS purchases_kept
        """,
        ids,
        accounts,
    )
    assert counted is not None
    return Foreseen(
        contact_id=found.contact.id,
        name=found.contact.name or (found.addresses[0].value if found.addresses else ""),
        counts={what: counted[what] for what in erasures.COUNTED if what in counted.keys()},  # noqa: SIM118
        elsewhere=await _elsewhere(tx, ids, found.contact.name),
    )


async def _elsewhere(tx: Tx, ids: list[int], name: str) -> int:
    """Messages in other people's conversations in which their whole name stands."""
    if " " not in name.strip():
        return 0
    return int(
        await tx.value(
            """
            SELECT count(*) FROM (
                SELECT FROM message_search s JOIN conversation v ON v.id = s.conversation_id
                WHERE s.tsv @@ phraseto_tsquery('simple', plain($2)) AND v.contact_id <> ALL($1) LIMIT $3) AS found
            """,
            ids,
            name,
            MOST,
        )
    )
