"""The gate itself: what make, CI, the locks, the image and the settings' example promise to whoever starts here."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from config.settings import described
from hub.cli import COMMANDS
from hub.cli.up import GRACE
from hub.departure import Pace

ROOT = Path(__file__).parents[1]
# Written in pieces, so that this file does not name them itself.
REGISTRIES = [
    "py" + "pi.org",
    "python" + "hosted.org",
    "npm" + "js.org",
    "crates" + ".io",
    "deb.debian" + ".org",
]


def tracked() -> list[Path]:
    """Files git knows, or all but the ignored folders where there is no git."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    return [path for line in listed.stdout.splitlines() if (path := ROOT / line).is_file()]


def test_make_without_a_target_lists_all_targets_with_what_they_do() -> None:
    said = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for target in ("help", "run", "test", "check", "bench", "slice"):
        assert re.search(rf"^{target} +\w", said, re.M), said


def test_make_says_which_python_it_needs(tmp_path: Path) -> None:
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    tried = subprocess.run(["make", "run", "PYTHON="], cwd=tmp_path, capture_output=True, text=True)
    assert tried.returncode == 2
    assert "Dialogo needs Python 3.11 or newer" in tried.stderr


def test_slice_lists_the_files_of_one_subject() -> None:
    said = subprocess.run(["make", "slice", "NAME=embedded"], cwd=ROOT, capture_output=True, text=True).stdout
    assert "hub/plumbing/embedded/postgres.py\n" in said
    assert "tests/plumbing/test_embedded.py\n" in said


def test_ci_runs_what_a_person_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    assert "make check" in script
    assert script.rstrip().splitlines()[-2:] == ["make test || failed=1", 'exit "$failed"']


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_locks_have_a_hash_for_everything_and_no_address(name: str) -> None:
    text = (ROOT / name).read_text()
    assert "://" not in text
    pins = re.split(r"^(?=[a-zA-Z0-9])", text, flags=re.M)[1:]
    assert len(pins) > 40
    assert [pin.split()[0] for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_locks_hold_what_pyproject_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["local"]]
    assert names(wanted) - locked("requirements.lock") == set()
    assert names(project["optional-dependencies"]["dev"]) - locked("requirements-dev.lock") == set()


def test_no_file_names_a_package_registry() -> None:
    files = tracked()
    naming = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in files
        if path.suffix not in (".png", ".tif", ".jpg", ".pdf")
        for host in REGISTRIES
        if host in path.read_text("utf-8", "replace")
    ]
    assert naming == []


def test_example_env_says_what_the_code_reads() -> None:
    example = (ROOT / "config" / "example.env").read_text()
    for doc in described():
        assert f"# {doc.help}\n#{doc.variable}={doc.default}\n" in example
    written = re.findall(r"^#?([A-Z_]+)=", example, re.M)
    assert written == [doc.variable for doc in described()]


def test_operating_docs_name_every_setting() -> None:
    text = (ROOT / "docs" / "operating.md").read_text()
    assert [doc.variable for doc in described() if doc.variable not in text] == []


def test_compose_runs_known_commands_with_known_settings_and_watches_each() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert set(services) == {"postgres", "valkey", "migrate", "web", "worker", "mailroom"}
    known = {doc.variable for doc in described()}
    for name in ("migrate", "web", "worker", "mailroom"):
        assert services[name]["command"] == [name]
        assert name in COMMANDS
        assert set(services[name]["environment"]) <= known
    assert [name for name, one in services.items() if "healthcheck" not in one] == ["migrate"]
    assert services["postgres"]["image"] == "postgres:18"
    patience = float(services["worker"]["stop_grace_period"].removesuffix("s"))
    assert Pace().drain < patience == GRACE["worker"], "killed while it drains, letters are perhaps sent"


def test_the_image_copies_what_exists() -> None:
    for line in (ROOT / "Dockerfile").read_text().splitlines():
        if line.startswith("COPY ") and "--from" not in line:
            for source in line.split()[1:-1]:
                assert (ROOT / source).exists(), line


def test_what_could_not_run_is_named_and_fails_in_ci(tmp_path: Path) -> None:
    (tmp_path / "test_x.py").write_text(
        "import pytest\ndef test_a(): pytest.skip('no Chromium here')\ndef test_b(): pass\n"
        "def test_c(): raise RuntimeError('dovecot is not installed')\n"
    )
    at_home = gated(tmp_path, CI="")
    assert at_home.returncode == 0
    assert "!!! COULD NOT RUN: 1 × no Chromium here; 1 × dovecot is not installed" in at_home.stdout
    in_ci = gated(tmp_path, CI="true")
    assert in_ci.returncode == 1
    assert "1 passed, 2 skipped" in in_ci.stdout.splitlines()[-1]


def gated(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """pytest on one folder with the plugin of `make test`."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "tests.gate", "-q", "--rootdir", str(folder), str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", **environ},
    )


def names(requirements: list[str]) -> set[str]:
    """Package names as registries normalise them."""
    found = (re.match(r"[\w.-]+", requirement) for requirement in requirements)
    return {re.sub(r"[-_.]+", "-", one.group()).lower() for one in found if one}


def locked(name: str) -> set[str]:
    """The packages of a lock."""
    return names(re.findall(r"^[a-zA-Z0-9][^\s=]*", (ROOT / name).read_text(), re.M))
