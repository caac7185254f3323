"""Every text a person sees, in their language: catalogues are compiled from .po files in memory at start.

English is the language of the msgids, so `en` is complete by construction. The language of the person we are
answering lives in a context variable; `speaking(language)` sets it for a block.
"""

from __future__ import annotations

import gettext as gnu
import io
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LANGUAGES = {"es": "Español", "en": "English"}
DEFAULT = "es"
FOLDER = Path(__file__).parent.parent / "locale"

_current: ContextVar[str] = ContextVar("language", default="en")


def _(message: str, **values: object) -> str:
    """`message` in the current language; `%(name)s` placeholders are filled from `values`."""
    return (
        texts(_current.get()).gettext(message) % values if values else texts(_current.get()).gettext(message)
    )


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    """The form that fits `n`, in the current language; `%(n)s` and other placeholders are filled."""
    return texts(_current.get()).ngettext(singular, plural, n) % {"n": n, **values}


def N_(message: str) -> str:
    """Mark a text for translation where it is written; it is translated where it is shown."""
    return message


def language() -> str:
    """The language being spoken now: a key of LANGUAGES."""
    return _current.get()


@contextmanager
def speaking(wanted: str) -> Iterator[None]:
    """Speak `wanted` inside the block; an unknown language falls back to English."""
    token = _current.set(wanted if wanted in LANGUAGES else "en")
    try:
        yield
    finally:
        _current.reset(token)


def best_language(accept: str) -> str:
    """The first language of an Accept-Language header that we speak, else DEFAULT; weights are not read."""
    for part in accept.lower().split(","):
        short = part.split(";")[0].strip().split("-")[0]
        if short in LANGUAGES:
            return short
    return DEFAULT


@cache
def texts(wanted: str) -> gnu.NullTranslations:
    """The compiled translations of one language; English and unknown languages show the msgids."""
    catalog = catalogue(wanted)
    if not len(catalog):
        return gnu.NullTranslations()
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gnu.GNUTranslations(compiled)


def catalogue(wanted: str) -> Catalog:
    """All messages of one language, its .po files (one a room) merged; the first file in the alphabet wins."""
    merged = Catalog(locale=wanted if wanted in LANGUAGES else "en", charset="utf-8")
    for path in parts(wanted):
        with path.open("rb") as file:
            for message in read_po(file, locale=wanted, abort_invalid=True):
                if message.id and merged.get(message.id, context=message.context) is None:
                    merged.add(message.id, message.string, context=message.context, flags=message.flags)
    return merged


def parts(wanted: str) -> list[Path]:
    """The .po files of a language, sorted; none for English and for languages we do not speak."""
    return sorted((FOLDER / wanted).glob("*.po")) if wanted in LANGUAGES else []
