"""Our Dovecot starts, keeps mail, and changes its UIDVALIDITY when told to."""

from __future__ import annotations

import imaplib

import pytest

from tests.fakes.dovecot import Dovecot
from tests.fakes.token_server import TokenServer

MAIL = b"Subject: hi\r\n\r\nhello\r\n"


def test_it_keeps_mail_and_can_be_renumbered() -> None:
    with Dovecot() as server:
        first, second = server.append(MAIL), server.append(MAIL)
        assert server.uids() == [first, second]
        assert server.flags() == {first: set(), second: set()}
        old = server.uid_validity()
        server.delete(first)
        assert server.renumber() != old
        assert server.uids() == [1]


def test_it_checks_xoauth2_with_the_token_server() -> None:
    with TokenServer() as tokens, Dovecot(introspection_url=tokens.introspection_url) as server:
        tokens.access_tokens["good"] = (server.user, 4e9)
        for token, welcome in (("good", True), ("bad", False)):
            if welcome:
                sign_in(server, token)
            else:
                with pytest.raises(imaplib.IMAP4.error):
                    sign_in(server, token)


def sign_in(server: Dovecot, token: str) -> None:
    imap = imaplib.IMAP4(server.host, server.port, timeout=5)
    sasl = f"user={server.user}\x01auth=Bearer {token}\x01\x01".encode()
    try:
        imap.authenticate("XOAUTH2", lambda _: sasl)
    finally:
        imap.shutdown()
