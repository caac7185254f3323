"""YAML as text, kept harmless: everything is text or true or false, no aliases, no doubles, every line known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import yaml

from hub.plumbing.texts import _
from hub.routing import document
from hub.routing.problems import BadRules, Path, Problem, Problems
from hub.routing.rules import AnyRow

MOST_CHARACTERS = 256_000
DEEPEST = 12


class Parsed(msgspec.Struct, frozen=True):
    """Rows, and in which line each part of them stands."""

    rows: tuple[AnyRow, ...]
    lines: dict[Path, int]


def read(text: str) -> tuple[AnyRow, ...]:
    """Rows from YAML. Raises BadRules with every mistake and its line."""
    return parse(text).rows


def parse(text: str) -> Parsed:
    """Rows and their lines, for mistakes that only show later. Raises BadRules."""
    if len(text) > MOST_CHARACTERS:
        raise BadRules([Problem(message=_("write at most %(n)s characters", n=MOST_CHARACTERS))])
    try:
        _refuse_tricks(text)
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        raise BadRules([Problem(line=line, message=str(error.problem))]) from error
    except yaml.YAMLError as error:
        raise BadRules([Problem(message=str(error).splitlines()[0])]) from error
    lines: dict[Path, int] = {}
    problems = Problems(lines)
    plain = _plain(node, (), lines, problems)
    problems.raise_if_any()
    return Parsed(document.read(plain, lines), lines)


def written(rows: Sequence[AnyRow]) -> str:
    """The same rows as YAML that `read` takes again."""
    return yaml.dump(
        document.written(rows), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, indent=2
    )


class _Dumper(yaml.SafeDumper):
    """Lists inside a key are indented, as people write them; lists of plain words stand on one line."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> Any:
        plain = all(isinstance(one, str) for one in sequence)
        return super().represent_sequence(tag, sequence, flow_style=plain)


def _refuse_tricks(text: str) -> None:
    """An alias of an alias of an alias fills the memory; so does depth."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise BadRules([_at(event, _("anchors and aliases are not allowed here"))])
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise BadRules([_at(event, _("too deep"))])


def _at(event: Any, message: str) -> Problem:
    return Problem(line=event.start_mark.line + 1, message=message)


def _plain(node: yaml.Node | None, path: Path, lines: dict[Path, int], problems: Problems) -> Any:
    if node is None:
        return None
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(one, (*path, number), lines, problems) for number, one in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return node.value
    found: dict[str, Any] = {}
    for key, value in node.value:
        below = (*path, str(key.value))
        lines[below] = key.start_mark.line + 1
        if key.value in found:
            problems.add(below, _("stands twice"))
        found[str(key.value)] = _plain(value, below, lines, problems)
    return found
