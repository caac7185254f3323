"""The docs are under test: every file, setting, command and make target they name exists."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from config.settings import described
from tests import house

PAGES = sorted([*house.ROOT.glob("*.md"), *house.ROOT.glob("docs/**/*.md")])
NAMES = [str(page.relative_to(house.ROOT)) for page in PAGES]
PATH = re.compile(r"`((?:hub|workers|config|tests|docs|bench)/[\w./<>*-]*)`")
SETTING = re.compile(r"\b(HUB_[A-Z_]+)\b")
COMMAND = re.compile(r"`hub ([a-z]+)")
TARGET = re.compile(r"`make ([a-z]+)")


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_file_named_exists(page):
    missing = [
        path
        for path in PATH.findall(page.read_text())
        if not set("<>*") & set(path) and not (house.ROOT / path).exists()
    ]
    assert not missing, missing


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_setting_named_exists(page):
    known = {doc.variable for doc in described()}
    assert set(SETTING.findall(page.read_text())) <= known


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_every_command_and_target_named_exists(page):
    from hub.cli import COMMANDS

    text = page.read_text()
    assert set(COMMAND.findall(text)) <= set(COMMANDS)
    targets = set(re.findall(r"^([a-z]+):", (house.ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall(text)) <= targets


def test_the_example_environment_is_the_code():
    text = (house.ROOT / "config" / "example.env").read_text()
    for doc in described():
        assert f"{doc.variable}={doc.default}" in text, doc.variable
        assert doc.help in " ".join(text.replace("#", " ").split()), f"{doc.variable}: say the same help"


def test_hub_help_names_every_command():
    text = subprocess.run(
        [sys.executable, "-m", "hub", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for command in (
        "up",
        "web",
        "worker",
        "mailroom",
        "migrate",
        "demo",
        "doctor",
        "agent",
        "channel",
        "normalize",
    ):
        assert command in text
    for command in ("quarantine", "import", "routing", "token"):
        assert command in text


def test_no_page_is_an_island():
    """Each page of docs/ is named by another one."""
    texts = {page: page.read_text() for page in PAGES}
    for page in house.ROOT.glob("docs/*.md"):
        named = any(page.name in text for other, text in texts.items() if other != page)
        assert named, f"{page.name} is named nowhere"
