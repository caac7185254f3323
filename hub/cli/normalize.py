"""`hub normalize KIND FILE…`: what an adapter understands of raw files, one JSON object a fact, a line each."""

from __future__ import annotations

import sys
from pathlib import Path

import click
import msgspec

from hub.channels.base import Adapter, Raw
from hub.channels.facts import AnyFact, Unreadable, to_json
from hub.channels.outgoing import Line
from hub.channels.registry import adapter

_encode = msgspec.json.Encoder().encode


@click.command(
    help="Print the facts found in raw files (mails, webhook bodies), one JSON object a line. No database."
)
@click.argument("kind")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--address", default="", help="Our own address on this channel, to tell our mails from others'."
)
def command(kind: str, files: tuple[str, ...], address: str) -> None:
    """Raises BadInput for an unknown kind; a file that cannot be read is a fact of its own."""
    speaker = adapter(kind)
    line = Line(id=0, key="normalize", kind=kind, name=kind, address=address)
    out = sys.stdout.buffer
    for name in files:
        for fact in _facts(speaker, line, name):
            out.write(_encode(to_json(fact, file=name)) + b"\n")
    out.flush()


def _facts(speaker: Adapter, line: Line, name: str) -> list[AnyFact]:
    try:
        body = Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror or str(error) if isinstance(error, OSError) else str(error)
        return [Unreadable(reason=f"{reason}")]
    return speaker.parse(Raw(body=body), line)
