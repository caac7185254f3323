"""Logs: one line an event, JSON to a file or pipe, readable on a terminal, and never a secret in either."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO
from urllib.parse import unquote, urlsplit

import structlog
from structlog.typing import Processor

from config.settings import Settings

MASK = "***"
SECRET_KEYS = re.compile(
    r"(?i)passw(or)?d|passphrase|secret|token(?!s\b)|api_?-?key|private_?-?key|authori[sz]ation|cookie"
    r"|signature|credential|dsn$|^auth$"
)
"""A field with such a name is never written, whatever it holds."""

SECRET_VALUES: list[tuple[re.Pattern[str], str]] = [
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S), MASK),
    (
        re.compile(r"([a-z][a-z0-9+.-]{0,20}://[^\s:/@'\"]{0,200}:)(?!password@)[^\s@'\"]{1,500}@", re.I),
        rf"\1{MASK}@",
    ),
    (re.compile(r"\b((?:set-)?cookie['\"]?\s*[:=]\s*['\"]?)[^\n'\"]+", re.I), rf"\1{MASK}"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.I), rf"\1 {MASK}"),
    (
        re.compile(r"\b(AUTH(?:ENTICATE)?\s+(?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER))\s+[\w+/=-]+", re.I),
        rf"\1 {MASK}",
    ),
    (re.compile(r"\b(LOGIN (?:\"[^\"]*\"|\S+)) (?:\"(?:\\.|[^\"\\])*\"|[^\s'\"]+)"), rf"\1 {MASK}"),
    (re.compile(r"(\+)[\w.=~-]{12,200}(@)"), rf"\1{MASK}\2"),
    (re.compile(r"\$argon2\w*\$[\w$=,+/.-]+"), MASK),
    (
        re.compile(
            r"((?:passw(?:or)?d|passphrase|secret|token|api_?-?key|authori[sz]ation|signature)[\w-]{0,40}"
            r"\\?['\"]?\s*[=:]\s*(?:bearer\s+|basic\s+)?b?\\?['\"]?)[^\s'\"\\,;&)}\]]+",
            re.I,
        ),
        rf"\1{MASK}",
    ),
]
"""What a secret looks like inside any text: addresses with passwords, headers, mail sign-ins, reply tokens.

Repeats are bounded: a stranger's mail can reach a log line, and must not make it slow.
"""

NOISY = ("asyncio", "aiohttp.access", "aioimaplib", "mail.log", "twilio", "arq", "charset_normalizer")
"""Libraries that write a line for every step: only their warnings are of use."""

_hidden: set[str] = set()


def configure(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Route structlog and the standard library's logging to one handler on stderr (or `stream`)."""
    hide(settings.secret, _password_in(settings.database_url), _password_in(settings.redis_url))
    stream = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.UnicodeDecoder(),
    ]
    _route_structlog(shared)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter(shared, readable=stream.isatty()))
    _route_stdlib(handler, settings.log)


def hide(*secrets: str) -> None:
    """Never write these values again, wherever they turn up (a mailbox's password once it is decrypted)."""
    _hidden.update(secret for secret in secrets if len(secret) >= 6)


def masked(text: str) -> str:
    """The text without anything that is, or looks like, a secret."""
    for secret in _hidden:
        text = text.replace(secret, MASK)
    for pattern, replacement in SECRET_VALUES:
        text = pattern.sub(replacement, text)
    return text


def _route_structlog(shared: list[Processor]) -> None:
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _formatter(shared: list[Processor], *, readable: bool) -> logging.Formatter:
    # Tracebacks are plain: pretty ones show local variables, and those hold passwords.
    if readable:
        plain = structlog.dev.plain_traceback
        render: list[Processor] = [structlog.dev.ConsoleRenderer(colors=False, exception_formatter=plain)]
    else:
        render = [
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ]
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            _mask_fields,
            *render,
            _mask_line,
        ],
    )


def _route_stdlib(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in NOISY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def _mask_fields(logger: Any, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        event[key] = _masked_value(key, value)
    return event


def _masked_value(key: str, value: Any) -> Any:
    if key != "event" and SECRET_KEYS.search(key) and not isinstance(value, bool | None):
        return MASK
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {inner: _masked_value(str(inner), what) for inner, what in value.items()}
    if isinstance(value, list | tuple | set):
        return [_masked_value("", what) for what in value]
    return value


def _mask_line(logger: Any, method: str, line: Any) -> str:
    """Once more over the finished line: tracebacks and reprs of objects are text only here."""
    return masked(str(line))


def _password_in(url: str) -> str:
    return unquote(urlsplit(url).password or "")
