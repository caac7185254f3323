"""What a domain says about who may send for it (SPF, RFC 7208): its record followed to the end, within bounds."""

from __future__ import annotations

import ipaddress

import msgspec

from hub.plumbing.dns import Resolver

MOST_LOOKUPS = 10
"""RFC 7208 §4.6.4: more, and every receiver gives up."""
MOST_RECORDS = 25
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Spf(msgspec.Struct, kw_only=True):
    """A record followed to its end. `found`: how many records the domain has; one is right.

    `names`: all it includes. `ends`: the last word about everybody else: -, ~, ?, + or "". `unclear`: it holds a
    word that asks more than the name system (macros, exists), so that only a receiver knows.
    """

    found: int = 0
    record: str = ""
    lookups: int = 0
    names: set[str] = msgspec.field(default_factory=set)
    networks: list[Network] = msgspec.field(default_factory=list)
    ends: str = ""
    broken: str = ""
    unclear: bool = False

    def allows(self, address: str) -> bool:
        """Whether a sending server with this IP address is named."""
        known = ipaddress.ip_address(address)
        return any(known in network for network in self.networks)


async def read(resolver: Resolver, domain: str) -> Spf:
    """The domain's SPF. Raises NamesUnavailable."""
    spf = Spf()
    records = await _records(resolver, domain)
    spf.found = len(records)
    if len(records) == 1:
        spf.record = records[0]
        spf.ends = await _follow(resolver, spf, domain, records[0])
    return spf


async def _records(resolver: Resolver, domain: str) -> list[str]:
    texts = await resolver.texts(domain)
    return [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]


async def _follow(resolver: Resolver, spf: Spf, domain: str, record: str) -> str:
    """Gather what one record names; its word about everybody else."""
    redirect = ""
    for word in record.split()[1:]:
        qualifier, term = (word[0], word[1:]) if word[0] in "+-~?" else ("+", word)
        name, colon, value = term.partition(":")
        name, _slash, bits = (name if colon else term).partition("/")
        name = name.lower()
        if name == "all":
            return qualifier
        if term.lower().startswith("redirect="):
            redirect = term[9:]
        elif "=" in term and not colon:
            continue  # exp= and modifiers nobody knows (RFC 7208 §6)
        elif "%" in term or name in ("exists", "ptr"):
            spf.lookups += 1
            spf.unclear = True
        elif name == "include":
            await _include(resolver, spf, value.rstrip(".").lower())
        elif name in ("ip4", "ip6"):
            _add(spf, value, word, wanted=qualifier == "+")
        elif name in ("a", "mx"):
            spf.lookups += 1
            value, _slash, own_bits = value.partition("/")
            host = value or domain
            hosts = await resolver.mail_servers(host) if name == "mx" else [host]
            for address in [one for each in hosts[:10] if each for one in await resolver.addresses(each)]:
                _add(spf, f"{address}{_prefix(own_bits or bits, address)}", word, wanted=qualifier == "+")
        else:
            spf.broken = spf.broken or word
    return await _include(resolver, spf, redirect.rstrip(".").lower()) if redirect else ""


async def _include(resolver: Resolver, spf: Spf, name: str) -> str:
    spf.lookups += 1
    if name in spf.names or len(spf.names) >= MOST_RECORDS:
        return ""
    spf.names.add(name)
    records = await _records(resolver, name)
    if len(records) != 1:
        spf.broken = spf.broken or f"include:{name}"
        return ""
    return await _follow(resolver, spf, name, records[0])


def _prefix(bits: str, address: str) -> str:
    """`24`, `24//64` and `/64` (for IPv6 alone) as RFC 7208 §5.6 writes them behind a slash."""
    four, _slashes, six = f"/{bits}".partition("//")
    wanted = six if ":" in address else four.strip("/")
    return f"/{wanted}" if wanted else ""


def _add(spf: Spf, network: str, word: str, *, wanted: bool) -> None:
    try:
        known = ipaddress.ip_network(network, strict=False)
    except ValueError:
        spf.broken = spf.broken or word
        return
    if wanted:
        spf.networks.append(known)
