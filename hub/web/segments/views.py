"""What the pages of saved audiences are told."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.campaigns.segments import Segment
from hub.web.views import View

Options = list[tuple[str, str]]


class PartView(View, frozen=True, kw_only=True):
    """One value of a row: `name` in the form; `values` are those chosen, `value` what was typed."""

    name: str
    label: str
    how: str
    value: str
    values: list[str]
    options: Options
    unit: str
    hint: str
    needed: bool


class RowView(View, frozen=True, kw_only=True):
    """One condition. `at` is its place, "0.1"; `raw` with `words`: one the builder keeps but cannot change."""

    at: str
    field: str = ""
    operator: str = ""
    operators: Options = msgspec.field(default_factory=list)
    parts: list[PartView] = msgspec.field(default_factory=list)
    error: str = ""
    raw: str = ""
    words: str = ""
    fresh: bool = False


class BuilderView(View, frozen=True, kw_only=True):
    """The rows in their groups, and the fields one can choose, by heading."""

    groups: list[list[RowView]]
    fields: list[tuple[str, Options]]


class SampleView(View, frozen=True, kw_only=True):
    """One person who fits, and in words why."""

    id: int
    name: str
    account_name: str | None
    why: list[str]


class AudienceView(View, frozen=True, kw_only=True):
    """How many fit and may be written to. `by_type`, `excluded`: words and numbers; `incomplete` rows do not count."""

    total: int
    permitted: int
    by_type: list[tuple[str, int]]
    excluded: list[tuple[str, int]]
    sample: list[SampleView]
    incomplete: int = 0
    error: str = ""


class SegmentPage(View, frozen=True, kw_only=True):
    """GET /segments/new and /segments/{id}. `looking`: an older version that is being looked at, 0 for the newest.

    `read`: the version its form has read; `theirs`: the conditions somebody else stored meanwhile, in words.
    """

    id: int
    name: str
    version: int
    read: int
    builder: BuilderView
    audience: AudienceView | None
    versions: list[VersionView] = msgspec.field(default_factory=list)
    looking: int = 0
    theirs: str = ""
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    done: str = ""


class VersionView(View, frozen=True, kw_only=True):
    """One version there was."""

    version: int
    at: datetime
    by: str


class SegmentsPage(View, frozen=True, kw_only=True):
    """GET /segments: the saved audiences, each with its conditions in words."""

    segments: list[Segment]
    words: dict[int, str]
    q: str
    more: str


class NameForm(msgspec.Struct):
    """POST /segments and /segments/{id}: `act` is a button of the builder, "" saves; `version`: what it had read."""

    name: str = ""
    act: str = ""
    version: int = 0
