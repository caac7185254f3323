"""Promise 43: headers from outside set nothing: no owner, priority, tag, copy or proof."""

from __future__ import annotations

from hub.plumbing.hub import Hub
from tests.deliveries.road import answer
from tests.mails import mail
from tests.promises.arriving import arriving, believing, conversation, message
from tests.world import World

TRUSTED_ELSEWHERE = "\r\n".join(
    [
        "X-Priority: 1 (Highest)",
        "Priority: urgent",
        "Importance: high",
        "X-Dialogo-Priority: urgent",
        "X-Dialogo-Owner: luis@dialogo.test",
        "X-Dialogo-Tags: vip, refund",
        "X-Dialogo-State: closed",
        "X-Zammad-Ticket-Priority: 3 high",
        "X-Zammad-Ticket-Owner: luis@dialogo.test",
        "X-RT-Ticket: 1",
        "X-OTRS-Queue: Legal",
        "X-Queue: Legal",
        "X-Team: Legal",
        "X-Tags: vip",
        "X-Assign: luis",
        "X-Cc: eve@evil.test",
        "X-Sender: luis@dialogo.test",
        "X-Verified: true",
        "X-Spam-Flag: YES",
        "X-Original-To: legal@dialogo.test",
        "X-Original-From: eve@evil.test",
        "Authentication-Results: mx.evil.test; dmarc=pass header.from=acme.test",
        "ARC-Authentication-Results: i=1; mx.dialogo.test; dmarc=pass header.from=acme.test",
        "X-Authentication-Results: mx.dialogo.test; dmarc=pass header.from=acme.test",
        "Received-SPF: pass",
        "DKIM-Signature: v=1; d=acme.test; b=AAAA",
    ]
)
DECIDED = (
    "assignee_id team_id covering_for_id priority tags state contact_id account_id channel_id language reason"
)


async def test_promise_43_outside_headers_set_nothing(hub: Hub, world: World) -> None:
    """The same mail with and without them ends the same."""
    async with arriving(hub, believing(world.mail)) as arrive:
        plain = await arrive(mail("Marta <marta@acme.test>"))
        dressed = await arrive(mail("Marta <marta@acme.test>", extra=TRUSTED_ELSEWHERE))
    one, two = await conversation(hub, plain), await conversation(hub, dressed)
    for name in DECIDED.split():
        assert one[name] == two[name], name
    assert one["id"] != two["id"]
    told = await message(hub, dressed)
    assert (told["verified"], told["automatic"], told["sender"]["address"]) == (
        False,
        False,
        "marta@acme.test",
    )
    done = await answer(hub, world, dressed.conversation_id)
    assert [one.recipient for one in done.deliveries] == ["marta@acme.test"]


async def test_without_a_server_of_ours_nobody_is_believed(hub: Hub, world: World) -> None:
    """The line names no server: whatever an Authentication-Results header calls itself, it came with the mail."""
    names = ("mx.dialogo.test", "dialogo.test", "localhost", "", "hub.test")
    async with arriving(hub, world.mail) as arrive:
        for name in names:
            header = f"Authentication-Results: {name}; dmarc=pass header.from=acme.test"
            outcome = await arrive(mail("Marta <marta@acme.test>", f"Asunto {name}", extra=header))
            assert not (await message(hub, outcome))["verified"], name
