"""Before a campaign leaves: is each sender address proven to be ours, so that large mailboxes take its mail?

What Gmail, Yahoo and Microsoft ask of whoever writes to many (support.google.com/a/answer/81126,
senders.yahooinc.com/best-practices): SPF and DKIM, DMARC with alignment, valid names of the sending server,
one-click unsubscribing. What stops a campaign is *blocking*, and says which record to publish.
"""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from hub.campaigns import dkim_keys, dmarc, spf
from hub.campaigns.dmarc import Dmarc
from hub.campaigns.preflight_words import MEANINGS
from hub.campaigns.relays import COMMON_SELECTORS, Relay, relay_of
from hub.campaigns.spf import MOST_LOOKUPS, Spf
from hub.channels import connections
from hub.channels.registry import adapter
from hub.plumbing.db import Tx
from hub.plumbing.dns import NamesUnavailable, Resolver
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

Check = Literal["spf", "dkim", "dmarc", "alignment", "names", "replies", "unsubscribe", "reserved"]
Severity = Literal["ok", "warning", "blocking"]
CHECKS: tuple[Check, ...] = ("spf", "dkim", "dmarc", "alignment", "names", "replies", "unsubscribe")
RESERVED = ("test", "example", "invalid", "localhost", "local")
"""Nothing real stands under these (RFC 2606, 6762): what is written from there reaches only a lab."""
SHORT_KEY, WEAK_KEY = 1024, 2048
MOST_SECONDS = 25.0
MOST_A_MINUTE = 30
"""Questions of one person."""


class Sender(msgspec.Struct, frozen=True, kw_only=True):
    """An address campaigns leave from. `relay`: the server its mail is handed to; `public_url`: this hub's."""

    address: str
    name: str = ""
    channel_id: int = 0
    relay: str = ""
    selector: str = ""
    public_url: str = ""

    @property
    def domain(self) -> str:
        """What receivers look up, in the letters the name system has."""
        domain = self.address.rpartition("@")[2].lower()
        return domain if domain.isascii() else domain.encode("idna").decode("ascii")


class Record(msgspec.Struct, frozen=True):
    """What to publish with whoever keeps the domain's names."""

    name: str
    type: str
    value: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found about one sender. `told` fills the words of `code`; `publish`: the record that mends it."""

    address: str
    check: Check
    code: str
    severity: Severity = "ok"
    told: dict[str, Any] = {}
    publish: Record | None = None

    @property
    def words(self) -> str:
        """In the language being spoken."""
        return _(MEANINGS[self.code], **self.told)


async def asked_by(
    hub: Hub, agent_id: int, channel_ids: Sequence[int] = ()
) -> tuple[list[Sender], list[Finding]]:
    """The addresses campaigns leave from, and what is found about each, asked anew: somebody just published a record.

    Each time asks other people's name servers. Raises TooMany.
    """
    await hub.limits.check(f"preflight:{agent_id}", most=MOST_A_MINUTE, seconds=60)
    async with hub.transaction() as tx:
        known = await senders(tx, hub.settings.base_url, channel_ids)
    return known, await check(Resolver(hub.settings.dns), known)


async def senders(tx: Tx, public_url: str, channel_ids: Sequence[int] = ()) -> list[Sender]:
    """The addresses mail leaves from: of these lines, or of all that are switched on."""
    found = []
    for line in await connections.load_where(tx, "enabled"):
        can = adapter(line.kind).can
        if (channel_ids and line.id not in channel_ids) or not (can.sends and can.subject):
            continue
        if "@" in line.address:
            found.append(
                Sender(
                    address=line.address,
                    name=line.name,
                    channel_id=line.id,
                    relay=str(line.settings.get("smtp_host", "")).strip().lower(),
                    selector=str(line.settings.get("dkim_selector", "")).strip().lower(),
                    public_url=public_url,
                )
            )
    return found


async def check(resolver: Resolver, senders: Sequence[Sender]) -> list[Finding]:
    """Everything found about these senders, in their order; nothing raised: what cannot be asked is a finding."""
    found = await asyncio.gather(*(_bounded(resolver, one) for one in senders))
    return [finding for one in found for finding in one]


def blocks(findings: Sequence[Finding]) -> list[Finding]:
    """Those that stop a campaign."""
    return [one for one in findings if one.severity == "blocking"]


async def _bounded(resolver: Resolver, sender: Sender) -> list[Finding]:
    if sender.domain.rpartition(".")[2] in RESERVED:
        return [Finding(address=sender.address, check="reserved", code="reserved")]
    try:
        async with asyncio.timeout(MOST_SECONDS):
            return await _all(resolver, sender)
    except (NamesUnavailable, TimeoutError):
        return [
            Finding(address=sender.address, check="names", code="not_asked", severity="warning"),
            _unsubscribe(sender),
        ]


async def _all(resolver: Resolver, sender: Sender) -> list[Finding]:
    relay, domain = relay_of(sender.relay), sender.domain
    spf_record, policy, taking = await asyncio.gather(
        spf.read(resolver, domain), dmarc.read(resolver, domain), resolver.mail_servers(domain)
    )
    selectors = (
        [sender.selector] if sender.selector else [*(relay.selectors if relay else ()), *COMMON_SELECTORS]
    )
    above = [policy.domain] if policy.domain and policy.domain != domain else []
    key = await dkim_keys.find(resolver, list(dict.fromkeys(selectors)), [domain, *above])
    spoken = await _spf(resolver, sender, relay, spf_record)
    signed = _dkim(sender, relay, key)
    return [
        spoken,
        signed,
        _dmarc(sender, policy),
        _alignment(sender, policy, spoken, signed, key),
        await _names(resolver, sender, relay),
        await _replies(resolver, sender, taking),
        _unsubscribe(sender),
    ]


async def _spf(resolver: Resolver, sender: Sender, relay: Relay | None, known: Spf) -> Finding:
    domain = sender.domain
    about: dict[str, Any] = {"domain": domain}
    allowed = f"include:{relay.spf}" if relay else (f"a:{sender.relay}" if sender.relay else "mx")
    whole = Record(domain, "TXT", f"v=spf1 {allowed} ~all")
    made = partial(_found, sender, "spf")
    if not known.found:
        return made("spf_missing", "blocking", about, whole)
    if known.found > 1:
        return made("spf_several", "blocking", about | {"n": known.found})
    if known.broken:
        return made("spf_broken", "blocking", about | {"word": known.broken[:100]})
    if known.lookups > MOST_LOOKUPS:
        return made("spf_too_long", "blocking", about | {"n": known.lookups, "most": MOST_LOOKUPS})
    if known.ends == "+":
        return made("spf_open", "blocking", about)
    if not await _is_named(resolver, sender, relay, known):
        head, _blank, rest = known.record.partition(" ")
        added = Record(domain, "TXT", f"{head} {allowed} {rest}".strip())
        ours = relay is not None and relay.under_our_name
        told = about | {"relay": sender.relay or "—"}
        return made("spf_without_relay", "blocking" if ours else "warning", told, added)
    if known.ends not in ("-", "~"):
        return made("spf_undecided", "warning", about)
    return made("spf_good", "ok", about)


async def _is_named(resolver: Resolver, sender: Sender, relay: Relay | None, known: Spf) -> bool:
    if relay is not None:
        return relay.spf in known.names
    public = await _public(resolver, sender.relay)
    return known.unclear or not public or any(known.allows(one) for one in public)


def _dkim(sender: Sender, relay: Relay | None, key: dkim_keys.Key | None) -> Finding:
    made = partial(_found, sender, "dkim")
    if key is None:
        code = "dkim_not_there" if sender.selector else "dkim_missing"
        missing = {"domain": sender.domain, "name": f"{sender.selector}._domainkey.{sender.domain}"}
        return made(code, "blocking", missing)
    told = {"name": f"{key.selector}._domainkey.{key.domain}", "bits": key.bits}
    if key.state != "good":
        return made(f"dkim_{key.state}", "blocking", told)
    if key.bits and key.bits < WEAK_KEY:
        return made("dkim_short", "blocking" if key.bits < SHORT_KEY else "warning", told)
    return made("dkim_good", "ok", told)


def _dmarc(sender: Sender, known: Dmarc) -> Finding:
    made, domain = partial(_found, sender, "dmarc"), sender.domain
    if not known.found:
        record = Record(f"_dmarc.{domain}", "TXT", f"v=DMARC1; p=none; rua=mailto:{sender.address}")
        return made("dmarc_missing", "blocking", {"domain": domain}, record)
    if known.found > 1:
        return made("dmarc_several", "blocking", {"domain": known.domain, "n": known.found})
    if known.policy not in ("none", "quarantine", "reject"):
        return made("dmarc_broken", "blocking", {"domain": known.domain})
    return made("dmarc_good", "ok", {"domain": known.domain, "policy": known.policy})


def _alignment(
    sender: Sender, policy: Dmarc, spoken: Finding, signed: Finding, key: dkim_keys.Key | None
) -> Finding:
    """The name in From is the one that SPF or DKIM proves; our bounces go to the same domain."""
    made, about = partial(_found, sender, "alignment"), {"domain": sender.domain}
    by_key = key is not None and signed.severity != "blocking"
    if by_key and key is not None and key.domain != sender.domain and policy.strict_dkim:
        by_key = False
    by_spf = spoken.severity == "ok"
    if by_key or by_spf:
        return made("aligned", "ok", about)
    return made("not_aligned", "blocking", about)


async def _names(resolver: Resolver, sender: Sender, relay: Relay | None) -> Finding:
    """The sending server's address has a name that leads back to it; large relays see to that themselves."""
    made = partial(_found, sender, "names")
    public = [] if relay is not None else await _public(resolver, sender.relay)
    for address in public:
        told = {"relay": sender.relay, "address": address}
        back = await resolver.names(address)
        if not back:
            return made("no_reverse_name", "warning", told)
        forward = await asyncio.gather(*(resolver.addresses(name) for name in back[:5]))
        if address not in {one for each in forward for one in each}:
            return made("reverse_name_differs", "warning", told | {"name": back[0]})
    return made("names_good", "ok", {})


async def _replies(resolver: Resolver, sender: Sender, taking: Sequence[str]) -> Finding:
    made, about = partial(_found, sender, "replies"), {"domain": sender.domain}
    if any(taking):
        return made("replies_good", "ok", about)
    if taking or not await resolver.addresses(sender.domain):
        return made("no_mail_server", "blocking", about)
    return made("replies_by_address", "warning", about)


def _unsubscribe(sender: Sender) -> Finding:
    """RFC 8058 §3.1: one click works over https alone, and from outside."""
    made, parts = partial(_found, sender, "unsubscribe"), urlsplit(sender.public_url)
    if parts.scheme != "https" or _is_inside(parts.hostname or ""):
        return made("unsubscribe_inside", "blocking", {"url": sender.public_url})
    return made("unsubscribe_good", "ok", {})


async def _public(resolver: Resolver, host: str) -> list[str]:
    """The addresses of a server that others can see; of one inside we cannot know how its mail leaves."""
    if not host:
        return []
    known = [host] if _is_address(host) else await resolver.addresses(host)
    return [one for one in known if ipaddress.ip_address(one).is_global]


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_inside(host: str) -> bool:
    if _is_address(host):
        return not ipaddress.ip_address(host).is_global
    return "." not in host or host.rpartition(".")[2] in RESERVED


def _found(
    sender: Sender,
    check: Check,
    code: str,
    severity: Severity,
    told: dict[str, Any],
    publish: Record | None = None,
) -> Finding:
    return Finding(
        address=sender.address, check=check, code=code, severity=severity, told=told, publish=publish
    )
