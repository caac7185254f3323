"""Wordings with blanks and conditions, written by people: compiled from a small part of Jinja, filled within limits.

What may stand in one is a list (sandbox_rules.ALLOWED): variables that were declared, `{% if %}`, `{% for %}` over
a declared list, comparisons, `and or not`, a few filters. No calls, no arithmetic, no assignments, no other
attributes, so nothing grows but by the turns of a loop, and those are counted. Jinja's own sandbox stands behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, lru_cache, partial
from typing import Any

import jinja2
import msgspec
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from hub.plumbing.clock import monotonic
from hub.plumbing.sandbox_rules import Checked, Misworded, not_understood, too_deep
from hub.plumbing.texts import _

MOST_SOURCE = 100_000  # characters
MOST_TURNS = 1_000  # of all loops of one filling together
MOST_OUTPUT = 300_000  # characters
MOST_VALUE = 2_000  # characters of one value
MOST_ITEMS = 200  # of one list
MOST_SECONDS = 0.8

FOUND = re.compile(r"{{\s*([a-z]+\.[a-z_]+)\s*}}")
"""A blank nobody filled, as it stands in a text."""


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What a wording became. `missing`: the variables that were empty; each stands in the text as `{{ name }}`."""

    text: str
    missing: list[str]


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A wording that can be filled. `variables` it uses; `bare`: those printed somewhere without a default."""

    variables: tuple[str, ...]
    bare: tuple[str, ...]
    template: jinja2.Template

    def fill(self, values: Mapping[str, Any]) -> Filled:
        """Put `values` in: text or list by variable name. Raises Misworded where it would become too much."""
        running = _Running()
        given = {name: _Value(name, values.get(name), running) for name in self.variables}
        context: dict[str, Any] = {"_running": running}
        for name, value in given.items():
            root, _dot, rest = name.partition(".")
            context.setdefault(root, {})[rest] = value.plain
        pieces: list[str] = []
        size = 0
        try:
            for piece in self.template.generate(context):
                size += len(piece)
                running.check(size)
                pieces.append(piece)
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise Misworded(_("two things are compared that cannot be.")) from error
        text = "".join(pieces).replace("\0", "").encode("utf-8", "replace").decode()
        return Filled(text=text, missing=list(dict.fromkeys(running.missing)))


@lru_cache(maxsize=1024)
def compiled(source: str, known: frozenset[str], *, html: bool = False) -> Wording:
    """A wording ready to be filled; `html`: values are escaped. `known`: `contact.name`, … Raises Misworded."""
    if len(source) > MOST_SOURCE:
        raise Misworded(_("it is too long: at most %(n)s characters.", n=MOST_SOURCE))
    environment = _environment(html)
    try:
        tree = environment.parse(source)
        checked = Checked(known)
        checked.visit(tree, 0, frozenset())
        _count_turns(tree)
        template = jinja2.Template.from_code(environment, environment.compile(tree), {})
    except jinja2.TemplateSyntaxError as error:
        raise Misworded(not_understood(), line=error.lineno) from error
    except (RecursionError, SyntaxError, ValueError, OverflowError, MemoryError) as error:
        raise Misworded(too_deep()) from error
    return Wording(variables=tuple(checked.used), bare=tuple(checked.bare), template=template)


def unfilled(text: str, known: Collection[str]) -> list[str]:
    """The blanks of a finished text that nobody filled."""
    return [name for name in dict.fromkeys(FOUND.findall(text)) if name in known]


class _Running:
    """One filling: what was missing, how many turns were taken, until when."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.turns = 0
        self.until = monotonic() + MOST_SECONDS

    def check(self, size: int) -> None:
        """Raises Misworded past the limits."""
        if size > MOST_OUTPUT:
            raise Misworded(_("what comes out is too long: at most %(n)s characters.", n=MOST_OUTPUT))
        if monotonic() > self.until:
            raise Misworded(_("it takes too long. Leave out a loop."))

    def turn(self) -> None:
        """Raises Misworded past the limits."""
        self.turns += 1
        if self.turns > MOST_TURNS:
            raise Misworded(_("its loops turn too often: at most %(n)s times.", n=MOST_TURNS))
        self.check(0)


class _Value:
    """A value as a template sees it: a text, a list of texts, or a Missing that tells when it is printed."""

    def __init__(self, name: str, value: Any, running: _Running) -> None:
        self.plain: Any = Missing(name, running)
        if isinstance(value, list | tuple) and value:
            self.plain = [str(one)[:MOST_VALUE] for one in value[:MOST_ITEMS]]
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self.plain = value
        elif value and not isinstance(value, list | tuple):
            self.plain = str(value)[:MOST_VALUE]


class Missing:
    """A variable without a value: false, like an empty text, and noted when it would be printed."""

    def __init__(self, name: str, running: _Running) -> None:
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
        return str(between)[:20].join(value)
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


def _turns(value: Any, running: _Running) -> Iterator[Any]:
    for one in value if isinstance(value, list) else ():
        running.turn()
        yield one


@cache
def _environment(html: bool) -> ImmutableSandboxedEnvironment:
    """Without Jinja's own filters, tests and globals."""
    made = ImmutableSandboxedEnvironment(
        autoescape=html, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, finalize=_printed
    )
    made.globals.clear()
    made.tests.clear()
    made.filters.clear()
    made.filters |= {**DONE_BY, "_turns": _turns}
    return made


def _printed(value: Any) -> Any:
    """What a value is on paper: a list with commas."""
    if isinstance(value, list):
        return ", ".join(value)
    return Markup(escape(str(value))) if isinstance(value, Missing) else value


def _count_turns(tree: nodes.Template) -> None:
    """Each loop goes over a list that counts its turns."""
    for loop in tree.find_all(nodes.For):
        running = nodes.Name("_running", "load", lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, "_turns", [running], [], None, None, lineno=loop.lineno)
