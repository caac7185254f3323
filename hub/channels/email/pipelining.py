"""SMTP with command pipelining (RFC 2920): the body of one letter and the envelope of the next in one write.

What was announced and not begun, and what was not even announced, is safe when the connection breaks; what was
written with its final dot and not answered is perhaps sent (RFC 1047).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping

from hub.channels.courier import Carrier, Ended, Letter
from hub.channels.email.sending import as_ascii_where_possible, dot_stuffed
from hub.channels.email.smtp_words import refused_content, server_words
from hub.channels.errors import Rejected, SendError, Throttled, Unknown, Unreachable
from hub.channels.outgoing import Sent
from hub.plumbing.clock import monotonic
from hub.plumbing.texts import N_

MOST_ANSWER_BYTES = 65_536
MAIL, RCPT, DATA, DOT, EMPTY, RSET = "MAIL", "RCPT", "DATA", "DOT", "EMPTY", "RSET"


class Pipe(asyncio.Protocol, Carrier):
    """One connection after its EHLO offered PIPELINING. `extensions`: what else it offered, in lower case."""

    def __init__(self, extensions: Mapping[str, str], ended: Ended, *, seconds: float = 60.0) -> None:
        size = extensions.get("size", "")
        self._most_bytes = int(size) if size.isdigit() else 0
        self._says_size = "size" in extensions
        self._body = " BODY=8BITMIME" if "8bitmime" in extensions else ""
        self._ended, self._seconds = ended, seconds
        self._transport: asyncio.Transport | None = None
        self._next: Letter | None = None
        self._following: Letter | None = None
        self._said = self._welcome = self._cleared = False
        self._dotted: Letter | None = None
        self._refusal: SendError | None = None
        self._expect: deque[str] = deque()
        self._got = b""
        self._words: list[str] = []
        self._heard = monotonic()
        self._why = ("lost", N_("the mail server closed the connection"))
        self._prefix = b""

    def take_over(self, transport: asyncio.Transport) -> None:
        """Go on where a client that greeted and signed in left off; nothing it asked may be unanswered."""
        self._transport = transport
        transport.set_protocol(self)

    @property
    def closed(self) -> bool:
        """Whether nothing can be put on it any more."""
        return self._transport is None or self._transport.is_closing()

    def announce(self, letter: Letter) -> None:
        """Its envelope, as soon as one may be said: no server can keep what has no content.

        While another still waits for its welcome it comes behind, never in its place: that one's content would follow
        this one's envelope.
        """
        if self._next is not None:
            self._following = letter
            return
        self._next = letter
        if self.closed:
            self._give_up()
        else:
            self._write(self._announcement())

    def put(self, letter: Letter, following: Letter | None) -> None:
        """Its content, as soon as the server wants it, and the envelope of the following in the same write."""
        self._following = following
        if self._next is None:
            self.announce(letter)
        if self._next is letter:
            if self.closed:  # between its end and our hearing of it: not a byte of this one left
                self._give_up()
                return
            self._cleared = True
            if self._welcome:
                self._begin()
            else:
                self._write(self._announcement())

    def withdraw(self, letter: Letter) -> None:
        """What was said of it can only be unsaid by hanging up."""
        if self._next is letter:
            if self._said:
                self._break_off("lost", N_("the mail server closed the connection"))
            self._turn_to(None)

    def look(self, now: float) -> None:
        """Break off when the other side has been silent too long."""
        if self._expect and now - self._heard > self._seconds:
            self._break_off("timeout", N_("the mail server does not answer in time"))

    def leave(self) -> None:
        """Say goodbye; whatever comes of it concerns no letter (promise 7)."""
        if self._transport is not None and not self._transport.is_closing():
            if not self._expect:
                self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Answers, whole or in pieces."""
        self._heard = monotonic()
        self._got += data
        *lines, self._got = self._got.split(b"\r\n")
        for line in lines:
            self._words.append(line[4:].decode("utf-8", "replace"))
            if line[3:4] == b"-":
                continue
            words, self._words = " ".join(self._words), []
            self._answer(int(line[:3]) if line[:3].isdigit() else 0, words)
        if len(self._got) + sum(map(len, self._words)) > MOST_ANSWER_BYTES:
            self._break_off("greeting", N_("what answers there is not a mail server"))

    def connection_lost(self, exc: Exception | None) -> None:
        """What is in hand ends here."""
        self._transport = None
        self._give_up()

    def _answer(self, code: int, words: str) -> None:
        asked = self._expect.popleft() if self._expect else ""
        if code in (0, 421):  # it is closing, or is no mail server: what did not begin is left to another
            self._break_off("lost", server_words(code, words))
        if asked == DOT:
            self._verdict(code, words)
        elif asked in (MAIL, RCPT):
            if not 200 <= code < 300 and self._refusal is None:
                self._refusal = refused_content(code, words)
        elif asked == DATA:
            self._may_begin(code, words)
        elif asked == EMPTY:
            self._refused()
        elif asked == RSET and code != 250:
            self._break_off("lost", N_("the mail server closed the connection"))
        if not self.closed:
            self._write(self._announcement())

    def _verdict(self, code: int, words: str) -> None:
        letter, self._dotted = self._dotted, None
        assert letter is not None
        if 200 <= code < 300:
            self._end(letter, Sent(answer=server_words(code, words)))
        elif 400 <= code < 600:
            self._end(letter, refused_content(code, words))
        else:
            told = N_("perhaps sent: the mail server's answer makes no sense")
            self._end(letter, Unknown(told, code=str(code)))

    def _may_begin(self, code: int, words: str) -> None:
        if code == 354 and self._refusal is None:
            self._welcome = True
            if self._cleared:
                self._begin()
        elif (
            code == 354
        ):  # it refused the recipient and wants a message all the same: an empty one, to nobody
            self._expect.append(EMPTY)
            self._write(b".\r\n")
        else:
            self._refusal = self._refusal or refused_content(code, words)
            self._prefix = b"RSET\r\n"  # a sender it took would make the next MAIL a nested one
            self._refused()

    def _refused(self) -> None:
        letter, refusal = self._next, self._refusal
        self._turn_to(self._following)
        if letter is not None and refusal is not None:
            self._end(letter, refusal)

    def _begin(self) -> None:
        """The content, its end, and the next envelope, in one write; never after our hold on the letter ended."""
        letter = self._next
        assert letter is not None
        if self.closed:  # what it is then is told when the loss is
            return
        if monotonic() > letter.until:
            self._break_off("our_side", N_("the worker was stopped just before sending"))
            return
        self._dotted = letter
        self._turn_to(self._following)
        self._expect.append(DOT)
        if letter.smooth:  # nothing to look for, nothing to copy
            self._write(letter.content, b".\r\n" + self._announcement())
        else:
            self._write(on_the_wire(letter.content), self._announcement())

    def _turn_to(self, letter: Letter | None) -> None:
        self._next, self._following, self._refusal = letter, None, None
        self._said = self._welcome = self._cleared = False

    def _announcement(self) -> bytes:
        """The envelope of the next letter where one may be said now: DATA is the last word of a group."""
        if self._next is None or self._said or (self._expect and self._expect[-1] != DOT):
            return b""
        letter = self._next
        try:
            envelope = self._envelope(letter)
        except Rejected as error:
            self._turn_to(self._following)
            asyncio.get_running_loop().call_soon(self._end, letter, error)  # not while it is being announced
            return b""
        self._said = True
        if self._prefix:
            self._expect.append(RSET)
        self._expect.extend((MAIL, RCPT, DATA))
        said, self._prefix = self._prefix + envelope, b""
        return said

    def _envelope(self, letter: Letter) -> bytes:
        """Raises Rejected for what this server could not take."""
        if 0 < self._most_bytes < len(letter.content):
            raise Rejected(N_("the mail is larger than our mail server accepts"), code="size")
        sender, recipient = as_ascii_where_possible(letter.sender), as_ascii_where_possible(letter.recipient)
        both = sender + recipient
        if not (both.isascii() and both.isprintable()) or "<" in both or ">" in both or " " in both:
            raise Rejected(N_("our mail server cannot write to an address with such letters"), code="address")
        size = f" SIZE={len(letter.content)}" if self._says_size else ""
        return f"MAIL FROM:<{sender}>{size}{self._body}\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()

    def _write(self, data: bytes, more: bytes = b"") -> None:
        if (data or more) and self._transport is not None:
            self._heard = monotonic()
            if more:
                self._transport.writelines((data, more))
            else:
                self._transport.write(data)

    def _break_off(self, code: str, words: str) -> None:
        self._why = (code, words)
        if self._transport is not None:
            self._transport.abort()

    def _give_up(self) -> None:
        """Nothing more can be heard: what each letter in hand is now."""
        code, words = self._why
        dotted, announced, following = self._dotted, self._next, self._following
        refusal, begun = self._refusal, self._cleared and self._said
        self._dotted = None
        self._turn_to(None)
        self._expect.clear()
        if dotted is not None:
            self._end(dotted, _perhaps(code))
        if announced is not None:
            self._end(announced, refusal or (_safe(code, words) if begun else None))
        if following is not None:
            self._end(following, None)

    def _end(self, letter: Letter, outcome: Sent | SendError | None) -> None:
        if not letter.over:
            letter.over = True
            self._ended(self, letter, outcome)


def on_the_wire(content: bytes) -> bytes:
    """As sending.dot_stuffed, at a fifth of its price for content whose line ends are all CRLF already."""
    ends = content.count(b"\r\n")
    if content.count(b"\n") != ends or content.count(b"\r") != ends or not content.endswith(b"\r\n"):
        return dot_stuffed(content)
    first = b"." if content.startswith(b".") else b""
    return first + content.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def _perhaps(code: str) -> Unknown:
    if code == "timeout":
        return Unknown(N_("perhaps sent: the mail server took it and did not answer"), code=code)
    return Unknown(N_("perhaps sent: the connection broke before the answer"), code=code)


def _safe(code: str, words: str) -> SendError:
    return Throttled(words, code="421") if words.startswith("421") else Unreachable(words, code=code)
