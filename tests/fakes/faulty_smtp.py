"""A fault-injecting SMTP server on the loopback: scriptable, with a log of every attempt.

In a test: `with FaultySmtp("RCPT=550, quit-hang") as server: …; server.attempts`. It runs in its own thread,
so a killed worker process does not take it along. As a process of its own:
`python -m tests.fakes.faulty_smtp --port 2600 --script "drop-after-dot" --log attempts.jsonl`.

Script words, separated by commas (`Script.of`); replies are `CODE` or `CODE words`:
    BANNER=421  EHLO=…  AUTH=535  MAIL=…  RCPT=450  DATA=…  DOT=451  RSET=…  NOOP=…
    RCPT2=550               only the second recipient of a message
    RCPT:bad@x.test=550     only this recipient
    drop-at-connect · drop-before-dot · drop-after-dot · drop-in-body · drop-after-250 · quit-hang
    421-mid                 answers MAIL with 421 and closes; 421-mid:DATA chooses the command
    tarpit:5                that many seconds before every reply;  tarpit:5:DOT before that reply only
    hold:DATA               nothing before that reply until the test says `go_on`; `holding` tells that it waits
    blackhole               accepts the connection and never answers;  blackhole:DOT from that reply on
    354-anyway              DATA is welcome although no recipient was: what comes then goes to nobody
    slow:2000               reads the body at that many bytes a second
    no-PIPELINING no-SMTPUTF8 no-8BITMIME no-SIZE  with-AUTH with-STARTTLS  size:1000
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import re
import ssl
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.fakes.background import BackgroundLoop

USUAL_REPLIES = {
    "BANNER": "220 faulty.test ESMTP",
    "MAIL": "250 2.1.0 sender ok",
    "RCPT": "250 2.1.5 recipient ok",
    "DATA": "354 go ahead",
    "DOT": "250 2.0.0 queued as {number}",
    "RSET": "250 2.0.0 flushed",
    "NOOP": "250 2.0.0 ok",
    "QUIT": "221 2.0.0 bye",
    "AUTH": "235 2.7.0 welcome",
}


@dataclass(frozen=True)
class Script:
    """What the server does wrong; the default does nothing wrong."""

    replies: dict[str, str] = field(default_factory=dict)
    offers: tuple[str, ...] = ("PIPELINING", "8BITMIME", "SMTPUTF8", "SIZE 52428800")
    words: frozenset[str] = frozenset()
    pauses: dict[str, float] = field(default_factory=dict)
    silent_from: str = ""
    held_at: str = ""
    hang_up_at: str = ""
    bytes_a_second: int = 0

    @classmethod
    def of(cls, text: str = "") -> Script:
        """The script a line of words means; raises ValueError for a word it does not know."""
        script = cls()
        for word in filter(None, (part.strip() for part in text.split(","))):
            script = script._with(word)
        return script

    def _with(self, word: str) -> Script:
        name, _, value = word.partition("=")
        if value and re.fullmatch(r"BANNER|EHLO|AUTH|MAIL|DATA|DOT|RSET|NOOP|QUIT|RCPT(\d+|:.+)?", name):
            reply = value if " " in value else f"{value} {_scolding(value)}"
            return replace(self, replies=self.replies | {name: reply})
        kind, _, rest = word.partition(":")
        match kind:
            case "tarpit":
                seconds, _, stage = rest.partition(":")
                return replace(self, pauses=self.pauses | {stage: float(seconds)})
            case "hold":
                return replace(self, held_at=rest)
            case "blackhole":
                return replace(self, silent_from=rest or "BANNER")
            case "421-mid":
                return replace(self, hang_up_at=rest or "MAIL")
            case "slow":
                return replace(self, bytes_a_second=int(rest))
            case "size":
                others = tuple(offer for offer in self.offers if not offer.startswith("SIZE"))
                return replace(self, offers=(*others, f"SIZE {rest}"))
            case "with-AUTH":
                return replace(self, offers=(*self.offers, "AUTH PLAIN LOGIN XOAUTH2"))
            case "with-STARTTLS":
                return replace(self, offers=(*self.offers, "STARTTLS"))
        if kind.startswith("no-"):
            return replace(self, offers=tuple(o for o in self.offers if o.split()[0] != kind[3:]))
        if kind in _DROPS:
            return replace(self, words=self.words | {kind})
        raise ValueError(f"faulty_smtp knows no {word!r}")


_DROPS = {
    "drop-at-connect",
    "drop-before-dot",
    "drop-after-dot",
    "drop-in-body",
    "drop-after-250",
    "quit-hang",
    "354-anyway",
}


def _scolding(code: str) -> str:
    return {"4": "4.3.0 try again later", "5": "5.1.1 no such user here"}.get(code[:1], "as scripted")


@dataclass
class Attempt:
    """One message somebody tried to hand over; `raw` is the body without dot-stuffing, as received."""

    at: float
    session: int
    mail_from: str = ""
    rcpt_to: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    raw: bytes = b""
    message_id: str = ""
    bare_lf: bool = False
    result: str = "unfinished"
    user: str = ""
    tls: bool = False

    @property
    def has_body(self) -> bool:
        """True when the server holds the whole body: a real one might have delivered it."""
        return self.result.startswith("250") or self.result == "drop-after-dot"


class FaultySmtp:
    """The server. `script` may be changed at any time; `turns` are scripts for the next messages in order."""

    def __init__(
        self,
        script: Script | str = "",
        *,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        implicit_tls: bool = False,
        users: dict[str, str] | None = None,
        tokens: dict[str, str] | None = None,
        log: Path | None = None,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = port
        self.script = Script.of(script) if isinstance(script, str) else script
        self.turns: list[Script] = []
        self.attempts: list[Attempt] = []
        self.commands: list[tuple[int, str]] = []
        self.sessions = 0
        self.open_sessions = 0
        self.holding = 0
        self.tls, self.implicit_tls = tls, implicit_tls
        self.users, self.tokens = users or {}, tokens or {}
        self._log = log
        self._changed = threading.Condition()
        self._goes_on = asyncio.Event()
        self._background: BackgroundLoop | None = None
        self._server: asyncio.Server | None = None

    def __enter__(self) -> FaultySmtp:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> FaultySmtp:
        """Listens; `port` is then the real one. May be started again on the same port after `stop`."""
        self._background = BackgroundLoop("faulty-smtp")
        self._server = self._background.call(self._listen())
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def stop(self) -> None:
        """Closes the door and hangs up on everybody; the log stays readable."""
        if self._background and self._server:
            self._background.loop.call_soon_threadsafe(self._server.close)
            self._background.close()
            self._background = self._server = None

    def then(self, *scripts: str) -> None:
        """Scripts for the next messages, one each; afterwards `script` holds again."""
        self.turns.extend(Script.of(script) for script in scripts)

    def become(self, script: str) -> None:
        """From now on, this script."""
        self.script = Script.of(script)

    def go_on(self) -> None:
        """Answers who was held; nobody is held any more."""
        assert self._background is not None
        self._background.loop.call_soon_threadsafe(self._goes_on.set)

    async def held(self) -> None:
        """Waits for `go_on`."""
        self.holding += 1
        await self._goes_on.wait()
        self.holding -= 1

    @property
    def bodies(self) -> list[Attempt]:
        """The attempts whose whole body the server holds."""
        return [attempt for attempt in list(self.attempts) if attempt.has_body]

    def copies(self) -> dict[str, int]:
        """How many bodies came with each Message-ID."""
        counted: dict[str, int] = {}
        for attempt in self.bodies:
            counted[attempt.message_id] = counted.get(attempt.message_id, 0) + 1
        return counted

    def wait_for(self, count: int, seconds: float = 40.0) -> list[Attempt]:
        """The attempts once there are `count` finished ones; raises AssertionError when there are not.

        Blocks its thread: in an async test use `await asyncio.to_thread(server.wait_for, n)`.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: len(self._finished()) >= count, seconds):
                raise AssertionError(f"wanted {count} attempts, saw {self.attempts}")
            return self._finished()

    def _finished(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.result != "unfinished"]

    def note(self, attempt: Attempt, result: str) -> None:
        """Writes down how an attempt ended."""
        with self._changed:
            attempt.result = result
            self._changed.notify_all()
        if self._log:
            plain = asdict(attempt) | {"raw": base64.b64encode(attempt.raw).decode()}
            with self._log.open("a") as file:
                file.write(json.dumps(plain) + "\n")

    async def _listen(self) -> asyncio.Server:
        background = self._background
        assert background is not None
        return await asyncio.start_server(
            lambda reader, writer: background.begin(self._serve(reader, writer)),
            self.host,
            self.port,
            ssl=self.tls if self.implicit_tls else None,
            limit=2**26,
            reuse_address=True,
            backlog=512,
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.sessions += 1
        self.open_sessions += 1
        session = _Session(self, self.sessions, reader, writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, _HangUp, ssl.SSLError):
                await session.run()
        finally:
            self.open_sessions -= 1
            session.left()
            writer.close()


class _HangUp(Exception):
    """The script says: close now."""


class _Session:
    """One connection."""

    def __init__(
        self, server: FaultySmtp, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.server, self.number, self.reader, self.writer = server, number, reader, writer
        self.attempt: Attempt | None = None
        self.turn: Script | None = None
        self.user = ""
        self.tls = server.implicit_tls
        self.recipients_seen = 0
        self.nested = False

    @property
    def script(self) -> Script:
        return self.turn or self.server.script

    async def run(self) -> None:
        if self.server.turns and "BANNER" in self.server.turns[0].replies:
            self.turn = self.server.turns.pop(0)
        if "drop-at-connect" in self.script.words:
            raise _HangUp
        if not await self.answer("BANNER"):
            attempt = Attempt(time.time(), self.number)
            self.server.attempts.append(attempt)
            self.server.note(attempt, self.script.replies.get("BANNER", "blackhole"))
            raise _HangUp
        self.turn = None
        while line := await self.reader.readline():
            await self.obey(line)

    async def obey(self, line: bytes) -> None:
        command = line.decode("utf-8", "replace").rstrip("\r\n")
        self.server.commands.append((self.number, command))
        verb = command.split(" ")[0].upper()
        if verb == self.script.hang_up_at:
            if self.attempt is None:
                self.begin(command)
            await self.say("421 4.3.2 closing, come back later")
            self.finish("421-mid")
            raise _HangUp
        match verb:
            case "EHLO" | "HELO":
                await self.greet()
            case "STARTTLS":
                await self.start_tls()
            case "AUTH":
                await self.authenticate(command)
            case "MAIL":
                await self.mail(command)
            case "RCPT":
                await self.rcpt(command)
            case "DATA":
                await self.data()
            case "RSET":
                self.left("rset")
                self.nested = False
                await self.answer("RSET")
            case "QUIT":
                if "quit-hang" in self.script.words:
                    await asyncio.sleep(3600)
                await self.answer("QUIT")
                raise _HangUp
            case "NOOP":
                await self.answer("NOOP")
            case _:
                await self.say("500 5.5.2 what?")

    async def greet(self) -> None:
        if "EHLO" in self.script.replies:
            await self.answer("EHLO")
            return
        offers = [o for o in self.script.offers if o != "STARTTLS" or not self.tls]
        await self.pause("EHLO")
        lines = ["faulty.test", *offers]
        await self.say("\r\n".join(f"250{'-' if n < len(lines) else ' '}{x}" for n, x in enumerate(lines, 1)))

    async def start_tls(self) -> None:
        if self.server.tls is None:
            await self.say("454 4.7.0 TLS not available")
            return
        await self.say("220 2.0.0 go ahead")
        await self.writer.start_tls(self.server.tls)
        self.tls = True

    async def authenticate(self, command: str) -> None:
        _, mechanism, *initial = command.split(" ")
        if mechanism.upper() == "XOAUTH2":
            await self.check_token(_decoded(initial[0] if initial else ""))
            return
        if mechanism.upper() == "LOGIN":
            user = initial[0] if initial else await self.ask("VXNlcm5hbWU6")
            given = [_decoded(user), _decoded(await self.ask("UGFzc3dvcmQ6"))]
        else:
            given = _decoded(initial[0] if initial else await self.ask("")).split("\0")[1:]
        if "AUTH" not in self.script.replies and self.server.users.get(given[0]) != given[1]:
            await self.say("535 5.7.8 Username and Password not accepted")
            return
        if await self.answer("AUTH"):
            self.user = given[0]

    async def check_token(self, sasl: str) -> None:
        found = re.fullmatch("user=([^\x01]*)\x01auth=Bearer ([^\x01]*)\x01\x01", sasl)
        if found and self.server.tokens.get(found[1]) == found[2]:
            self.user = found[1]
            await self.answer("AUTH")
            return
        # Google and Microsoft send the reason as a challenge and want an empty answer before the 535.
        await self.ask(base64.b64encode(b'{"status":"400","schemes":"Bearer"}').decode())
        await self.say("535 5.7.8 token not accepted")

    async def ask(self, challenge: str) -> str:
        await self.say(f"334 {challenge}")
        return (await self.reader.readline()).decode().strip()

    async def mail(self, command: str) -> None:
        if self.nested:
            await self.say("503 5.5.1 nested MAIL command")
            return
        self.turn = self.server.turns.pop(0) if self.server.turns else None
        self.begin(command)
        if self.script.hang_up_at == "MAIL":
            await self.say("421 4.3.2 closing, come back later")
            self.finish("421-mid")
            raise _HangUp
        self.nested = await self.answer("MAIL")
        if not self.nested:
            self.finish(self.script.replies.get("MAIL", ""))

    def begin(self, command: str) -> None:
        self.recipients_seen = 0
        self.attempt = Attempt(
            time.time(), self.number, mail_from=_address(command), user=self.user, tls=self.tls
        )
        self.server.attempts.append(self.attempt)

    async def rcpt(self, command: str) -> None:
        if self.attempt is None:
            await self.say("503 5.5.1 MAIL first")
            return
        self.recipients_seen += 1
        address = _address(command)
        replies = self.script.replies
        reply = next(
            (replies[key] for key in (f"RCPT:{address}", f"RCPT{self.recipients_seen}") if key in replies), ""
        )
        if await self.answer("RCPT", reply):
            self.attempt.rcpt_to.append(address)
        else:
            self.attempt.refused.append((address, reply or replies.get("RCPT", "refused")))

    async def data(self) -> None:
        if self.attempt is None or not self.attempt.rcpt_to:
            if self.attempt is not None and "354-anyway" in self.script.words:
                await self.say("354 go ahead")
                self.attempt.raw = await self.body()
                self.nested = False
            await self.say("554 5.5.1 no valid recipients")
            self.left("no recipients")
            return
        if not await self.answer("DATA"):
            self.finish(self.script.replies["DATA"])
            return
        wire = await self.body()
        self.nested = False
        self.attempt.raw = re.sub(rb"(?m)^\.", b"", wire)
        self.attempt.bare_lf = bool(re.search(rb"(?<!\r)\n|\r(?!\n)", wire))
        found = re.search(rb"(?mi)^Message-ID:\s*(\S+)", self.attempt.raw)
        self.attempt.message_id = found[1].decode("utf-8", "replace") if found else ""
        if "drop-after-dot" in self.script.words:
            self.finish("drop-after-dot")
            raise _HangUp
        number = len(self.server.attempts)
        reply = self.script.replies.get("DOT", USUAL_REPLIES["DOT"]).format(number=number)
        # Logged before it is said: who hears the answer finds it in the log.
        self.finish("drop-after-dot" if self.script.silent_from == "DOT" else reply)
        accepted = await self.answer("DOT", reply)
        if accepted and "drop-after-250" in self.script.words:
            raise _HangUp

    async def body(self) -> bytes:
        lines: list[bytes] = []
        while True:
            line = await self.reader.readuntil(b"\r\n")
            if "drop-in-body" in self.script.words:
                self.finish("drop-in-body")
                raise _HangUp
            if line == b".\r\n" and (not lines or lines[-1].endswith(b"\r\n")):
                if "drop-before-dot" in self.script.words:
                    self.finish("drop-before-dot")
                    raise _HangUp
                return b"".join(lines)
            lines.append(line)
            if self.script.bytes_a_second:
                await asyncio.sleep(len(line) / self.script.bytes_a_second)

    async def answer(self, stage: str, reply: str = "") -> bool:
        """Says the scripted or usual reply; True when it is a 2xx or 3xx."""
        if self.script.silent_from == stage:
            await asyncio.sleep(3600)
        if self.script.held_at == stage:
            await self.server.held()
        await self.pause(stage)
        text = reply or self.script.replies.get(stage) or USUAL_REPLIES.get(stage, "250 ok")
        await self.say(text)
        if text.startswith("421") and stage != "BANNER":
            self.finish(text)
            raise _HangUp
        return text[0] in "23"

    async def pause(self, stage: str) -> None:
        seconds = self.script.pauses.get(stage, self.script.pauses.get("", 0))
        if seconds:
            await asyncio.sleep(seconds)

    async def say(self, text: str) -> None:
        self.writer.write(text.encode() + b"\r\n")
        await self.writer.drain()

    def finish(self, result: str) -> None:
        if self.attempt is not None:
            self.server.note(self.attempt, result)
        self.attempt = None

    def left(self, otherwise: str = "client left") -> None:
        """The other side gave the message up: because all recipients were refused, or on its own."""
        if self.attempt is not None:
            hopeless = self.attempt.refused and not self.attempt.rcpt_to
            self.finish(self.attempt.refused[-1][1] if hopeless else otherwise)


def _address(command: str) -> str:
    found = re.search(r"<([^>]*)>", command)
    return found[1] if found else ""


def _decoded(text: str) -> str:
    return base64.b64decode(text + "=" * (-len(text) % 4)).decode("utf-8", "replace")


def read_log(path: Path) -> list[Attempt]:
    """The attempts a server in another process wrote down."""
    attempts: list[Attempt] = []
    for line in path.read_text().splitlines():
        plain: dict[str, Any] = json.loads(line)
        plain["raw"] = base64.b64decode(plain["raw"])
        plain["refused"] = [tuple(pair) for pair in plain["refused"]]
        attempts.append(Attempt(**plain))
    return attempts


def main() -> None:
    """A server in a process of its own, until it is ended."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--port", type=int, default=0)
    options.add_argument("--script", default="")
    options.add_argument("--log", type=Path)
    given = options.parse_args()
    with FaultySmtp(given.script, port=given.port, log=given.log) as server:
        print(f"listening on {server.host}:{server.port}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
