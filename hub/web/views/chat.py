"""The frame a visitor sees inside somebody else's page."""

from __future__ import annotations

from typing import Any

from hub.web.views.frame import View


class ChatFrame(View, frozen=True, kw_only=True):
    """GET /widget/{key}. `told`: what the script needs, texts included; nothing of it is secret."""

    title: str
    greeting: str
    told: dict[str, Any]
