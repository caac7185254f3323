"""Promise 67: no password, token or key ever stands in a log, however it gets there."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator

import pytest
import structlog

from config.logging import configure, hide, masked
from config.settings import Settings

OURS = "a-secret-of-the-house-that-signs-everything"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What reaches the log, at the most talkative level; the process's own logging comes back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    stream = io.StringIO()
    configure(
        Settings(
            secret=OURS,
            database_url="postgresql://hub:gr4nada%21x@db/dialogo",
            redis_url="redis://:c0rdoba@cache/0",
            log="debug",
        ),
        stream=stream,
    )
    yield stream
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()
    logging.captureWarnings(False)


def test_promise_67_secrets_never_shown(log: io.StringIO) -> None:
    hide("the-mailbox-password")
    logger = structlog.get_logger("hub")
    logger.info("signed in", password="p4ssw0rd-a", api_token="t0ken-b", cookies={"session": "s3ssion-c"})
    logger.info("asked", headers={"Authorization": "Basic dXNlcjpzZWNyZXQtZA==", "Accept": "text/html"})
    logger.warning("refused postgresql://hub:p4ss-e@db:5432/dialogo?password=p4ss-f")
    logger.error(
        "the server said", answer="535 the-mailbox-password is wrong", nested=[{"client_secret": "g-s3cret"}]
    )
    logging.getLogger("aiosmtplib").debug("AUTH PLAIN AGFuYQBwNHNzLWg=")
    logging.getLogger("imap").debug("%r", b"A1 LOGIN ana@acme.test p4ss-i")
    logging.getLogger("aiohttp").debug("Set-Cookie: session=s3ssion-j; HttpOnly")
    logging.getLogger("aiohttp").info('GET /unsubscribe?token=t0ken-k HTTP/1.1 {"access_token": "t0ken-l"}')
    logging.getLogger("hub").info(
        "to reply+c48213.dG9rZW4tbQ_signed@hub.test", extra={"hub_secret": "s3cret-n"}
    )
    logging.getLogger("hub").info("we sign with %s, %s and %s", OURS, "gr4nada!x", "c0rdoba")
    try:
        _fail_with("postgresql://hub:p4ss-o@db/dialogo")
    except ConnectionError:
        logger.exception("no database")

    written = log.getvalue()
    for secret in (
        *(
            "p4ssw0rd-a",
            "t0ken-b",
            "s3ssion-c",
            "dXNlcjpzZWNyZXQtZA",
            "p4ss-e",
            "p4ss-f",
            "the-mailbox-password",
        ),
        *(
            "g-s3cret",
            "AGFuYQBwNHNzLWg",
            "p4ss-i",
            "s3ssion-j",
            "t0ken-k",
            "t0ken-l",
            "dG9rZW4tbQ",
            "s3cret-n",
        ),
        *(OURS, "gr4nada", "c0rdoba", "p4ss-o"),
    ):
        assert secret not in written
    assert "ana@acme.test" in written, "what is no secret must stay readable"
    assert '"Accept": "text/html"' in written


def test_every_line_is_json_with_time_level_and_logger(log: io.StringIO) -> None:
    structlog.get_logger("hub.inbound").info("arrived", channel=3, contact="Marta Núñez")
    logging.getLogger("aiohttp.server").warning("slow %s", "Ñ")
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert lines[0]["event"] == "arrived"
    assert (lines[0]["channel"], lines[0]["contact"]) == (3, "Marta Núñez")
    assert lines[1]["event"] == "slow Ñ"
    assert all({"timestamp", "level", "logger"} <= line.keys() for line in lines)


def test_a_long_hostile_line_is_masked_in_no_time() -> None:
    began = time.process_time()
    masked("token" * 40_000 + "a" * 200_000 + "+" * 100_000 + "://" * 50_000)
    assert time.process_time() - began < 2


def _fail_with(password_in_a_local: str) -> None:
    raise ConnectionError(f"cannot reach {password_in_a_local}")
