"""Promise 34: a 50 MB mail is stored within the stated limit or refused with words; the rest keeps flowing."""

from __future__ import annotations

import asyncio
import base64
import os
import smtplib
from pathlib import Path

import msgspec
import pytest

from hub.plumbing.hub import Hub
from tests.fakes.dovecot import Dovecot
from tests.fakes.ports import free_port
from tests.mailroom.rooms import HURRY, connect, mail, outcomes, subjects
from tests.mailroom.test_smtp_door import deliver
from tests.process import MailroomProcess, mailroom_process
from tests.waiting import until_equal
from tests.world import World

STATED = 1_500  # MB of memory the mailroom's own process may take with 50 MB mails on both doors


def large(number: int, megabytes: int) -> bytes:
    """A mail with an attachment of so many MB, as it is on the wire."""
    file = base64.encodebytes(os.urandom(1_000_000) * megabytes).replace(b"\n", b"\r\n")
    kind = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    body = mail(number).decode().replace("Subject:", f"{kind}Subject:")
    head, _, text = body.partition("\r\n\r\n")
    parts = f"{head}\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\n"
    parts += "Content-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return parts.encode() + file + b"\r\n--b--\r\n"


@pytest.mark.timeout(240)
async def test_promise_34_fifty_megabytes(hub: Hub, world: World) -> None:
    port = free_port()
    settings = msgspec.structs.replace(hub.settings, smtp_port=port)
    within, beyond = await asyncio.to_thread(lambda: (large(1, 36), large(2, 40)))
    assert len(within) < 50 * 1_048_576 < len(beyond)
    with Dovecot() as dovecot, mailroom_process(settings, HURRY) as mailroom:
        await connect(hub, world.mail, dovecot)
        await until_equal(lambda: asyncio.to_thread(answers, port), True)
        sending = asyncio.create_task(asyncio.to_thread(deliver, port, within))
        beside = await small_ones_beside(port, sending)
        await sending
        with pytest.raises(smtplib.SMTPResponseException) as caught:
            await asyncio.to_thread(deliver, port, beyond)
        assert caught.value.smtp_code == 552
        await asyncio.to_thread(dovecot.append_many, [large(3, 36), beyond, mail(4)])
        await until_equal(lambda: outcomes(hub), {"stored": 2, "unreadable": 1})
        assert most_memory(mailroom) < STATED
    assert {"Pedido 1", "Pedido 3", "Pedido 4"} <= set(await subjects(hub))
    reason = await hub.pool.fetchval("SELECT reason FROM arrival WHERE outcome = 'unreadable'")
    assert "too large" in reason
    assert "the limit is 50 MB" in reason
    assert beside > 1, "small mails waited for the large one"


async def small_ones_beside(port: int, sending: asyncio.Task[object]) -> int:
    """Small mails go on while the large one is on its way; how many were taken meanwhile."""
    taken = 0
    while not sending.done():
        await asyncio.to_thread(deliver, port, mail(100 + taken))
        taken += not sending.done()
    return taken


def answers(port: int) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5):
            return True
    except OSError:
        return False


def most_memory(mailroom: MailroomProcess) -> float:
    """The most memory the process ever held, in MB."""
    assert mailroom.process is not None
    status = Path(f"/proc/{mailroom.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
