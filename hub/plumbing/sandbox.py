"""Wordings with blanks and conditions, written by people: compiled from a small part of Jinja, filled within limits.

What may stand in one is a list (sandbox_rules.ALLOWED): variables that were declared, `{% if %}`, `{% for %}` over
a declared list, comparisons, `and or not`, a few filters. No calls, no arithmetic, no assignments, no other
attributes, so nothing grows but by the turns of a loop, and those are counted. Jinja's own sandbox stands behind it.

A wording can be compiled for a form of writing, such as quoted-printable: `written` then turns each piece of it, the
words that stand in it once and the values each time, into that form, and the pieces are simply joined.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, lru_cache, partial
from itertools import islice
from typing import Any

import jinja2
import msgspec
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer
from markupsafe import escape

from hub.plumbing.clock import monotonic
from hub.plumbing.sandbox_rules import Checked, Misworded, not_understood, too_deep
from hub.plumbing.texts import _

MOST_SOURCE = 100_000  # characters
MOST_TURNS = 1_000  # of all loops of one filling together
MOST_OUTPUT = 300_000  # characters
MOST_VALUE = 2_000  # characters of one value
MOST_ITEMS = 200  # of one list
MOST_SECONDS = 0.8

FOUND = re.compile(r"{{\s*([a-z]+\.[a-z_][a-z0-9_]*)\s*}}")
"""A blank nobody filled, as it stands in a text."""
_UNWANTED = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_LOOKED_AT = 8  # pieces at once, for a look at the clock and at what came out
_REMEMBERED = 100  # characters of a value worth remembering: an owner's name comes a thousand times
Written = Callable[[str], str]


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """What a wording became. `missing`: the variables that were empty; each stands in the text as `{{ name }}`."""

    text: str
    missing: list[str]


class Wording(msgspec.Struct, frozen=True, kw_only=True):
    """A wording that can be filled. `variables` it uses; `bare`: those printed somewhere without a default.

    `inside`: how the template calls each variable. `most`: characters that may come out.
    """

    variables: tuple[str, ...]
    bare: tuple[str, ...]
    template: jinja2.Template
    inside: dict[str, str]
    most: int

    def fill(self, values: Mapping[str, Any]) -> Filled:
        """Put `values` in: text or list by variable name. Raises Misworded where it would become too much."""
        running = _Running()
        context: dict[str, Any] = {"_running": running}
        for name, inside in self.inside.items():
            context[inside] = _value(name, values.get(name), running)
        pieces: list[str] = []
        size = 0
        coming = self.template.root_render_func(self.template.new_context(context))
        try:
            while some := list(islice(coming, _LOOKED_AT)):
                size += sum(map(len, some))
                running.check(size, self.most)
                pieces += some
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise Misworded(_("two things are compared that cannot be.")) from error
        return Filled(text="".join(pieces), missing=list(dict.fromkeys(running.missing)))


@lru_cache(maxsize=1024)
def compiled(
    source: str, known: frozenset[str], *, html: bool = False, written: Written | None = None
) -> Wording:
    """A wording ready to be filled; `html`: values are escaped. Raises Misworded.

    `known`: `contact.name`, …; `bought.purchases.name` is a field of what a loop over `bought.purchases` gives;
    `list.*` is anything of a list.
    """
    if len(source) > MOST_SOURCE:
        raise Misworded(_("it is too long: at most %(n)s characters.", n=MOST_SOURCE))
    environment = _environment(html, written)
    try:
        tree = environment.parse(source)
        checked = Checked(known)
        checked.visit(tree, 0, {})
        _prepare(tree, checked.roots, written)
        template = jinja2.Template.from_code(environment, environment.compile(tree), {})
    except jinja2.TemplateSyntaxError as error:
        raise Misworded(not_understood(), line=error.lineno) from error
    except (RecursionError, SyntaxError, ValueError, OverflowError, MemoryError) as error:
        raise Misworded(too_deep()) from error
    return Wording(
        variables=tuple(checked.used),
        bare=tuple(checked.bare),
        template=template,
        inside={name: _inside(name) for name in checked.used},
        most=MOST_OUTPUT * (4 if written else 1),
    )


def unfilled(text: str, known: Collection[str]) -> list[str]:
    """The blanks of a finished text that nobody filled."""
    return [name for name in dict.fromkeys(FOUND.findall(text)) if name in known]


class _Running:
    """One filling: what was missing, how many turns were taken, until when."""

    def __init__(self) -> None:
        self.missing: list[str] = []
        self.turns = 0
        self.until = monotonic() + MOST_SECONDS

    def check(self, size: int = 0, most: int = MOST_OUTPUT) -> None:
        """Raises Misworded past the limits."""
        if size > most:
            raise Misworded(_("what comes out is too long: at most %(n)s characters.", n=MOST_OUTPUT))
        if monotonic() > self.until:
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


def _value(name: str, value: Any, running: _Running) -> Any:
    """A value as a template sees it: a text, a number, a list, or a Missing that tells when it is printed."""
    if isinstance(value, str) and value:
        return value[:MOST_VALUE]
    if isinstance(value, list | tuple) and value:
        return [_item(one) for one in value[:MOST_ITEMS]]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return Missing(name, running)


def _item(value: Any) -> str | Item:
    if isinstance(value, Mapping):
        return Item({str(name): str(one)[:MOST_VALUE] for name, one in value.items()})
    return str(value)[:MOST_VALUE]


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


def _turns(value: Any, running: _Running) -> Iterator[Any]:
    for one in value if isinstance(value, list) else ():
        running.turn()
        yield one


@cache
def _environment(html: bool, written: Written | None) -> ImmutableSandboxedEnvironment:
    """Without Jinja's own filters, tests and globals. Escaping is ours: it comes before `written`."""
    made = ImmutableSandboxedEnvironment(
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_printer(html, written),
    )
    made.globals.clear()
    made.tests.clear()
    made.filters.clear()
    made.filters |= {**DONE_BY, "_turns": _turns}
    return made


def _printer(html: bool, written: Written | None) -> Callable[[Any], str]:
    """What a value is on paper: a list with commas, line ends plain, nothing that cannot be stored."""

    def form(text: str) -> str:
        text = _clean(text)
        if html:
            text = str(escape(text))
        return written(text) if written else text

    remembered = lru_cache(maxsize=4096)(form)

    def printed(value: Any) -> str:
        text = ", ".join(map(str, value)) if type(value) is list else str(value)
        return remembered(text) if len(text) <= _REMEMBERED else form(text)

    return printed


def _clean(text: str) -> str:
    if _UNWANTED.search(text) is None:
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNWANTED.sub(lambda found: "\ufffd" if found[0] >= "\ud800" else "", text)


def _prepare(tree: nodes.Template, roots: Collection[str], written: Written | None) -> None:
    """The tree as it is run: loops count their turns, variables are single names, words are in their form."""
    for loop in tree.find_all(nodes.For):
        running = nodes.Name("_running", "load", lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, "_turns", [running], [], None, None, lineno=loop.lineno)
    _Named(roots).visit(tree)
    for words in tree.find_all(nodes.TemplateData):
        words.data = written(_clean(words.data)) if written else _clean(words.data)


class _Named(NodeTransformer):
    """`contact.name` becomes a name of its own, the field of a loop's item a look into that item."""

    def __init__(self, roots: Collection[str]) -> None:
        self.roots = roots

    def visit_Getattr(self, node: nodes.Getattr) -> nodes.Expr:
        """Jinja calls this one by its name."""
        root = node.node
        if isinstance(root, nodes.Name) and root.name in self.roots:
            return nodes.Name(_inside(f"{root.name}.{node.attr}"), "load", lineno=node.lineno)
        return nodes.Getitem(root, nodes.Const(node.attr, lineno=node.lineno), "load", lineno=node.lineno)


def _inside(name: str) -> str:
    """How the template calls a variable; no loop can call its item so (sandbox_rules)."""
    return "_" + name.replace(".", "__")
