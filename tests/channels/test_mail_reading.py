"""Mails are read in a child process: what takes too much costs one mail, and the next ones are read as ever."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from hub.channels import children
from hub.channels import reading as reading_room
from hub.channels.base import Raw
from hub.channels.email.adapter import EmailAdapter
from hub.channels.facts import AnyFact, MessageReceived, Unreadable
from hub.channels.outgoing import Line
from hub.channels.reading import Reader
from tests.channels.client_mails import CASES
from tests.fakes.hostile_mails import mail
from tests.waiting import until

LINE = Line(
    id=1,
    key="mail",
    kind="email",
    name="Soporte",
    address="support@dialogo.example",
    secrets={"password": "x"},
)
SMALL = Raw(body=CASES["gmail"]().raw, envelope={"rcpt_to": "support@dialogo.example"})


@asynccontextmanager
async def reading(**limits: float) -> AsyncIterator[Reader]:
    reader = Reader(**limits)  # type: ignore[arg-type]
    await reader.start()
    try:
        yield reader
    finally:
        await reader.close()


def instants(facts: list[AnyFact]) -> list[AnyFact]:
    return facts  # dates compare as instants, whatever their zone


async def test_a_child_reads_what_the_adapter_reads() -> None:
    async with reading() as reader:
        for make in CASES.values():
            raw = Raw(body=make().raw)
            assert instants(await reader.read("email", raw, LINE)) == instants(
                EmailAdapter().parse(raw, LINE)
            )


async def test_many_at_once_come_back_each_to_its_own() -> None:
    raws = [Raw(body=SMALL.body.replace(b"CAF1", b"CAF%d" % n)) for n in range(200)]
    async with reading(children=2) as reader:
        answers = await asyncio.gather(*(reader.read("email", raw, LINE) for raw in raws))
    for n, facts in enumerate(answers):
        assert isinstance(facts[0], MessageReceived)
        assert facts[0].external_id == f"CAF{n}=x@mail.acme.example"


async def test_a_mail_that_takes_too_long_is_unreadable_and_its_neighbours_are_read() -> None:
    slow = Raw(body=mail(b"<div>" * 1_000_000, b"Content-Type: text/html\r\n"))
    async with reading(seconds=1.5) as reader:
        await reader.read("email", SMALL, LINE)
        before, bad, after = await asyncio.gather(
            *(reader.read("email", raw, LINE) for raw in (SMALL, slow, SMALL))
        )
        assert isinstance(bad[0], Unreadable)
        assert "1.5 seconds" in bad[0].reason
        assert isinstance(before[0], MessageReceived)
        assert isinstance(after[0], MessageReceived)


async def test_a_mail_that_needs_too_much_memory_is_unreadable_and_the_next_is_read() -> None:
    big = Raw(body=b"From: a@b.example\r\nContent-Transfer-Encoding: base64\r\n\r\n" + b"QUJD" * 20_000_000)
    async with reading(memory=180 * 1024 * 1024) as reader:
        facts = await reader.read("email", big, LINE)
        assert isinstance(facts[0], Unreadable)
        assert isinstance((await reader.read("email", SMALL, LINE))[0], MessageReceived)


async def test_a_child_that_dies_is_replaced_and_nothing_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where what ended it, as want of memory, keeps the next from starting at first."""
    monkeypatch.setattr(reading_room, "_BEFORE_NEXT_START", 0.01)
    start, refusals = children.start, [OSError("Cannot allocate memory")]

    async def refused_once(*given: Any) -> Any:
        if refusals:
            raise refusals.pop()
        return await start(*given)

    async with reading() as reader:
        await reader.read("email", SMALL, LINE)
        answers = [asyncio.ensure_future(reader.read("email", SMALL, LINE)) for _ in range(20)]
        await asyncio.sleep(0)
        monkeypatch.setattr(children, "start", refused_once)
        os.kill(pid_of(reader), signal.SIGKILL)
        facts = await asyncio.wait_for(asyncio.gather(*answers), 40)
        assert all(isinstance(each[0], MessageReceived) for each in facts)
    assert not refusals


async def test_what_its_parent_holds_makes_no_child_end() -> None:
    large = b"x" * 300_000_000  # a started process begins with its parent's `ru_maxrss`
    async with reading(memory=256 * 1024 * 1024) as reader:
        del large
        first = pid_of(reader)
        for _ in range(3):
            await reader.read("email", SMALL, LINE)
        assert pid_of(reader) == first


async def test_an_unknown_kind_is_an_answer_not_a_crash() -> None:
    async with reading() as reader:
        facts = await reader.read("smoke_signal", SMALL, LINE)
        assert isinstance(facts[0], Unreadable)


async def test_no_child_outlives_its_reader() -> None:
    async with reading() as reader:
        await reader.read("email", SMALL, LINE)
        pid = pid_of(reader)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_no_child_outlives_a_killed_parent() -> None:
    code = (
        "import asyncio, os\nfrom hub.channels.reading import Reader\n"
        "async def main():\n r = Reader(); await r.start(); print(r._children[0].process.pid, flush=True); os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    status = Path(f"/proc/{int(said)}/status")
    await until(lambda: not status.exists() or "State:\tZ" in status.read_text())


def pid_of(reader: Reader) -> int:
    process = reader._children[0].process
    assert process is not None
    return process.pid


async def test_a_child_that_cannot_start_is_said_at_once() -> None:
    reader = Reader(memory=8 * 1024 * 1024)
    with pytest.raises(RuntimeError, match="does not start"):
        await reader.start()
    await reader.close()
