"""What may stand in a wording: the walk over its syntax tree that refuses everything else, in words for people."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Mapping

from jinja2 import nodes

from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

MOST_PARTS = 2_500  # nodes of the syntax tree: compiling takes about 50 µs each
MOST_DEPTH = 24

ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Const, nodes.Name, nodes.Getattr),
    *(nodes.If, nodes.For, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Concat, nodes.Filter),
)
NO_VALUE = ("default", "fallback")
Own = Mapping[str, frozenset[str]]
"""The items loops gave, by name, with their fields."""
FILTERS = ("default", "fallback", "upper", "lower", "title", "capitalize", "trim", "join")


class Misworded(BadInput):
    """A wording that cannot be used: which line (from 1), what is wrong there, what to write instead."""

    code = "misworded"

    def __init__(self, message: str, *, line: int = 1, field: str = "") -> None:
        super().__init__(_("Line %(line)s: %(problem)s", line=line, problem=message), field=field)
        self.line = line
        self.problem = message


class Checked:
    """Walks a syntax tree, refuses what is not allowed, and notes the variables."""

    def __init__(self, known: frozenset[str]) -> None:
        self.known = known
        self.roots = frozenset(one.partition(".")[0] for one in known)
        self.used: dict[str, None] = {}
        self.bare: dict[str, None] = {}
        self.parts = 0

    def visit(self, node: nodes.Node, depth: int, own: Own, *, printed: bool = False) -> None:
        """Check `node` and what is in it. `own`: what loops gave, with its fields; `printed`: it goes into the text."""
        self.parts += 1
        if depth > MOST_DEPTH:
            raise Misworded(too_deep(), line=node.lineno)
        if self.parts > MOST_PARTS:
            raise Misworded(_("there are too many variables and conditions in it."), line=node.lineno)
        if not isinstance(node, ALLOWED):
            raise Misworded(_forbidden(node), line=node.lineno)
        if isinstance(node, nodes.Getattr | nodes.Name):
            self._variable(node, own, printed)
        elif isinstance(node, nodes.Filter):
            self._filter(node, depth, own, printed)
        elif isinstance(node, nodes.For):
            self._loop(node, depth, own)
        else:
            for name, inner in _inside(node):
                self.visit(inner, depth + 1, own, printed=_prints(node, name, printed))

    def _variable(self, node: nodes.Getattr | nodes.Name, own: Own, printed: bool) -> None:
        name = _name(node)
        item, _dot, field = name.partition(".")
        if item in own and (field in own[item] if field else isinstance(node, nodes.Name)):
            return
        if not self._is_known(name):
            raise Misworded(_unknown(name, self.known), line=node.lineno)
        self.used[name] = None
        if printed:
            self.bare[name] = None

    def _is_known(self, name: str) -> bool:
        root, dot, rest = name.partition(".")
        if not dot or "." in rest or rest.startswith("_"):
            return False
        return name in self.known or f"{root}.*" in self.known

    def _filter(self, node: nodes.Filter, depth: int, own: Own, printed: bool) -> None:
        if node.name not in FILTERS:
            said = _(
                "there is no filter “%(name)s”. Use one of: %(known)s.",
                name=node.name,
                known=", ".join(FILTERS),
            )
            raise Misworded(said, line=node.lineno)
        wrong = node.kwargs or node.dyn_args or node.dyn_kwargs or len(node.args) > 1
        if wrong or node.node is None or bool(node.args) != (node.name in (*NO_VALUE, "join")):
            raise Misworded(_('write it like {{ contact.first_name|default("friend") }}.'), line=node.lineno)
        self.visit(node.node, depth + 1, own, printed=printed and node.name not in NO_VALUE)
        for inner in node.args:
            self.visit(inner, depth + 1, own, printed=printed)

    def _loop(self, node: nodes.For, depth: int, own: Own) -> None:
        item = _name(node.target)
        simple = isinstance(node.target, nodes.Name) and not node.recursive and not item.startswith("_")
        if not simple or item in self.roots:
            raise Misworded(_("write the loop like {% for domain in account.domains %}."), line=node.lineno)
        if not isinstance(node.iter, nodes.Getattr) or not self._is_known(_name(node.iter)):
            raise Misworded(_("a loop goes over a list there is, such as account.domains."), line=node.lineno)
        self.visit(node.iter, depth + 1, own)
        inner = {**own, item: self._fields(_name(node.iter))}
        if node.test is not None:
            self.visit(node.test, depth + 1, inner)
        for part in node.body:
            self.visit(part, depth + 1, inner)
        for part in node.else_:
            self.visit(part, depth + 1, own)

    def _fields(self, name: str) -> frozenset[str]:
        """What an item of this list has; nothing where it is a text."""
        before = f"{name}."
        return frozenset(one.removeprefix(before) for one in self.known if one.startswith(before))


def _inside(node: nodes.Node) -> Iterator[tuple[str, nodes.Node]]:
    for name, value in node.iter_fields():
        for one in value if isinstance(value, list) else (value,):
            if isinstance(one, nodes.Node):
                yield name, one


def _prints(node: nodes.Node, field: str, printed: bool) -> bool:
    if isinstance(node, nodes.Output):
        return True
    if isinstance(node, nodes.CondExpr):
        return printed and field != "test"
    return printed and isinstance(node, nodes.Concat)


def _name(node: nodes.Node) -> str:
    if isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name):
        return f"{node.node.name}.{node.attr}"
    return node.name if isinstance(node, nodes.Name) else "…"


def _unknown(name: str, known: Collection[str]) -> str:
    named = sorted(one for one in known if one.count(".") == 1 and not one.endswith("*"))
    alike = difflib.get_close_matches(name[:80], named, n=1) or named[:1]
    return _(
        "there is no variable “%(name)s”. Did you mean %(known)s?", name=name[:80], known=", ".join(alike)
    )


def _forbidden(node: nodes.Node) -> str:
    if isinstance(node, nodes.Call | nodes.CallBlock | nodes.Macro):
        return _("nothing can be called in here. Write a variable, such as {{ contact.name }}.")
    if isinstance(node, nodes.BinExpr | nodes.UnaryExpr):
        return _("nothing can be calculated in here. Write a variable, such as {{ contact.name }}.")
    return not_understood()


def not_understood() -> str:
    """What is said of something that is no wording at all."""
    return _("this is not understood. Write {{ contact.name }} or {% if contact.phone %} … {% endif %}.")


def too_deep() -> str:
    """What is said of something too intricate to be read."""
    return _("too much stands inside one another here. Write it in simpler parts.")
