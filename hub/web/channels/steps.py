"""Whether a line really works: what must be true of it one by one, from what was tried and what has come and gone."""

from __future__ import annotations

from hub.channels import refused
from hub.channels.base import Adapter, ToCopy
from hub.channels.connections import Channel
from hub.deliveries import wording
from hub.insight import lines
from hub.insight.lines import Lately, Trial
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.web.channels.views import StepsView, StepView

TRIAL = {
    "delivered": "done",
    "read": "done",
    "sent": "done",
    "failed": "failed",
    "unknown": "failed",
    "canceled": "failed",
}


async def steps_of(
    tx: Tx, hub: Hub, channel: Channel, adapter: Adapter, copied: list[ToCopy], trial_id: int | None
) -> StepsView:
    """As it is now."""
    lately = (await lines.lately(tx)).get(channel.id, Lately(channel_id=channel.id))
    trial = await lines.trial(tx, channel.id, trial_id) if trial_id else None
    found = _tried(channel)
    if any(one.wakes for one in copied):
        found.append(await _reached(hub, channel, lately))
    found.append(_received(lately))
    if adapter.can.sends and not adapter.can.live:
        found.append(_sent(lately, trial, reports=adapter.can.delivery_reports))
    return StepsView(steps=found, tried_at=channel.tried_at)


def _tried(channel: Channel) -> list[StepView]:
    """What the adapter itself tried; what happened since on the road counts more."""
    if not channel.tried:
        words = _("Press “Try now”: the hub then signs in as it will do every day.")
        return [StepView(state="open", title=_("Not tried yet"), text=words)]
    found = [
        StepView(
            state="failed" if one["trouble"] else "done", title=_sentence(one["step"]), text=one["trouble"]
        )
        for one in channel.tried
    ]
    told = " ".join(one["trouble"] for one in channel.tried)
    since = [words for words in channel.troubles.values() if not any(part in told for part in _parts(words))]
    return [*found, *(StepView(state="failed", title=_("Since then"), text=_(words)) for words in since)]


def _parts(words: str) -> list[str]:
    return [one.partition(": ")[2] or one for one in words.split(" · ")]


def _sentence(step: str) -> str:
    return step[:1].upper() + step[1:]


async def _reached(hub: Hub, channel: Channel, lately: Lately) -> StepView:
    """Somebody called the address that was copied over there, rightly signed."""
    title = _("The other side reaches us")
    wrong = await refused.last(hub, channel.id)
    if wrong is not None and (lately.heard_at is None or wrong > lately.heard_at):
        words = _(
            "Somebody called this address, but the signature was wrong: check the token, and that the address was"
            " copied whole."
        )
        return StepView(state="failed", title=title, text=words, at=wrong)
    if lately.heard_at is None:
        return StepView(
            state="waiting", title=title, text=_("Copy the address below to the other side; this page waits.")
        )
    return StepView(state="done", title=title, at=lately.heard_at)


def _received(lately: Lately) -> StepView:
    title = _("A message comes in")
    if lately.message_at is None:
        words = _("Write or call this line from outside, as a customer would; this page waits.")
        return StepView(state="waiting", title=title, text=words)
    return StepView(state="done", title=title, at=lately.message_at)


def _sent(lately: Lately, trial: Trial | None, *, reports: bool) -> StepView:
    title = _("A message arrives")
    if trial is None:
        if lately.sent_at is not None:
            return StepView(state="done", title=title, at=lately.sent_at)
        return StepView(state="open", title=title, text=_("Send a test to yourself, below."))
    state = TRIAL.get(trial.state, "waiting")
    if reports and trial.state == "sent":
        state = "waiting"
    why = wording.words(trial.code, trial.reason) if state == "failed" else ""
    words = _("To %(address)s: %(state)s.", address=trial.recipient, state=wording.state_name(trial.state))
    link = f"/c/{trial.conversation_id}"
    return StepView(state=state, title=title, text=f"{words} {why}".strip(), link=link)
