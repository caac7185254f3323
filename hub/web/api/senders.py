"""Over the API: is each address campaigns leave from proven to be ours?"""

from __future__ import annotations

import msgspec

from hub.agents.roles import must
from hub.campaigns import preflight
from hub.campaigns.preflight import Record
from hub.web.api.endpoints import Call, Endpoint, Page
from hub.web.api.shapes import Ref, Shape


class FindingShape(Shape, frozen=True, kw_only=True):
    """One thing found; `publish`: the record that mends it."""

    check: preflight.Check
    code: str
    severity: preflight.Severity
    words: str
    publish: Record | None


class SenderShape(Shape, frozen=True, kw_only=True):
    """One address; `ready`: nothing found about it stops a campaign."""

    address: str
    channel: Ref
    ready: bool
    findings: list[FindingShape]


class SendersQuery(msgspec.Struct, frozen=True, kw_only=True):
    """GET /senders: of one channel, or of all."""

    channel: int | None = None


async def list_senders(call: Call) -> Page[SenderShape]:
    """Asked anew each time. Raises TooMany."""
    must(call.person, "run_campaigns")
    wanted = [call.query.channel] if call.query.channel is not None else []
    known, findings = await preflight.asked_by(call.hub, call.person.id, wanted)
    return Page(
        [
            SenderShape(
                address=one.address,
                channel=Ref(id=one.channel_id, name=one.name),
                ready=not preflight.blocks(own),
                findings=[
                    FindingShape(
                        check=found.check,
                        code=found.code,
                        severity=found.severity,
                        words=found.words,
                        publish=found.publish,
                    )
                    for found in own
                ],
            )
            for one in known
            for own in [[found for found in findings if found.address == one.address]]
        ],
        None,
    )


ENDPOINTS = [
    Endpoint(
        method="GET",
        path="/senders",
        summary="Are the addresses campaigns leave from proven to be ours",
        handler=list_senders,
        query=SendersQuery,
        answer=Page[SenderShape],
    ),
]
