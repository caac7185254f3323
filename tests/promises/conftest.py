"""The served application, for promises about the web."""

from __future__ import annotations

from tests.web.conftest import desk, site

__all__ = ["desk", "site"]
