"""SMTP with command pipelining (RFC 2920): the body of one letter and the envelope of the next in one write.

What was announced and not begun, and what was not even announced, is safe when the connection breaks; what was
written with its final dot and not answered is perhaps sent (RFC 1047).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence

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
        self._todo: deque[Letter] = deque()
        self._announced: Letter | None = None
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

    def put(self, letters: Sequence[Letter]) -> None:
        """Take these; `Ended` is called for each, once, now or later."""
        self.load += len(letters)
        self.carried += len(letters)
        self._todo.extend(letters)
        if self.closed:
            self._give_up()
        else:
            self._write(self._announcement())

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
        """Every letter in hand ends here."""
        self._transport = None
        self._give_up()

    def _answer(self, code: int, words: str) -> None:
        asked = self._expect.popleft() if self._expect else ""
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
        if code in (0, 421):  # it is closing, or is no mail server: what did not begin is left to another
            self._break_off("lost", server_words(code, words))
        elif not self.closed:
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
        letter, self._announced = self._announced, None
        refusal, self._refusal = self._refusal, None
        assert letter is not None
        assert refusal is not None
        self._end(letter, refusal)

    def _begin(self) -> None:
        """The body, its end, and what comes next, in one write; never after our hold on the letter ended."""
        letter = self._announced
        assert letter is not None
        if monotonic() > letter.until:
            self._break_off("our_side", N_("the worker was stopped just before sending"))
            return
        self._announced, self._dotted = None, letter
        self._expect.append(DOT)
        self._write(on_the_wire(letter.content) + self._announcement())

    def _announcement(self) -> bytes:
        """The envelope of the next letter where one may be said now: DATA is the last word of a group."""
        while self._announced is None and self._todo and (not self._expect or self._expect[-1] == DOT):
            letter = self._todo.popleft()
            try:
                envelope = self._envelope(letter)
            except Rejected as error:
                self._end(letter, error)
                continue
            self._announced, self._refusal = letter, None
            if self._prefix:
                self._expect.append(RSET)
            self._expect.extend((MAIL, RCPT, DATA))
            said, self._prefix = self._prefix + envelope, b""
            return said
        return b""

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

    def _write(self, data: bytes) -> None:
        if data and self._transport is not None:
            self._heard = monotonic()
            self._transport.write(data)

    def _break_off(self, code: str, words: str) -> None:
        self._why = (code, words)
        if self._transport is not None:
            self._transport.abort()

    def _give_up(self) -> None:
        """Nothing more can be heard: what each letter in hand is now."""
        code, words = self._why
        dotted, announced, self._dotted, self._announced = self._dotted, self._announced, None, None
        waiting = list(self._todo)
        self._todo.clear()
        self._expect.clear()
        if dotted is not None:
            self._end(dotted, _perhaps(code))
        if announced is not None:
            self._end(announced, self._refusal or _safe(code, words))
        for letter in waiting:
            self._end(letter, None)

    def _end(self, letter: Letter, outcome: Sent | SendError | None) -> None:
        self.load -= 1
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
