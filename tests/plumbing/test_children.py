"""Children keep their logs small and private and are told about in words a person can act on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from hub.plumbing.embedded import children
from hub.plumbing.embedded.children import Child, ChildDied, Children, Command, shorten, tail


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
