"""`hub normalize email FILE…` keeps its contract: one JSON object a fact, a line each, no database."""

# ruff: noqa: E501 — mails are data
from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.normalize import command
from hub.plumbing.errors import BadInput
from tests.channels.client_mails import CASES
from tests.channels.test_email_bounces import POSTFIX, report

MESSAGE = ["file", "fact", "external_id", "from", "to", "cc", "reply_to", "subject", "text", "new_text", "html", "date", "in_reply_to",
           "references", "automatic", "attachments"]  # fmt: skip


def normalize(*files: Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, ["email", *map(str, files)], catch_exceptions=False)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.output.splitlines()]


def test_a_message_has_exactly_the_fields_of_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "a.eml"
    file.write_bytes(CASES["gmail_with_inline_image_and_file"]().raw)
    (fact,) = normalize(file)
    assert list(fact) == MESSAGE
    assert fact["file"] == str(file)
    assert fact["from"] == {"address": "marta@acme.example", "name": "Marta García"}
    assert fact["to"] == [{"address": "support@dialogo.example", "name": "Soporte"}]
    assert fact["date"] == "2026-11-03T10:22:11+01:00"
    assert fact["references"] == ["7.9.ab@dialogo.example"]
    assert set(fact["attachments"][0]) == {"name", "type", "size", "sha256", "inline", "content_id"}
    assert (fact["attachments"][0]["inline"], fact["attachments"][0]["content_id"]) == (True, "ii_mh1")


def test_a_report_has_exactly_the_fields_of_the_contract(tmp_path: Path) -> None:
    file = tmp_path / "b.eml"
    file.write_text(report(POSTFIX))
    (fact,) = normalize(file)
    assert fact == {
        "file": str(file), "fact": "DeliveryReported", "state": "failed", "recipient": "nadie@acme.example", "permanent": True,
        "status_code": "5.1.1", "reason": "550 5.1.1 <nadie@acme.example>: Recipient address rejected: User unknown",
        "message_id": "7.9.ab@dialogo.example",
    }  # fmt: skip


def test_a_file_that_cannot_be_read_is_said_and_the_next_follows(tmp_path: Path) -> None:
    good, blank = tmp_path / "good.eml", tmp_path / "blank.eml"
    good.write_bytes(CASES["yahoo"]().raw)
    blank.write_bytes(b"")
    facts = normalize(tmp_path / "missing.eml", tmp_path, blank, good)
    assert [fact["fact"] for fact in facts] == ["Unreadable", "Unreadable", "Unreadable", "MessageReceived"]
    assert [sorted(fact) for fact in facts[:3]] == [["fact", "file", "reason"]] * 3
    assert all(fact["reason"] for fact in facts[:3])


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(BadInput, match="email"):
        CliRunner().invoke(command, ["pigeon", "x"], catch_exceptions=False)


def test_hundreds_of_mails_are_quick(tmp_path: Path) -> None:
    files = []
    for n in range(400):
        file = tmp_path / f"{n}.eml"
        file.write_bytes(list(CASES.values())[n % len(CASES)]().raw)
        files.append(file)
    before = time.process_time()
    assert len(normalize(*files)) == 400
    assert time.process_time() - before < 5
