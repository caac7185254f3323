"""`hub up` starts everything, brings back what dies, stops in order and leaves nothing behind."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import pytest

from tests.fakes.ports import free_port
from tests.waiting import blocking_until

ROOT = Path(__file__).parents[2]
PROCESSES = ("web", "worker", "mailroom")
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:  # a gate in the background; `hub up` would heed it
    signal.signal(signal.SIGINT, signal.default_int_handler)
pytestmark = pytest.mark.timeout(300)  # whole houses start here, on whatever machine


class Up:
    """A running `hub up` with data and ports of its own."""

    def __init__(self, data: Path, **environ: str) -> None:
        self.data = data
        self.port, self.smtp = free_port(), free_port(1)
        ports = {"HUB_PORT": str(self.port), "HUB_SMTP_PORT": str(self.smtp)}
        own = {"HUB_DATA": str(data), "LC_ALL": "C", **ports}
        given = {"DATABASE_URL": "", "REDIS_URL": "", "HUB_SECRET": "", "HUB_DEMO": "0", **own, **environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hub", "up"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, **given},
        )
        self.said: list[str] = []

    def until_said(self, words: str) -> str:
        """Read lines until one holds these words."""
        assert self.process.stdout
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if words in line:
                return line
        raise AssertionError(f"it ended without saying {words!r}:\n" + "\n".join(self.said))

    def below(self) -> dict[str, psutil.Process]:
        """Its children by what they are."""
        found = {}
        for child in psutil.Process(self.process.pid).children():
            try:
                words = " ".join(child.cmdline())
            except psutil.Error:  # ended this very moment
                continue
            if match := re.search(r"-m hub (\w+)|(postgres) -D|(valkey-server)", words):
                found[next(filter(None, match.groups()))] = child
        return found

    def answers(self) -> bool:
        """Whether /readyz says ready."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def up(**environ: str) -> Iterator[Up]:
    """`hub up`, ready."""
    data = Path(tempfile.mkdtemp(prefix="hub-"))
    house = Up(data, **environ)
    try:
        house.until_said("Dialogo is ready")
        yield house
    finally:
        house.process.kill()
        house.process.communicate()
        blocking_until(lambda: not left_behind(data))
        shutil.rmtree(data, ignore_errors=True)


def left_behind(data: Path) -> list[int]:
    """Processes that have this data folder in their command or environment."""
    mine = os.getpid()
    found = []
    for process in psutil.process_iter():
        try:
            if process.pid != mine and process.environ().get("HUB_DATA") == str(data):
                found.append(process.pid)
        except psutil.Error:
            continue
    return found


def test_it_tells_its_steps_brings_back_what_ends_and_stops_in_order() -> None:
    """One start for the whole life: a house takes seconds to stand."""
    with up() as house:
        it_told_its_steps(house)
        each_process_ends_cleanly_when_told(house)
        whatever_is_killed_comes_back(house)
        ctrl_c_stops_everything_in_order(house)


def it_told_its_steps(house: Up) -> None:
    steps = [re.split(r"\s{2,}", line.strip()) for line in house.said]
    names = [step[0] for step in steps]
    wanted = ["Settings read", "PostgreSQL", "Valkey", "Database migrated", "Processes started"]
    assert [name for name in names if name in wanted] == wanted
    assert all(re.fullmatch(r"\d+\.\d s", step[1]) for step in steps if step[0] in wanted)
    assert house.said[-1] == f"Dialogo is ready: http://127.0.0.1:{house.port}"
    assert set(house.below()) == {"postgres", "valkey-server", *PROCESSES}
    written = {path.stem for path in (house.data / "log").glob("*.log")}
    assert written >= {"postgres", "valkey", *PROCESSES}


def each_process_ends_cleanly_when_told(house: Up) -> None:
    for name in PROCESSES:
        house.below()[name].terminate()
        assert "ended (exit code 0)" in house.until_said(f"{name} ended")
        blocking_until(lambda name=name: name in house.below())  # type: ignore[misc]


def whatever_is_killed_comes_back(house: Up) -> None:
    before = house.below()
    for child in before.values():
        child.kill()
    blocking_until(lambda: set(house.below()) == set(before))
    blocking_until(house.answers, 90)
    assert {child.pid for child in house.below().values()}.isdisjoint(c.pid for c in before.values())


def ctrl_c_stops_everything_in_order(house: Up) -> None:
    below = list(house.below().values())
    house.process.send_signal(signal.SIGINT)
    said, _ = house.process.communicate(timeout=150)  # the sum of what each may take
    assert house.process.returncode == 0
    assert said.strip().endswith("Stopping; what is under way is finished first.")
    assert not any(child.is_running() for child in below)
    assert "database system is shut down" in (house.data / "log" / "postgres.log").read_text()


def test_a_busy_port_stops_the_start_with_the_setting_s_name(tmp_path: Path) -> None:
    for variable in ("HUB_PORT", "HUB_SMTP_PORT"):
        with socket.socket() as busy:
            busy.bind(("127.0.0.1", 0))
            busy.listen()
            port = busy.getsockname()[1]
            house = Up(tmp_path, **{variable: str(port)})
            said, _ = house.process.communicate(timeout=100)
        assert house.process.returncode == 2
        assert said.startswith(f"hub: {variable}={port}: cannot listen on 127.0.0.1:{port}")
        assert not (tmp_path / "postgres").exists()
