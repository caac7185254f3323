"""What the pages of this room are told."""

from __future__ import annotations

import msgspec

from hub.agents.preferences import Preferences
from hub.web.views import View


class MePage(View, frozen=True, kw_only=True):
    """GET /me. `errors`: sentence by field name."""

    mine: Preferences
    email: str
    errors: dict[str, str] = msgspec.field(default_factory=dict)
