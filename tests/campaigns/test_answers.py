"""Deciding who answers a campaign: proof before guess, machines never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.campaigns import answers
from hub.campaigns.answers import Known, Written
from hub.campaigns.wording import Texts
from hub.channels.base import Capabilities
from hub.channels.facts import MessageReceived, Party
from hub.channels.registry import adapter
from hub.customers.resolving import Sender

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SMS, MAIL, CHAT = (adapter(kind).can for kind in ("sms", "email", "webchat"))


def sent(id_: int, *, days: float = 1, **more: Any) -> Written:
    told = {
        "id": id_,
        "campaign_id": id_,
        "campaign_name": "Spring",
        "step": 1,
        "stops": ["reply"],
        "root_id": 7,
        "contact_id": 7,
        "address_id": 70,
        "type": "phone",
        "value": "+34600000001",
        "channel_id": 3,
        "channel_address": "+34910000000",
        "sender_id": 5,
        "sender_name": "Luis",
        "header": f"{id_}@hub.test",
        "provider_id": f"SM{id_}",
        "sent_at": NOW - timedelta(days=days),
        "texts": Texts(text="Hello"),
        "own": None,
        "variables": {},
        "conversation_id": None,
        "message_id": None,
        "answered_at": None,
        "probable_at": None,
    }
    return Written(**(told | more))


def known(*rows: Written) -> Known:
    newest = sorted(rows, key=lambda one: one.sent_at, reverse=True)
    return answers.known({"written": newest}, {"tok": 2}, [])


def sender(**more: Any) -> Sender:
    told = {
        "address_id": 70,
        "type": "phone",
        "value": "+34600000001",
        "verified": True,
        "shared": False,
        "contact_id": 7,
        "root_id": 7,
        "name": "Jorge",
        "language": "es",
        "account_id": None,
        "standing": "",
    }
    return Sender(**(told | more))


def said(**more: Any) -> MessageReceived:
    return MessageReceived(sender=Party("+34600000001"), text="Yes", **more)


def proven(
    those: Known, fact: MessageReceived, can: Capabilities = SMS, *, channel: int = 3, **more: Any
) -> int | None:
    who = more.pop("who", sender())
    found = answers.proven(
        those, fact, who, channel_id=channel, can=can, last_said=more.get("last_said"), now=NOW
    )
    return found.id if found else None


@pytest.mark.parametrize(
    ("fact", "can", "more", "found"),
    [
        (said(), SMS, {}, 1),  # on the line on which they were written to, the newest counts
        (said(), SMS, {"channel": 4}, None),
        (said(), SMS, {"who": sender(address_id=71)}, None),
        (said(), SMS, {"last_said": NOW - timedelta(hours=1)}, None),  # somebody spoke there since
        (said(), SMS, {"last_said": NOW - timedelta(days=3)}, 1),
        (said(), MAIL, {}, None),  # mails name what they answer
        (said(), CHAT, {}, None),
        (said(in_reply_to="2@hub.test"), MAIL, {"channel": 9}, 2),
        (said(references=("2@hub.test", "x@y.test")), MAIL, {}, 2),
        (said(in_reply_to="SM2"), SMS, {}, 2),
        (said(proof="tok"), MAIL, {"who": sender(root_id=8)}, 2),
        (said(proof="forged"), MAIL, {}, None),
        (said(proof="tok", new_matter=True), MAIL, {}, None),
    ],
)
def test_what_is_answered_is_known_by_proof(
    fact: MessageReceived, can: Capabilities, more: dict[str, Any], found: int | None
) -> None:
    assert proven(known(sent(1), sent(2, days=2)), fact, can, **more) == found


def test_on_a_short_line_it_is_too_late_after_a_fortnight() -> None:
    assert proven(known(sent(1, days=13.9)), said()) == 1
    assert proven(known(sent(1, days=14.1)), said()) is None


def test_who_comes_within_a_week_has_probably_answered_the_others() -> None:
    first, second, old = sent(1), sent(2, days=6.9), sent(3, days=7.1)
    those = known(first, second, old)
    answers.note(those, first, said(), sender(), NOW)
    assert (first.answered_at, first.probable_at) == (NOW, None)
    assert (second.answered_at, second.probable_at) == (None, NOW)
    assert not old.changed


@pytest.mark.parametrize("machine", [{"automatic": True}, {"bulk": True}])
def test_a_machine_answers_nothing(machine: dict[str, bool]) -> None:
    one = sent(1)
    answers.note(known(one), one, said(**machine), sender(), NOW)
    assert not one.changed


def test_the_first_answer_stays_the_first() -> None:
    one = sent(1, answered_at=NOW - timedelta(hours=2))
    answers.note(known(one), one, said(), sender(), NOW)
    assert (one.answered_at, one.changed) == (NOW - timedelta(hours=2), False)
