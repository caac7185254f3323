"""All that is asked of whoever connects a line: what its kind declares, and what follows from what it can do."""

from __future__ import annotations

from hub.channels.base import Adapter, Capabilities
from hub.channels.fields import Field
from hub.plumbing.texts import N_


def fields_of(adapter: Adapter) -> tuple[Field, ...]:
    """The kind's own fields, then those of every kind that can do what it can."""
    own = {one.name for one in adapter.form}
    shared = (*_fallback(adapter.can), *_pace(adapter.can))
    return (*adapter.form, *(one for one in shared if one.name not in own))


def _fallback(can: Capabilities) -> tuple[Field, ...]:
    """What `hub/conversations/fallback_policy.py` reads."""
    if not can.sends:
        return ()
    silence = Field(
        name="fallback.after_minutes",
        label=N_("Minutes without a report"),
        help=N_("After so long without a delivery report another way is taken. 0 waits for ever."),
        type="number",
        most=100_000,
        usual=str(can.report_minutes),
        part="fallback",
    )
    return (
        Field(
            name="fallback.on",
            label=N_("Go on by another channel"),
            help=N_("An answer that cannot be delivered leaves by the next channel the customer allows."),
            type="yes",
            usual=True,
            part="fallback",
        ),
        *((silence,) if can.delivery_reports else ()),
        Field(
            name="fallback.cancel_minutes",
            label=N_("Minutes to stop it"),
            help=N_("So long an agent can keep it from going on."),
            type="number",
            most=100_000,
            usual="5",
            part="fallback",
        ),
        Field(
            name="fallback.to",
            label=N_("Only by these channels"),
            help=N_("None chosen: the best one for that customer."),
            type="channels",
            part="fallback",
        ),
    )


def _pace(can: Capabilities) -> tuple[Field, ...]:
    if not can.sends or can.live:
        return ()
    return (
        Field(
            name="per_minute",
            label=N_("Messages a minute at most"),
            help=N_("Empty: as fast as the provider takes them."),
            type="number",
            least=1,
            most=100_000,
            part="more",
        ),
        Field(
            name="connections",
            label=N_("Connections at the same time"),
            type="number",
            least=1,
            most=50,
            part="more",
        ),
    )
