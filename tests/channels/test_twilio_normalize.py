"""`hub normalize sms|whatsapp FILE…`: a file holds the body of a webhook, each fact is one JSON line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from hub.cli.normalize import command
from tests.channels.test_email_normalize import MESSAGE


def normalize(kind: str, *files: Path) -> list[dict[str, Any]]:
    result = CliRunner().invoke(command, [kind, *map(str, files)], catch_exceptions=False)
    assert result.exit_code == 0
    return [json.loads(line) for line in result.output.splitlines()]


def test_messages_reports_and_rubbish(tmp_path: Path) -> None:
    picture, report, stop, rubbish = (tmp_path / name for name in ("mms", "status", "stop", "rubbish"))
    picture.write_bytes(
        b"MessageSid=MM1&From=+34600123456&To=%2B34910000000&Body=%C2%BFLlega%3F&NumMedia=1"
        b"&MediaUrl0=https%3A%2F%2Fapi.twilio.com%2Fx&MediaContentType0=image%2Fjpeg\n"
    )
    report.write_bytes(b"MessageSid=SM2&MessageStatus=undelivered&ErrorCode=30006&To=%2B34600123456")
    stop.write_bytes(b"MessageSid=SM3&From=%2B34600123456&To=%2B34910000000&Body=BAJA")
    rubbish.write_bytes(b"\xff\xd8\xff rubbish")
    facts = normalize("sms", picture, report, stop, rubbish, tmp_path / "missing")
    assert [one["fact"] for one in facts] == [
        "MessageReceived",
        "DeliveryReported",
        "MessageReceived",
        "OptedOut",
        "Unreadable",
        "Unreadable",
    ]
    assert list(facts[0]) == MESSAGE
    assert facts[0]["from"] == {"address": "+34600123456", "name": ""}
    [file] = facts[0]["attachments"]
    assert (file["name"], file["type"], file["url"]) == (
        "image-1.jpg",
        "image/jpeg",
        "https://api.twilio.com/x",
    )
    assert (facts[1]["state"], facts[1]["status_code"], facts[1]["permanent"]) == ("failed", "30006", True)
    assert facts[3]["word"] == "BAJA"


def test_whatsapp_adds_what_only_it_knows(tmp_path: Path) -> None:
    file = tmp_path / "place"
    file.write_bytes(
        b"MessageSid=SM1&From=whatsapp%3A%2B34600123456&To=whatsapp%3A%2B34910000000&Body=&ProfileName=Marta"
        b"&Latitude=40.4&Longitude=-3.7&Address=Calle+Mayor+1"
    )
    [fact] = normalize("whatsapp", file)
    assert fact["from"] == {"address": "+34600123456", "name": "Marta"}
    assert fact["text"] == "Calle Mayor 1"
    assert fact["whatsapp"]["place"]["latitude"] == "40.4"
