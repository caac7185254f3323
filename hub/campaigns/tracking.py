"""What people do with a campaign's message: links followed (to stored places only), mails opened by who agreed.

Mail scanners and previews follow links too. What looks like a machine is counted apart: HEAD, a prefetch, within
seconds of sending, or many links of one message at once. Opens are approximate for the same reason, and because
many programs never load pictures.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.campaigns import counts
from hub.campaigns.campaigns import Campaign
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

LINK, OPENED = "link", "opened"
MOST_LINKS = 999
LONGEST_URL = 2000
SCANNED_SECONDS = 5
AT_ONCE_SECONDS = 5
AT_ONCE = 3
"""So many different links of one message within AT_ONCE_SECONDS are no person's."""


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """One link of one step: how many people followed it, how often, and how often machines did."""

    step: int
    n: int
    url: str
    people: int
    times: int
    machine_times: int


async def keep_links(tx: Tx, campaign_id: int, step: int, urls: Sequence[str]) -> dict[str, int]:
    """The numbers of these links within the step, old ones as they were: url → n. Raises BadInput(url).

    Only what stands here is ever redirected to (promise 64). A link that differs for each person is not kept, and
    leaves as it is.
    """
    for url in urls:
        if (
            not url.startswith(("http://", "https://"))
            or len(url.encode()) > LONGEST_URL
            or not url.isprintable()
        ):
            raise BadInput(_("This is no link that can be counted: %(url)s", url=url[:200]), field="url")
    await tx.execute(
        "SELECT FROM campaign_step WHERE campaign_id = $1 AND step = $2 FOR UPDATE", campaign_id, step
    )
    known = await links(tx, campaign_id, step)
    fresh = [url for url in dict.fromkeys(urls) if url not in known]
    if len(known) + len(fresh) > MOST_LINKS:
        raise BadInput(_("A message has at most %(n)s links.", n=MOST_LINKS), field="url")
    await tx.execute(
        "INSERT INTO link (campaign_id, step, n, url) SELECT $1, $2, * FROM unnest($3::smallint[], $4::text[])",
        campaign_id,
        step,
        [len(known) + number for number, _url in enumerate(fresh, 1)],
        fresh,
    )
    return {url: n for url, n in (await links(tx, campaign_id, step)).items() if url in set(urls)}


def link_url(base_url: str, crypto: Crypto, recipient_id: int, n: int) -> str:
    """Where link number `n` of a recipient's message leads first."""
    return f"{base_url}/l/{crypto.sign(LINK, recipient_id * 1000 + n)}"


def open_url(base_url: str, crypto: Crypto, recipient_id: int) -> str:
    """The picture that tells that a mail was opened; only for who agreed (customers/preferences.may_see_opens)."""
    return f"{base_url}/o/{crypto.sign(OPENED, recipient_id)}.gif"


async def follow(tx: Tx, recipient_id: int, n: int, *, machine: bool) -> str | None:
    """Where the link leads, and note that it was followed; None for a link that does not stand in that message."""
    row = await tx.record(
        """
        SELECT l.url, coalesce(d.sent_at, d.started_at, r.due_at) > now() - make_interval(secs => $3) AS scanned
        FROM recipient r JOIN link l ON l.campaign_id = r.campaign_id AND l.step = r.step AND l.n = $2
        LEFT JOIN delivery d ON d.recipient_id = r.id
        WHERE r.id = $1
        """,
        recipient_id,
        n,
        SCANNED_SECONDS,
    )
    if row is None:
        return None
    # Two links at the same moment: the second waits for the first and sees it.
    await tx.execute("SELECT pg_advisory_xact_lock(hashtextextended('click', $1))", recipient_id)
    just_now = await tx.fetch(
        """
        SELECT n FROM click WHERE recipient_id = $1 AND n <> $2 AND last_at > now() - make_interval(secs => $3)
        """,
        recipient_id,
        n,
        AT_ONCE_SECONDS,
    )
    many = len(just_now) + 1 >= AT_ONCE
    if many:
        await tx.execute(
            """
            UPDATE click SET times = 0, machine_times = machine_times + times
            WHERE recipient_id = $1 AND n = ANY($2) AND times > 0
              AND first_at > now() - make_interval(secs => $3)
            """,
            recipient_id,
            [one["n"] for one in just_now],
            2 * AT_ONCE_SECONDS,
        )
    await tx.execute(
        """
        INSERT INTO click (recipient_id, n, times, machine_times)
        VALUES ($1, $2, 1 - $3::int, $3::int)
        ON CONFLICT (recipient_id, n) DO UPDATE
        SET times = click.times + excluded.times, machine_times = click.machine_times + excluded.machine_times,
            last_at = now()
        """,
        recipient_id,
        n,
        int(machine or many or bool(row["scanned"])),
    )
    url: str = row["url"]
    return url


async def note_opened(tx: Tx, recipient_id: int) -> bool:
    """Count it if the campaign asks for it and the person agrees at this moment; whether it was counted."""
    return bool(
        await tx.execute(
            """
            INSERT INTO opening (recipient_id)
            SELECT r.id FROM recipient r JOIN campaign c ON c.id = r.campaign_id AND c.track_opens
            WHERE r.id = $1 AND (SELECT granted FROM consent WHERE consent.address_id = r.address_id
                                 AND purpose = 'opens' ORDER BY id DESC LIMIT 1)
            ON CONFLICT (recipient_id) DO UPDATE SET times = opening.times + 1, last_at = now()
            """,
            recipient_id,
        )
    )


async def followed(tx: Tx, campaign: Campaign) -> list[Followed]:
    """Every link of a campaign by step and number, also those nobody followed. Of a large one as counted last."""
    return await counts.or_now(tx, campaign, "links", list[Followed], followed_now)


async def followed_now(tx: Tx, campaign: Campaign) -> list[Followed]:
    """The same, counted."""
    return await tx.rows(
        Followed,
        """
        WITH clicked AS MATERIALIZED (
            SELECT recipient_id, n, times, machine_times FROM click
            WHERE recipient_id BETWEEN (SELECT min(id) FROM recipient WHERE campaign_id = $1)
                                   AND (SELECT max(id) FROM recipient WHERE campaign_id = $1)
        ), followed AS (
            SELECT r.step, k.n, count(*) FILTER (WHERE k.times > 0) AS people, sum(k.times) AS times,
                   sum(k.machine_times) AS machine_times
            FROM clicked k JOIN recipient r ON r.id = k.recipient_id AND r.campaign_id = $1 GROUP BY 1, 2
        )
        SELECT l.step, l.n, l.url, coalesce(f.people, 0) AS people, coalesce(f.times, 0)::int AS times,
               coalesce(f.machine_times, 0)::int AS machine_times
        FROM link l LEFT JOIN followed f USING (step, n)
        WHERE l.campaign_id = $1 ORDER BY l.step, l.n
        """,
        campaign.id,
    )


async def opened(tx: Tx, campaign: Campaign) -> int:
    """About how many opened it, of those who agreed that we learn it. Of a large campaign as counted last."""
    return await counts.or_now(tx, campaign, "opened", int, opened_now)


async def opened_now(tx: Tx, campaign: Campaign) -> int:
    """The same, counted."""
    counted: int = await tx.value(
        """
        SELECT count(*) FROM opening o JOIN recipient r ON r.id = o.recipient_id
        WHERE r.campaign_id = $1 AND o.recipient_id BETWEEN (SELECT min(id) FROM recipient WHERE campaign_id = $1)
                                                        AND (SELECT max(id) FROM recipient WHERE campaign_id = $1)
        """,
        campaign.id,
    )
    return counted


async def campaign_named(tx: Tx, recipient_id: int, address_id: int) -> str:
    """In which campaign's message a link stood, as kept as proof: “Otoño” #12; "" when that is not known any more."""
    found: str | None = await tx.value(
        """
        SELECT '“' || c.name || '” #' || c.id FROM recipient r JOIN campaign c ON c.id = r.campaign_id
        WHERE r.id = $1 AND r.address_id = $2
        """,
        recipient_id,
        address_id,
    )
    return found or ""


async def links(tx: Tx, campaign_id: int, step: int) -> dict[str, int]:
    """The links of a step that are counted, each with its number."""
    rows = await tx.fetch("SELECT url, n FROM link WHERE campaign_id = $1 AND step = $2", campaign_id, step)
    return {row["url"]: row["n"] for row in rows}
