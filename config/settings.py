"""Every setting of the hub: one frozen struct, read once from the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints
from urllib.parse import urlsplit

import msgspec
from msgspec import field

from config.name_server import name_server

LOG_LEVELS = ("debug", "info", "warning", "error")


class Help(str):
    """What config/example.env says of a setting."""


class SettingError(ValueError):
    """A setting is wrong; the text is one line that names it, its value and what is allowed."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may set; `read()` makes one from the environment and checks it."""

    host: Annotated[str, Help("Address the web server listens on.")] = field(
        default="127.0.0.1", name="HUB_HOST"
    )
    port: Annotated[int, Help("Port the web server listens on, 1-65535.")] = field(
        default=8080, name="HUB_PORT"
    )
    data: Annotated[
        Path, Help("Folder for the embedded databases, files, logs and the generated secret.")
    ] = field(default=Path("var"), name="HUB_DATA")
    database_url: Annotated[
        str, Help("PostgreSQL 15 or newer; empty starts the embedded PostgreSQL 18 under HUB_DATA.")
    ] = field(default="", name="DATABASE_URL")
    redis_url: Annotated[str, Help("Valkey or Redis; empty starts the embedded Valkey.")] = field(
        default="", name="REDIS_URL"
    )
    secret: Annotated[
        str,
        Help(
            "At least 32 characters; signs links, encrypts stored secrets. Empty keeps one in HUB_DATA/secret."
        ),
    ] = field(default="", name="HUB_SECRET")
    public_url: Annotated[
        str, Help("The address people and providers reach the hub at; empty means http://HOST:PORT.")
    ] = field(default="", name="HUB_PUBLIC_URL")
    smtp_port: Annotated[
        int, Help("Port of the hub's own SMTP/LMTP door for inbound mail; 0 switches it off.")
    ] = field(default=2525, name="HUB_SMTP_PORT")
    smtp_cert: Annotated[
        str, Help("Certificate chain (PEM file) of the SMTP door; with HUB_SMTP_KEY it offers STARTTLS.")
    ] = field(default="", name="HUB_SMTP_CERT")
    smtp_key: Annotated[str, Help("Private key (PEM file) that belongs to HUB_SMTP_CERT.")] = field(
        default="", name="HUB_SMTP_KEY"
    )
    demo: Annotated[bool, Help("1 loads the demo company, the lab and the one-click logins.")] = field(
        default=False, name="HUB_DEMO"
    )
    log: Annotated[str, Help("How much is logged: debug, info, warning or error.")] = field(
        default="info", name="HUB_LOG"
    )
    dns: Annotated[
        str,
        Help("Name server (address or address:port) that checks of sender domains ask; empty: the system's."),
    ] = field(default="", name="HUB_DNS")
    trusted_proxies: Annotated[
        str, Help("Networks (CIDR, separated by commas) whose X-Forwarded-* headers are believed.")
    ] = field(default="", name="HUB_TRUSTED_PROXIES")

    @property
    def base_url(self) -> str:
        """Where people reach us, without a trailing slash."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def mail_domain(self) -> str:
        """The domain our Message-IDs carry."""
        return urlsplit(self.base_url).hostname or "localhost"


class SettingDoc(msgspec.Struct, frozen=True):
    """One setting as config/example.env and the docs show it."""

    field: str
    variable: str
    help: str
    default: str


def described() -> list[SettingDoc]:
    """All settings in order, with their variable, default and help."""
    hints = get_type_hints(Settings, include_extras=True)
    return [
        SettingDoc(
            known.name,
            known.encode_name,
            get_args(hints[known.name])[1],
            str(int(known.default)) if isinstance(known.default, bool) else str(known.default),
        )
        for known in msgspec.structs.fields(Settings)
    ]


def read(environ: Mapping[str, str] | None = None) -> Settings:
    """Settings from the environment.

    Raises SettingError naming the variable, its value and what is allowed.
    """
    environ = os.environ if environ is None else environ
    types = get_type_hints(Settings)
    given: dict[str, Any] = {}
    for doc in described():
        text = environ.get(doc.variable, "").strip()
        if text:
            given[doc.field] = _understood(doc.variable, text, types[doc.field])
    settings = Settings(**given)
    _check(settings)
    return msgspec.structs.replace(settings, secret=settings.secret or _kept_secret(settings.data))


def _understood(variable: str, text: str, wanted: type) -> Any:
    if wanted is bool:
        if text not in ("0", "1"):
            raise SettingError(f"{variable}={text!r}: use 0 or 1")
        return text == "1"
    if wanted is int:
        if not text.isascii() or not text.isdigit():
            raise SettingError(f"{variable}={text!r}: use a whole number")
        return int(text)
    return wanted(text)


def _check(settings: Settings) -> None:
    if not 1 <= settings.port <= 65535:
        raise SettingError(f"HUB_PORT={settings.port}: use a port from 1 to 65535")
    if not 0 <= settings.smtp_port <= 65535:
        raise SettingError(f"HUB_SMTP_PORT={settings.smtp_port}: use a port from 1 to 65535, or 0 for off")
    if bool(settings.smtp_cert) != bool(settings.smtp_key):
        raise SettingError("HUB_SMTP_CERT and HUB_SMTP_KEY belong together: set both, or neither")
    if settings.log not in LOG_LEVELS:
        raise SettingError(f"HUB_LOG={settings.log!r}: use one of {', '.join(LOG_LEVELS)}")
    if settings.secret and len(settings.secret) < 32:
        raise SettingError("HUB_SECRET is shorter than 32 characters: use a longer random one")
    if settings.database_url and urlsplit(settings.database_url).scheme not in ("postgres", "postgresql"):
        raise SettingError("DATABASE_URL: use postgresql://user:password@host:port/name")
    if settings.redis_url and urlsplit(settings.redis_url).scheme not in ("redis", "rediss", "unix"):
        raise SettingError("REDIS_URL: use redis://host:port/0")
    if settings.dns:
        try:
            name_server(settings.dns)
        except ValueError as error:
            raise SettingError(
                f"HUB_DNS={settings.dns!r}: use an address such as 9.9.9.9 or 127.0.0.1:5353"
            ) from error
    if settings.public_url and urlsplit(settings.public_url).scheme not in ("http", "https"):
        raise SettingError(f"HUB_PUBLIC_URL={settings.public_url!r}: use http://… or https://…")


def _kept_secret(data: Path) -> str:
    """The secret kept in HUB_DATA/secret, made on first use with owner-only rights."""
    path = data / "secret"
    try:
        data.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    except OSError as error:
        raise SettingError(f"HUB_DATA={str(data)!r}: cannot write there ({error.strerror})") from error
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_urlsafe(48))
    return path.read_text().strip()
