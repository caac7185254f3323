"""How many mails a core reads: ours against the standard library's parser, in one run, interleaved, medians."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from email import message_from_bytes
from email.policy import default
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median

from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.outgoing import Line
from hub.channels.reading import Reader
from tests.channels.client_mails import CASES

LINE = Line(id=1, key="mail", kind="email", name="Soporte", address="support@dialogo.example")
ROUNDS = 3
REPEATS = 5


def measure() -> dict[str, float]:
    """Microseconds of processor a mail: `ours` (everything a fact needs), `compat32` (a walk that decodes parts),
    `default` (headers and parts by policy.default), `child` (ours through a reading process, pipe included)."""
    raws = [Raw(body=make().raw) for make in CASES.values()]
    ways: dict[str, Callable[[Raw], object]] = {"ours": _ours, "compat32": _walk, "default": _default}
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name, way in ways.items():
            times[name].append(_microseconds(way, raws))
    found = {name: median(each) for name, each in times.items()}
    found["ours_to_default"] = found["default"] / found["ours"]
    found["child"] = asyncio.run(_through_a_child(raws * REPEATS))
    return found


def _microseconds(way: Callable[[Raw], object], raws: list[Raw]) -> float:
    before = time.process_time()
    for _ in range(REPEATS):
        for raw in raws:
            way(raw)
    return (time.process_time() - before) / REPEATS / len(raws) * 1e6


def _ours(raw: Raw) -> object:
    return EmailAdapter().parse(raw, LINE)


def _walk(raw: Raw) -> object:
    return [part.get_payload(decode=True) for part in message_from_bytes(raw.body).walk()]


def _default(raw: Raw) -> object:
    message = message_from_bytes(raw.body, policy=default)
    try:
        names = [str(message[name]) for name in ("From", "To", "Subject", "Date")]
        return names + [part.get_content() for part in message.walk() if not part.is_multipart()]
    except (LookupError, ValueError, KeyError):  # it gives up on charsets it does not know
        return None


async def _through_a_child(raws: list[Raw]) -> float:
    """Microseconds of processor a mail, child and parent together; what starting a child costs is taken off."""
    idle = await _spent([])
    return (await _spent(raws) - idle) / len(raws) * 1e6


async def _spent(raws: list[Raw]) -> float:
    before = _processor()
    reader = Reader()
    await reader.start()
    await asyncio.gather(*(reader.read("email", raw, LINE) for raw in raws))
    await reader.close()
    return _processor() - before


def _processor() -> float:
    both = (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in both)


if __name__ == "__main__":
    for name, value in measure().items():
        print(f"{name:>22} {value:10.1f}")
