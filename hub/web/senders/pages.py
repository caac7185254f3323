"""/admin/senders: each address campaigns leave from, what was found about it, and the record that mends it."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web
from aiohttp.web import RouteDef, get

from hub.agents.roles import may, must
from hub.campaigns import preflight
from hub.campaigns.preflight import Finding, Record, Sender
from hub.campaigns.preflight_words import CHECK_NAMES
from hub.plumbing.texts import _
from hub.web import shell
from hub.web.requests import hub_of, person_of
from hub.web.views import View

STATES = {"ok": "done", "warning": "warned", "blocking": "failed"}
ICONS = {"ok": "circle-check", "warning": "circle-alert", "blocking": "triangle-alert"}


class FoundView(View, frozen=True, kw_only=True):
    """One check. `state` is done, warned or failed."""

    name: str
    words: str
    state: str
    icon: str
    publish: Record | None


class SenderView(View, frozen=True, kw_only=True):
    """One address; `severity` is the worst of its checks, "" of one only for tests.

    `href`: its settings, "" for who may not change them.
    """

    address: str
    name: str
    href: str
    severity: str
    checks: list[FoundView]


class SendersPage(View, frozen=True, kw_only=True):
    """GET /admin/senders."""

    senders: list[SenderView]


async def show(request: web.Request) -> web.StreamResponse:
    """GET /admin/senders: asked anew each time, for whoever has just published a record."""
    me, hub = person_of(request), hub_of(request)
    must(me, "run_campaigns")
    known, findings = await preflight.asked_by(hub, me.id)
    changes = may(me, "manage_channels")
    drawn = [_drawn(one, [f for f in findings if f.address == one.address], changes) for one in known]
    return await shell.page(request, "senders/page.html", SendersPage(senders=drawn), current="campaigns")


ROUTES: list[RouteDef] = [get("/admin/senders", show)]


def _drawn(sender: Sender, findings: Sequence[Finding], changes: bool) -> SenderView:
    found = {one.severity for one in findings}
    good = "ok" if any(one.check != "reserved" for one in findings) else ""
    return SenderView(
        address=sender.address,
        name=sender.name,
        href=f"/admin/channels/{sender.channel_id}" if changes else "",
        severity="blocking" if "blocking" in found else "warning" if "warning" in found else good,
        checks=[
            FoundView(
                name=_(CHECK_NAMES[one.check]),
                words=one.words,
                state=STATES[one.severity],
                icon=ICONS[one.severity],
                publish=one.publish,
            )
            for one in sorted(findings, key=lambda one: list(STATES).index(one.severity), reverse=True)
        ],
    )
