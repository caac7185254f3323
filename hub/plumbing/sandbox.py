"""Wordings with blanks and conditions, written by people: compiled from a small part of Jinja, filled within limits.

What may stand in one is a list (sandbox_rules.ALLOWED): variables that were declared, `{% if %}`, `{% for %}` over
a declared list, comparisons, `and or not`, a few filters. No calls, no arithmetic, no assignments, no other
attributes, so nothing grows but by the turns of a loop, and those are counted. Jinja's own sandbox stands behind it.

A wording can be compiled for a form of writing, such as quoted-printable: `written` then turns each piece of it, the
words that stand in it once and the values each time, into that form, and the pieces are simply joined.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from functools import cache, lru_cache
from itertools import islice
from typing import Any, cast

import jinja2
import msgspec
from jinja2 import nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from hub.plumbing.sandbox_rules import Checked, Misworded, not_understood, too_deep
from hub.plumbing.sandbox_values import DONE_BY, MOST_OUTPUT, Running, Written, clean, printer, turns, value
from hub.plumbing.texts import _

MOST_SOURCE = 100_000  # characters

FOUND = re.compile(r"{{\s*([a-z]+\.[a-z_][a-z0-9_]*)\s*}}")
"""A blank nobody filled, as it stands in a text."""
_LOOKED_AT = 16  # pieces at once, for a look at the clock and at what came out


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
        pieces, missing = self.pieces(values)
        return Filled(text="".join(pieces), missing=missing)

    def pieces(self, values: Mapping[str, Any]) -> tuple[list[str], list[str]]:
        """The same in pieces, and what is missing: the words that stand in it are always the same few strings."""
        running = Running()
        given: dict[str, Any] = {"_running": running}
        for name, inside in self.inside.items():
            given[inside] = value(name, values.get(name), running)
        pieces: list[str] = []
        size = 0
        coming = self.template.root_render_func(cast(Any, _Given(given)))
        try:
            while some := list(islice(coming, _LOOKED_AT)):
                size += sum(map(len, some))
                running.check(size, self.most)
                pieces += some
        except (jinja2.TemplateError, TypeError, ValueError) as error:
            raise Misworded(_("two things are compared that cannot be.")) from error
        return pieces, list(dict.fromkeys(running.missing))


class _Given:
    """What a template asks its context for. Jinja's own one is a dozen objects more for each filling."""

    __slots__ = ("resolve_or_missing",)

    def __init__(self, values: dict[str, Any]) -> None:
        self.resolve_or_missing = values.__getitem__


ALONE = re.compile(r"^[ \t]*((?:{%(?:(?!%})[^\n])*%}[ \t]*)+)\n", re.MULTILINE)
"""A line that holds nothing but tags."""


def _within(line: re.Match[str]) -> str:
    """Its line end goes into the tag, so that the line is not there, and errors still name the right one.

    Jinja's own trim_blocks would take the line end behind every tag, also behind one in the middle of a text.
    """
    tags = line[1].rstrip()
    return line[0] if tags[-3] in "-+" else f"{tags[:-2]}\n%}}"


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
        tree = environment.parse(ALONE.sub(_within, source))
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


@cache
def _environment(html: bool, written: Written | None) -> ImmutableSandboxedEnvironment:
    """Without Jinja's own filters, tests and globals. Escaping is ours: it comes before `written`."""
    made = ImmutableSandboxedEnvironment(
        autoescape=False, keep_trailing_newline=True, finalize=printer(html, written)
    )
    made.globals.clear()
    made.tests.clear()
    made.filters.clear()
    made.filters |= {**DONE_BY, "_turns": turns}
    return made


def _prepare(tree: nodes.Template, roots: Collection[str], written: Written | None) -> None:
    """The tree as it is run: loops count their turns, variables are single names, words are in their form."""
    for loop in tree.find_all(nodes.For):
        running = nodes.Name("_running", "load", lineno=loop.lineno)
        loop.iter = nodes.Filter(loop.iter, "_turns", [running], [], None, None, lineno=loop.lineno)
    _Named(roots).visit(tree)
    for words in tree.find_all(nodes.TemplateData):
        words.data = written(clean(words.data)) if written else clean(words.data)


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
