"""What a wording meets while it is filled: the values as it sees them, its filters, its limits, what is printed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache, partial
from typing import Any

from markupsafe import escape

from hub.plumbing.clock import monotonic, worked
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _

MOST_TURNS = 1_000  # of all loops of one filling together
MOST_OUTPUT = 300_000  # characters
MOST_VALUE = 2_000  # characters of one value
MOST_ITEMS = 200  # of one list
MOST_SECONDS = 0.8

_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_UNWANTED_IN_HTML = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff&<>'\"]")
_REMEMBERED = 100  # characters of a value worth remembering
Written = Callable[[str], str]


class Running:
    """One filling: what was missing, how many turns were taken, until when it may run."""

    __slots__ = ("begun", "missing", "turns", "until")

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.turns = 0
        self.until = monotonic() + MOST_SECONDS / 2
        self.begun: float | None = None

    def check(self, size: int = 0, most: int = MOST_OUTPUT) -> None:
        """Raises Misworded past the limits."""
        if size > most:
            raise Misworded(_("what comes out is too long: at most %(n)s characters.", n=MOST_OUTPUT))
        if monotonic() > self.until:
            self._is_slow()

    def _is_slow(self) -> None:
        """Half its time passed; what it computes itself from here on is measured: a sleep is nobody's fault."""
        if self.begun is None:
            self.begun = worked()
        elif worked() - self.begun > MOST_SECONDS / 2:
            raise Misworded(_("it takes too long. Leave out a loop."))

    def turn(self) -> None:
        """Raises Misworded past the limits."""
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise Misworded(_("its loops turn too often: at most %(n)s times.", n=MOST_TURNS))
        self.check()


class Item(dict[str, str]):
    """One of a list whose items have fields; printed whole it is its first field."""

    def __str__(self) -> str:
        return next(iter(self.values()), "")


class Items(list[str | Item]):
    """A list as templates see it."""


def ready(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same values for several wordings: what they are made of is looked at once."""
    return {
        name: _items(one) if isinstance(one, list | tuple) and one else one for name, one in values.items()
    }


def value(name: str, value: Any, running: Running) -> Any:
    """A value as a template sees it: a text, a number, a list, or a Missing that tells when it is printed."""
    if isinstance(value, str) and value:
        return value[:MOST_VALUE]
    if isinstance(value, Items):
        return value
    if isinstance(value, list | tuple) and value:
        return _items(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return Missing(name, running)


def _items(values: list[Any] | tuple[Any, ...]) -> Items:
    return Items(_item(one) for one in values[:MOST_ITEMS])


def _item(value: Any) -> str | Item:
    if type(value) is dict or isinstance(value, Mapping):
        return Item({str(name): str(one)[:MOST_VALUE] for name, one in value.items()})
    return str(value)[:MOST_VALUE]


class Missing:
    """A variable without a value: false, like an empty text, and noted when it would be printed."""

    def __init__(self, name: str, running: Running) -> None:
        self.name, self.running = name, running

    def __bool__(self) -> bool:
        return False

    def __eq__(self, other: object) -> bool:
        return other == "" or isinstance(other, Missing)

    def __hash__(self) -> int:
        return hash("")

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __str__(self) -> str:
        self.running.missing.append(self.name)
        return "{{ " + self.name + " }}"


def _default(value: Any, otherwise: Any) -> Any:
    return value if value else otherwise


def _text_filter(change: Callable[[str], str], value: Any) -> Any:
    """A Missing stays one, so that a default behind the filter still counts."""
    return value if isinstance(value, Missing) else change(str(value)[:MOST_OUTPUT])


def _join(value: Any, between: Any) -> Any:
    """A list as one text; a text stays as it is."""
    if isinstance(value, list):
        return str(between)[:20].join(map(str, value))
    return value


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


DONE_BY: dict[str, Callable[..., Any]] = {
    "default": _default,
    "fallback": _default,
    "upper": partial(_text_filter, str.upper),
    "lower": partial(_text_filter, str.lower),
    "title": partial(_text_filter, str.title),
    "capitalize": partial(_text_filter, _first_upper),
    "trim": partial(_text_filter, str.strip),
    "join": _join,
}


def turns(value: Any, running: Running) -> Iterator[Any]:
    """The items of a list, each turn counted; nothing of what is no list."""
    for one in value if isinstance(value, list) else ():
        running.turn()
        yield one


def printer(html: bool, written: Written | None) -> Callable[[Any], str]:
    """What a value is on paper: a list with commas, line ends plain, nothing that cannot be stored."""

    unwanted = _UNWANTED_IN_HTML if html else _UNWANTED
    short, long = (_remembered(written), written) if written else (str, str)

    def printed(value: Any) -> str:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if unwanted.search(text) is not None:
            text = clean(text)
            if html:
                text = str(escape(text))
        return short(text) if len(text) <= _REMEMBERED else long(text)

    return printed


@cache
def _remembered(written: Written) -> Written:
    """What stands in a text often stands in the HTML beside it, and an owner's name in a thousand of them."""
    return lru_cache(maxsize=4096)(written)


def clean(text: str) -> str:
    """Line ends plain, no control character, no lone surrogate."""
    if _UNWANTED.search(text) is None:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub(lambda found: "\ufffd" if found[0] >= "\ud800" else "", text)
