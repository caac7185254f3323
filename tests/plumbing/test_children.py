"""Children keep their logs small and private and are told about in words a person can act on."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
from pathlib import Path

import pytest

from hub.plumbing.embedded import children
from hub.plumbing.embedded import kept as kept_running
from hub.plumbing.embedded.children import Child, ChildDied, Children, Command, shorten, tail
from hub.plumbing.embedded.kept import Kept
from hub.plumbing.embedded.place import Lock


def test_a_long_log_is_cut_and_three_old_ones_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "LOG_BYTES", 10)
    log = tmp_path / "web.log"
    with log.open("ab") as writer:
        for number in range(5):
            writer.write(b"line %d of many\n" % number)
            writer.flush()
            shorten(log)
        writer.write(b"goes on\n")
    assert log.read_bytes() == b"goes on\n", "the writer appends after the cut"
    kept = [log.with_name(f"web.log.{number}").read_bytes() for number in (1, 2, 3)]
    assert kept == [b"line 4 of many\n", b"line 3 of many\n", b"line 2 of many\n"]
    assert not log.with_name("web.log.4").exists()


def test_a_short_log_stays(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    log.write_text("one\n\ntwo\n")
    shorten(log)
    assert tail(log) == ["one", "two"]
    assert tail(tmp_path / "missing.log") == []


async def test_a_child_that_cannot_start_says_its_last_words(tmp_path: Path) -> None:
    code = "import sys; print('no such mailbox', file=sys.stderr); sys.exit(3)"

    async def never() -> bool:
        return False

    command = Command(
        "mailroom", [sys.executable, "-c", code], tmp_path / "log" / "mailroom.log", ready=never
    )
    all_children = Children(lambda line: None)
    with pytest.raises(ChildDied) as died:
        await all_children.start(command)
    assert "mailroom ended (exit code 3)" in died.value.message
    assert "no such mailbox" in died.value.message
    assert str(tmp_path / "log" / "mailroom.log") in died.value.message
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0, "logs are nobody else's business"
    await all_children.stop()


async def test_a_child_that_ignores_the_signal_is_killed_after_its_grace(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    log = tmp_path / "deaf.log"

    async def deaf() -> bool:
        return tail(log) == ["deaf"]

    child = Child(Command("deaf", [sys.executable, "-c", code], log, grace=0.2, ready=deaf))
    await child.start()
    await child.stop()
    assert child.process
    assert child.process.returncode == -9
    assert not os.path.exists(f"/proc/{child.pid}/exe")


async def test_children_stop_the_last_started_first(tmp_path: Path) -> None:
    order = tmp_path / "order"
    code = (
        "import signal, sys, time\n"
        f"signal.signal(15, lambda *_: (open({str(order)!r}, 'a').write(sys.argv[1]), sys.exit()))\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    all_children = Children(lambda line: None)
    for name in "abc":
        log = tmp_path / f"{name}.log"

        async def up(log: Path = log) -> bool:
            return tail(log) == ["up"]

        await all_children.start(Command(name, [sys.executable, "-c", code, name], log, ready=up))
    await all_children.stop()
    assert order.read_text() == "cba"


async def test_a_log_that_cannot_be_cut_keeps_nobody_from_starting_a_dead_child_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_only(log: Path) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(children, "shorten", read_only)
    started = tmp_path / "started"
    script = "import sys; open(sys.argv[1], 'a').write('x')"
    said: list[str] = []
    kept = Children(said.append)
    await kept.start(Command("w", [sys.executable, "-S", "-c", script, str(started)], tmp_path / "w.log"))
    async with asyncio.timeout(40):
        while not started.exists() or len(started.read_text()) < 2:
            await asyncio.sleep(0.02)
    await kept.stop()
    assert any("Read-only file system" in line for line in said)


async def test_a_server_is_taken_over_later_where_it_cannot_be_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever ran it is gone and we hold its lock: nobody else would ever start it."""
    monkeypatch.setattr(kept_running, "AGAIN_SECONDS", 0.01)
    server = _Server(tmp_path, [OSError(errno.EAGAIN, "no more processes")])
    ran_by_another = Lock(server.lock_file)
    assert ran_by_another.take()
    said: list[str] = []
    both = Children(said.append)
    kept = Kept(server, both)
    await kept.start()
    assert kept.adopted
    ran_by_another.release()
    async with asyncio.timeout(40):
        while kept.adopted:
            await asyncio.sleep(0.02)
    await kept.stop_watching()
    await both.stop()
    kept.release()
    assert any("no more processes" in line for line in said)


class _Server:
    """Answers always; the first starts fail as told."""

    name = "a server"
    url = ""

    def __init__(self, folder: Path, troubles: list[Exception]) -> None:
        self.lock_file = folder / "lock"
        self._log, self._troubles = folder / "server.log", troubles

    async def command(self) -> Command:
        if self._troubles:
            raise self._troubles.pop()
        return Command(self.name, ["/bin/sleep", "60"], self._log)

    async def answers(self) -> bool:
        return True
