"""What is wrong in a rules document and where: line, row, field; everything found at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

T = TypeVar("T")
Path = tuple[str | int, ...]
MOST_CHARACTERS = 200


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One mistake. `line` 0: not known; `row` counts from 1, 0: the document as a whole; `field` inside the row."""

    line: int = 0
    row: int = 0
    field: str = ""
    message: str

    def __str__(self) -> str:
        where = [_("line %(n)s", n=self.line)] if self.line else []
        where += [_("row %(n)s", n=self.row)] if self.row else []
        where += [self.field] if self.field else []
        return f"{', '.join(where)}: {self.message}" if where else self.message


class BadRules(BadInput):
    """These rules cannot be used; `problems` says everything that is wrong, `message` too, a line each."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        place = f"rows[{first.row - 1}]" if first.row else ""
        super().__init__(
            "\n".join(str(one) for one in problems),
            field=".".join(part for part in (place, first.field) if part),
        )
        self.problems = list(problems)


class Problems:
    """Collects mistakes while a document is read."""

    def __init__(self, lines: Mapping[Path, int]) -> None:
        self.lines = lines
        self.found: list[Problem] = []

    def add(self, path: Path, message: str) -> None:
        """Note a mistake at `path`."""
        in_row = len(path) > 1 and path[0] == "rows" and isinstance(path[1], int)
        row = int(path[1]) + 1 if in_row else 0
        field = _dotted(path[2:] if in_row else path)
        self.found.append(Problem(line=self._line(path), row=row, field=field, message=message))

    def guard(self, path: Path, make: Callable[[], T]) -> T | None:
        """What `make` makes; its ValueError becomes a mistake at `path`."""
        try:
            return make()
        except ValueError as error:
            self.add(path, str(error))
            return None

    def raise_if_any(self) -> None:
        """Raises BadRules when something was noted."""
        if self.found:
            raise BadRules(self.found)

    def _line(self, path: Path) -> int:
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


class Spot:
    """One place in the document: reads what should stand there, notes what does not."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self.path = path
        self.problems = problems

    def at(self, step: str | int) -> Spot:
        """The place below."""
        return Spot((*self.path, step), self.problems)

    def wrong(self, message: str) -> None:
        """Note a mistake here."""
        self.problems.add(self.path, message)

    def guard(self, make: Callable[[], T]) -> T | None:
        """What `make` makes; its ValueError becomes a mistake here."""
        return self.problems.guard(self.path, make)

    def keys(self, value: Any, allowed: Sequence[str]) -> dict[str, Any]:
        """A mapping with only these keys; nothing at all is an empty one."""
        if value is None or value == "":
            return {}
        if not isinstance(value, Mapping):
            self.wrong(_("write keys here: %(allowed)s", allowed=", ".join(allowed)))
            return {}
        for key in value:
            if key not in allowed:
                message = _("%(key)s is not known; allowed: %(allowed)s", key=key, allowed=", ".join(allowed))
                self.at(str(key)).wrong(message)
        return {str(key): one for key, one in value.items() if key in allowed}

    def items(self, value: Any, *, most: int) -> list[tuple[Spot, Any]]:
        """A list, each item with its place; nothing at all is an empty one."""
        if value is None or value == "":
            return []
        if not isinstance(value, list | tuple):
            self.wrong(_("write a list here"))
            return []
        if len(value) > most:
            self.wrong(_("write at most %(n)s", n=most))
            return []
        return [(self.at(number), one) for number, one in enumerate(value)]

    def text(self, value: Any, *, most: int = MOST_CHARACTERS, empty: bool = False) -> str:
        """A text of at most `most` characters."""
        if not isinstance(value, str) or not (value.strip() or empty):
            self.wrong(_("write a text here"))
        elif len(value) > most:
            self.wrong(_("write at most %(n)s characters", n=most))
        elif not value.replace("\n", "").replace("\t", "").isprintable():
            self.wrong(_("there are characters that cannot be read"))
        else:
            return value.strip()
        return ""

    def texts(self, value: Any, *, choices: Sequence[str] = ()) -> tuple[str, ...]:
        """One text or a list of them, at least one; with `choices` only these."""
        values = [(self, value)] if isinstance(value, str) and value else self.items(value, most=200)
        if not values:
            self.wrong(_("write one or a list"))
        if choices:
            return tuple(spot.choice(one, choices) for spot, one in values)
        return tuple(spot.text(one) for spot, one in values)

    def choice(self, value: Any, allowed: Sequence[str]) -> Any:
        """One of these words."""
        if value not in allowed:
            self.wrong(_("%(key)s is not known; allowed: %(allowed)s", key=value, allowed=", ".join(allowed)))
        return value

    def flag(self, value: Any) -> bool:
        """true or false, also as YAML text."""
        if value not in (True, False, "true", "false"):
            self.wrong(_("write true or false"))
        return value in (True, "true")


def _dotted(path: Path) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).lstrip(".")
