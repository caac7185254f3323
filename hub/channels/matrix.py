"""What each kind of channel can carry, as the table of docs/channels.md: drawn from what the adapters declare."""

from __future__ import annotations

from collections.abc import Callable

from hub.channels.base import Capabilities
from hub.channels.registry import ADAPTERS, adapter

BEGIN, END = "<!-- hub channel matrix -->", "<!-- end -->"


def matrix() -> str:
    """A Markdown table, a row a capability and a column a kind, in English as all our docs."""
    kinds = sorted(ADAPTERS)
    lines = [_line(["", *kinds]), _line(["---"] * (len(kinds) + 1))]
    lines += [_line([name, *(cell(adapter(kind).can) for kind in kinds)]) for name, cell in ROWS]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _yes(value: object) -> str:
    return "yes" if value else "–"


def _files(can: Capabilities) -> str:
    if not can.attachments:
        return "–"
    size = f"{can.attachment_limit / 1_000_000:g} MB" if can.attachment_limit else "any size"
    return f"{size}, {', '.join(can.attachment_types)}" if can.attachment_types else size


def _counted(can: Capabilities) -> str:
    return "parts" if can.parts else "pages" if can.pages else "–"


def _cost(can: Capabilities) -> str:
    return f"about {can.cost:g} ct" if can.cost else "–"


def _reports(can: Capabilities) -> str:
    if not can.delivery_reports:
        return "–"
    hours = can.report_hours or can.report_minutes / 60
    return f"yes, waits {hours:g} h" if hours else "yes"


ROWS: tuple[tuple[str, Callable[[Capabilities], str]], ...] = (
    ("address", lambda can: can.address_type),
    ("live: somebody must be here", lambda can: _yes(can.live)),
    ("agents write on it", lambda can: _yes(can.sends)),
    ("agents call on it", lambda can: _yes(can.calls)),
    ("subject", lambda can: _yes(can.subject)),
    ("formatted text", lambda can: _yes(can.html)),
    ("copies (Cc)", lambda can: _yes(can.cc)),
    ("files", _files),
    ("longest text", lambda can: f"{can.text_limit:,} characters" if can.text_limit else "–"),
    ("counted in", _counted),
    ("cost of one message, part, page or minute", _cost),
    ("says when it was delivered", _reports),
    ("says when it was read", lambda can: _yes(can.read_reports)),
    ("window for free text", lambda can: f"{can.window_hours} h" if can.window_hours else "–"),
    ("approved texts", lambda can: _yes(can.approved_texts)),
)
