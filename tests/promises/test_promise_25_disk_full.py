"""Promise 25: the disk fills under attachments and under PostgreSQL; nothing acknowledged is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.promises.disk_full import BEFORE, DURING

ROOT = Path(__file__).parents[2]
OWN_MOUNTS = (
    ["unshare", "--mount"] if os.getuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
)


def test_promise_25_disk_full() -> None:
    if subprocess.run([*OWN_MOUNTS, "true"], capture_output=True).returncode:
        pytest.skip("this machine lets us mount no small disk of our own")
    with tempfile.TemporaryDirectory(prefix="hub-") as folder:
        ran = subprocess.run(
            [*OWN_MOUNTS, sys.executable, "-m", "tests.promises.disk_full", folder],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=110,
        )
    assert ran.returncode == 0, ran.stderr[-3000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert told["before"] == BEFORE
    assert told["refused"] > DURING // 2, "the disk was not full: the test proves nothing"
    assert told["messages"] == told["subjects"] == BEFORE + DURING
    assert told["files"] == (BEFORE + DURING) // 2
