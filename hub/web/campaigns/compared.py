"""A campaign beside those before it, in words."""

from __future__ import annotations

from collections.abc import Sequence

from babel.dates import format_date

from hub.campaigns import comparing
from hub.campaigns.comparing import Compared
from hub.plumbing.texts import N_, _, language
from hub.web.campaigns import charts
from hub.web.campaigns.figures_views import ComparedView, ComparisonView

MEASURES = {
    "failed": N_("Failed"),
    "answered": N_("Answered"),
    "clicked": N_("Followed a link"),
    "refused": N_("Said no to more"),
    "bought": N_("Bought"),
}


def view(found: Sequence[Compared]) -> ComparisonView:
    """The rows, and what each difference tells."""
    return ComparisonView(
        rows=[_row(one) for one in found],
        tells=[(_(MEASURES[one.measure]), one.uplift.words) for one in comparing.differences(found)],
    )


def _row(one: Compared) -> ComparedView:
    return ComparedView(
        id=one.id,
        name=one.name,
        day=format_date(one.started_at, "medium", locale=language()),
        sent=one.sent,
        failed=charts.share(one.failed),
        answered=charts.share(one.answered),
        clicked=charts.share(one.clicked) if one.clicked else "",
        refused=charts.share(one.refused),
        bought=charts.share(one.bought),
        complete=one.complete,
    )
