"""One connection's work on one mailbox: every UID gets an outcome, and is marked only after our commit."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import date, timedelta
from typing import Any

import msgspec
import structlog

from hub.channels.arrivals import Outcome
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.channels.email.imap import ImapClient, Selected
from hub.channels.email.imap_account import ImapRefused
from hub.channels.facts import AnyFact, MessageReceived
from hub.plumbing.hub import Hub
from workers.mailroom import backfill
from workers.mailroom.addresses import Addresses
from workers.mailroom.cursor import Cursor, Noted, Place
from workers.mailroom.suspects import Suspects
from workers.mailroom.taking_in import LARGEST_MAIL, TakingIn, unreadable

RANGE = 50
GROUP_BYTES = 8_000_000
QUARANTINED_BYTES = 65_536
log = structlog.get_logger(__name__)


class Reading:
    """One connection's work on one folder: every UID gets an outcome, in order, marked only after our commit."""

    def __init__(
        self,
        hub: Hub,
        channel: Channel,
        lease: str,
        client: ImapClient,
        *,
        taking_in: TakingIn,
        addresses: Addresses,
        suspects: Suspects,
    ) -> None:
        self._hub, self._channel, self._client = hub, channel, client
        self._taking_in, self._addresses, self._suspects = taking_in, addresses, suspects
        self._cursor = Cursor(hub, channel.id, lease, client.account.folder)
        self._after = str(channel.settings.get("imap_after") or "seen")
        self._largest = int(channel.settings.get("imap_largest") or LARGEST_MAIL)
        self._validity = 0
        self._last = 0
        self._counts = True

    async def open(self) -> None:
        """Select the folder; begin its numbering if it is new to us. Raises ImapError, LeaseLost."""
        place = await self._cursor.place()
        selected = await self._client.select(place.folder)
        self._validity, self._last = selected.uidvalidity, place.cursor_uid
        if place.uidvalidity != selected.uidvalidity:
            await self._begin(selected, place)
        await self._mark_again()

    async def read_new(self) -> None:
        """Everything above the cursor, and once a day whatever was missed in the last three."""
        await self._take_all(self._suspects.awake(self._validity))
        uids = await self._client.uids_from(self._last + 1)
        await self._take_all(uids, advance=True)
        if not uids:
            await self._advance(self._last)
        place = await self._cursor.place()
        if place.sweep_due:
            await self._sweep(place.now.date())

    async def _begin(self, selected: Selected, place: Place) -> None:
        """First connect, or the server numbered the mailbox anew: what came lately is read; keys sort out repeats.

        The numbering counts as ours only at the end, so a crash in between repeats this.
        """
        below = max(selected.uidnext - 1, 0)
        criteria = backfill.criteria(self._channel, place)
        wanted = [uid for uid in await self._client.search(criteria) if uid <= below] if criteria else []
        await self._take_all(wanted)
        # The daily comparison must not take for missed what we left alone on purpose.
        recent = await self._client.search(backfill.since(place.now.date(), timedelta(days=5)))
        left = sorted({uid for uid in recent if uid <= below} - set(wanted))
        await self._cursor.note(self._validity, [Noted(uid=uid, outcome="before") for uid in left])
        self._counts, self._last = False, 0
        await self._advance(below)

    async def _sweep(self, today: date) -> None:
        """INVARIANTS §17: three days by SEARCH SINCE, against what we noted."""
        uids = await self._client.search(backfill.since(today, timedelta(days=3)))
        noted = await self._cursor.noted(self._validity, uids)
        missed = [uid for uid in uids if uid not in noted and uid <= self._last]
        if missed:
            log.warning("mails found by the daily comparison", channel=self._channel.id, count=len(missed))
            await self._take_all(missed)
        await self._cursor.swept()

    async def _take_all(self, uids: list[int], *, advance: bool = False) -> None:
        for start in range(0, len(uids), RANGE):
            part = uids[start : start + RANGE]
            noted = await self._cursor.noted(self._validity, part)
            open_ = [uid for uid in part if uid not in noted]
            await self._take_range([uid for uid in open_ if not self._suspects.rests(self._validity, uid)])
            if advance:
                await self._advance(part[-1])

    async def _advance(self, uid: int) -> None:
        """Up to `uid`, but never past a mail that is still open."""
        self._last = max(uid, self._last)
        lowest = self._suspects.lowest_open(self._validity)
        if self._counts:
            await self._cursor.advance(self._last if lowest is None else min(self._last, lowest - 1))
        elif lowest is None:
            await self._cursor.begin(self._validity, self._last)
            self._counts = True

    async def _take_range(self, uids: list[int]) -> None:
        if not uids:
            return
        sizes = await self._client.sizes(uids)
        gone = [Noted(uid=uid, outcome="gone") for uid in uids if uid not in sizes]
        await self._cursor.note(self._validity, gone)
        for one in gone:
            self._suspects.forget(self._validity, one.uid)
        for uid in [uid for uid in sizes if self._suspects.is_hopeless(self._validity, uid)]:
            await self._quarantine(uid, b"", "its mail server hangs up whenever we fetch it")
            self._suspects.forget(self._validity, uid)
            del sizes[uid]
        too_large = [uid for uid in sizes if sizes[uid] > self._largest]
        for group in self._groups([uid for uid in sorted(sizes) if uid not in too_large], sizes):
            with self._suspects.watching(self._validity, group):
                bodies = await self._client.bodies(group, self._largest + 1)
            await self._take_group(group, bodies)
        for uid in too_large:
            start = await self._client.bodies([uid], QUARANTINED_BYTES)
            await self._quarantine(uid, start.get(uid, b""), self._too_large(sizes[uid]))

    def _groups(self, uids: Iterable[int], sizes: dict[int, int]) -> list[list[int]]:
        """UIDs in order, cut so that a group stays under GROUP_BYTES; a large or suspect mail stands alone."""
        groups: list[list[int]] = []
        held = GROUP_BYTES
        for uid in uids:
            alone = self._suspects.is_suspect(self._validity, uid)
            if alone or held + sizes[uid] > GROUP_BYTES:
                groups.append([])
                held = 0
            groups[-1].append(uid)
            held += GROUP_BYTES if alone else sizes[uid]
        return groups

    async def _take_group(self, uids: list[int], bodies: dict[int, bytes]) -> None:
        """Read side by side, store in the order they came, then note, then mark."""
        present = [uid for uid in uids if uid in bodies]
        mails = [await self._addressed(uid, bodies[uid]) for uid in present]
        facts = await asyncio.gather(*(self._taking_in.facts(channel, raw) for channel, raw in mails))
        outcomes = await self._stored_in_order(mails, facts)
        ended = {uid: done for uid, done in zip(present, outcomes, strict=True) if isinstance(done, Outcome)}
        noted = [
            Noted(uid=uid, outcome=done.state, arrival_id=done.arrival_id) for uid, done in ended.items()
        ]
        await self._cursor.note(
            self._validity, noted + [Noted(uid=uid, outcome="gone") for uid in uids if uid not in bodies]
        )
        await self._mark(list(ended))
        self._look_at_failures(dict(zip(present, outcomes, strict=True)))

    async def _stored_in_order(
        self, mails: list[tuple[Channel, Raw]], facts: list[list[AnyFact]]
    ) -> list[Outcome | BaseException]:
        """One commit for as many as possible; a mail with files waits for them, so its followers wait for it."""
        done: list[Outcome | BaseException] = []
        together: list[Coroutine[Any, Any, Outcome]] = []
        for (channel, raw), understood in zip(mails, facts, strict=True):
            together.append(self._taking_in.store(channel, raw, understood))
            if len(raw.body) > QUARANTINED_BYTES or any(has_files(fact) for fact in understood):
                *before, last = together
                done += await asyncio.gather(*before, return_exceptions=True)
                done += await asyncio.gather(last, return_exceptions=True)
                together = []
        return done + await asyncio.gather(*together, return_exceptions=True)

    def _look_at_failures(self, outcomes: dict[int, Outcome | BaseException]) -> None:
        """All failed: the database is away, raise. Some failed: they rest, so that they block nobody."""
        failed = {uid: error for uid, error in outcomes.items() if isinstance(error, BaseException)}
        for uid, error in failed.items():
            if len(failed) == len(outcomes):
                raise error
            log.warning(
                "mail not stored, its neighbours were", channel=self._channel.id, uid=uid, error=repr(error)
            )
            self._suspects.not_stored(self._validity, uid)
        for uid in outcomes.keys() - failed.keys():
            self._suspects.forget(self._validity, uid)

    async def _addressed(self, uid: int, body: bytes) -> tuple[Channel, Raw]:
        channel, reached = await self._addresses.sort(self._channel, body)
        envelope = {
            "door": "imap",
            "peer": self._client.account.host,
            "folder": self._client.account.folder,
            "uid": f"{self._validity}.{uid}",
        }
        raw = Raw(body=body, envelope=envelope | ({"rcpt_to": reached} if reached else {}))
        return await self._taking_in.sorted(channel, raw), raw

    async def _quarantine(self, uid: int, start: bytes, reason: str) -> None:
        """What we do not take is shown once, with words; the mail stays where it is."""
        channel, whole = await self._addressed(uid, start)
        raw = msgspec.structs.replace(whole, envelope=whole.envelope | {"partial": "1"})
        fact = unreadable(f"{reason}; it is still in its mailbox", key=f"left:{self._validity}.{uid}")
        outcome = await self._taking_in.store(channel, raw, [fact])
        noted = Noted(uid=uid, outcome=outcome.state, arrival_id=outcome.arrival_id)
        await self._cursor.note(self._validity, [noted])

    def _too_large(self, size: int) -> str:
        return f"too large: {size / 1_048_576:.1f} MB, the limit is {self._largest / 1_048_576:.0f} MB"

    async def _mark(self, uids: list[int]) -> None:
        """Only after our commit. A server that refuses to mark costs nobody a mail."""
        if not uids or self._after == "nothing":
            return
        try:
            verb, _, folder = self._after.partition(":")
            if verb == "move" and folder:
                await self._client.move(uids, folder)
            else:
                await self._client.mark_seen(uids)
        except ImapRefused as error:
            log.warning("mails not marked", channel=self._channel.id, problem=error.reason)

    async def _mark_again(self) -> None:
        """What was stored and perhaps not marked, because the connection broke between the two."""
        if self._after == "nothing":
            return
        unmarked = await self._client.search("ALL" if self._after.startswith("move:") else "UNSEEN")
        recent = unmarked[-1000:]
        await self._mark(sorted(await self._cursor.noted_lately(self._validity, recent)))


def has_files(fact: AnyFact) -> bool:
    """True when something of it is put into the file store before it is stored."""
    return isinstance(fact, MessageReceived) and bool(fact.attachments)
