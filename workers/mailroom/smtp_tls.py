"""The certificate our mail door shows, read again when its files change: certificates are renewed while we run."""

from __future__ import annotations

import ssl
from pathlib import Path

import structlog

from config.settings import SettingError, Settings

log = structlog.get_logger(__name__)


class Certificate:
    """A certificate chain and its key, both PEM files. Raises OSError (ssl.SSLError among them) when unusable."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._read_at = self._changed_at()
        self._context = self._read()

    def context(self) -> ssl.SSLContext:
        """What the next session uses; a new pair that cannot be read leaves the old one in use."""
        try:
            changed_at = self._changed_at()
            if changed_at != self._read_at:
                self._read_at, self._context = changed_at, self._read()
        except OSError as error:
            log.error("the renewed certificate of the SMTP door cannot be read", error=str(error))
        return self._context

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._chain, self._key)
        return context

    def _changed_at(self) -> tuple[int, int]:
        return self._chain.stat().st_mtime_ns, self._key.stat().st_mtime_ns


def given(settings: Settings) -> Certificate | None:
    """The certificate of the settings, or None: then STARTTLS is not offered. Raises SettingError."""
    if not settings.smtp_cert:
        return None
    try:
        return Certificate(Path(settings.smtp_cert), Path(settings.smtp_key))
    except OSError as error:
        raise SettingError(
            f"HUB_SMTP_CERT={settings.smtp_cert!r}, HUB_SMTP_KEY={settings.smtp_key!r}: {error.strerror or error}; "
            "name a PEM chain and the unencrypted PEM key that belongs to it"
        ) from error
