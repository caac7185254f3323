"""Mails are parsed in child processes with limits: what burns or dies there costs one mail, never the mailroom.

`Reader` keeps some children, sends them raws back to back over a pipe, and replaces one that dies or takes too long.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import struct
from asyncio.subprocess import Process
from collections import deque
from dataclasses import dataclass, field

import msgspec
import structlog

from hub.channels import children
from hub.channels.base import Raw
from hub.channels.facts import AnyFact, Unreadable
from hub.channels.outgoing import Line

SECONDS = 20
_BEFORE_NEXT_START = 2.0  # seconds
MEMORY = 512 * 1024 * 1024
log = structlog.get_logger(__name__)


class Request(msgspec.Struct, array_like=True):
    """One raw on its way to a child; secrets of the line stay here."""

    kind: str
    raw: Raw
    line: Line


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[AnyFact]).decode


@dataclass(slots=True, eq=False)
class _Task:
    """One raw that waits for its facts; `deaths`: children that died over it."""

    frame: bytes
    answer: asyncio.Future[list[AnyFact]]
    deaths: int = 0


class Reader:
    """Children that parse. `start` before `read`; `close` ends them."""

    def __init__(self, children: int = 1, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._children = [_Child(seconds, memory) for _ in range(max(children, 1))]
        self._starting = asyncio.Lock()

    async def start(self) -> None:
        """Start the children, if they are not; they load the adapters while the first raw is on its way."""
        async with self._starting:
            await asyncio.gather(*(child.start() for child in self._children if not child.started))

    async def close(self) -> None:
        """End the children; what they have not answered is Unreadable nowhere: its reader is cancelled."""
        await asyncio.gather(*(child.close() for child in self._children))

    async def read(self, kind: str, raw: Raw, line: Line) -> list[AnyFact]:
        """The facts of one raw. Too long, too much memory or a crash is one Unreadable fact, never an exception.

        Raises BadInput for an unknown kind of channel only in the child, hence Unreadable too.
        """
        request = Request(kind, raw, msgspec.structs.replace(line, secrets={}))
        content = _encode(request)
        task = _Task(
            frame=struct.pack(">I", len(content)) + content,
            answer=asyncio.get_running_loop().create_future(),
        )
        child = min(self._children, key=lambda each: each.waiting_bytes)
        await child.hand_over(task)
        return await task.answer


@dataclass(slots=True)
class _Child:
    """One process and the raws it was handed, in order; their answers come back in the same order."""

    seconds: float
    memory: int
    process: Process | None = None
    waiting: deque[_Task] = field(default_factory=deque)
    waiting_bytes: int = 0
    _something: asyncio.Event = field(default_factory=asyncio.Event)
    _writing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _listening: asyncio.Task[None] | None = None

    @property
    def started(self) -> bool:
        return self._listening is not None

    async def start(self) -> None:
        self.process = await self._spawned()
        if not await _is_ready(self.process):
            await self._end()
            raise RuntimeError("the process that reads mails does not start; its error stands above")
        self._listening = asyncio.create_task(self._listen())

    async def close(self) -> None:
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
        for task in self.waiting:
            task.answer.cancel()
        self.waiting.clear()
        await self._end()

    async def hand_over(self, task: _Task) -> None:
        async with self._writing:
            self.waiting.append(task)
            self.waiting_bytes += len(task.frame)
            self._something.set()
            await self._write(task)

    async def _write(self, task: _Task) -> None:
        assert self.process is not None
        assert self.process.stdin is not None
        # A child that died is replaced by _listen, which writes everything that waits once more.
        with contextlib.suppress(ConnectionError, RuntimeError):
            self.process.stdin.write(task.frame)
            await self.process.stdin.drain()

    async def _listen(self) -> None:
        while True:
            await self._something.wait()
            try:
                async with asyncio.timeout(self.seconds):
                    facts = _decode(await self._frame())
            except TimeoutError:
                await self._replace(f"took longer than {self.seconds:g} seconds")
            except (asyncio.IncompleteReadError, ConnectionError, msgspec.MsgspecError):
                await self._replace("")
            else:
                self._answered(facts)

    async def _frame(self) -> bytes:
        assert self.process is not None
        assert self.process.stdout is not None
        head = await self.process.stdout.readexactly(4)
        return await self.process.stdout.readexactly(struct.unpack(">I", head)[0])

    def _answered(self, facts: list[AnyFact]) -> None:
        task = self.waiting.popleft()
        self.waiting_bytes -= len(task.frame)
        if not self.waiting:
            self._something.clear()
        if not task.answer.done():
            task.answer.set_result(facts)

    async def _replace(self, guilt: str) -> None:
        """A new process; the first raw in the queue is to blame for a time-out or for the second death."""
        code = await self._end()
        head = self.waiting[0]
        if code == -signal.SIGXCPU:
            guilt = f"used more than {self.seconds:g} seconds of processor time"
        elif not guilt and code != 0:
            head.deaths += 1
            guilt = f"the reading process died (code {code})" if head.deaths > 1 else ""
        if guilt:
            log.warning("mail could not be read", size=len(head.frame), reason=guilt)
            self._answered([Unreadable(reason=guilt)])
        async with self._writing:
            await self._start_again()
            for task in list(self.waiting):
                await self._write(task)

    async def _start_again(self) -> None:
        """Until a process is ready: that none starts is no fault of a mail, so everything waits."""
        while True:
            try:
                self.process = await self._spawned()
                if await _is_ready(self.process):
                    return
                await self._end()
                why = "its error stands above"
            except OSError as error:  # no memory, no more processes
                why = str(error)
            log.error("the process that reads mails does not start", why=why)
            await asyncio.sleep(_BEFORE_NEXT_START)

    async def _end(self) -> int:
        process = self.process
        if process is None:
            return 0
        if process.stdin is not None:
            process.stdin.close()
        if not (process.stdout and process.stdout.at_eof()):
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        return await process.wait()

    async def _spawned(self) -> Process:
        return await children.start("hub.channels.reading_child", self.memory, self.seconds)


async def _is_ready(process: Process) -> bool:
    """A child says when it is ready, so that its start counts against no mail."""
    assert process.stdout is not None
    try:
        return bool(await process.stdout.readexactly(1))
    except (asyncio.IncompleteReadError, ConnectionError):
        return False
