"""`hub channel test` signs in for real and says in words what is wrong."""

from __future__ import annotations

from typing import Any

from hub.channels.base import Tried
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.plumbing.texts import speaking
from tests.fakes.dovecot import Dovecot
from tests.fakes.faulty_smtp import FaultySmtp


def line(smtp: FaultySmtp, imap: Dovecot, password: str, **more: Any) -> Line:
    settings = {
        "smtp_host": "127.0.0.1",
        "smtp_port": smtp.port,
        "smtp_security": "none",
        "imap_host": "127.0.0.1",
        "imap_port": imap.port,
        "imap_security": "none",
    }
    return Line(
        id=1,
        key="k",
        kind="email",
        name="Mail",
        address=imap.user,
        settings=settings | more,
        secrets={"imap_password": password},
    )


async def test_each_step_says_what_is_wrong() -> None:
    with FaultySmtp() as smtp, Dovecot() as imap:
        good = await adapter("email").check(line(smtp, imap, imap.password))
        assert [(tried.way, tried.trouble) for tried in good] == [("out", ""), ("in", "")]
        smtp.become("BANNER=554 you are on a list")
        bad = await adapter("email").check(line(smtp, imap, "wrong"))
        assert bad[0].trouble == "554 you are on a list"
        assert "uthentication failed" in bad[1].trouble
        gone = await adapter("email").check(line(smtp, imap, imap.password, imap_folder="Nowhere"))
        assert "exist" in gone[1].trouble
        assert smtp.bodies == []
        smtp.stop()
        with speaking("es"):
            away = await adapter("email").check(line(smtp, imap, imap.password, imap_host=""))
        assert away == [
            Tried("out", "iniciar sesión donde envía", "no se puede llegar al servidor de correo")
        ]
