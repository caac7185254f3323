"""What a domain asks receivers to do with mail that is not proven to be its own (DMARC, RFC 7489)."""

from __future__ import annotations

import re

import msgspec

from hub.plumbing.dns import Resolver

MOST_LABELS = 8
_TAG = re.compile(r"\s*([a-z]+)\s*=\s*([^;]*?)\s*(?:;|$)", re.IGNORECASE)


class Dmarc(msgspec.Struct, frozen=True, kw_only=True):
    """`found`: how many records stand there; one is right. `domain`: where: the sender's own, or one above it."""

    found: int = 0
    domain: str = ""
    policy: str = ""
    strict_dkim: bool = False
    strict_spf: bool = False


async def read(resolver: Resolver, domain: str) -> Dmarc:
    """The record that holds for a sender's domain: its own, else the nearest above (a walk, no list of suffixes).

    Raises NamesUnavailable.
    """
    labels = domain.split(".")
    parents = [
        ".".join(labels[start:]) for start in range(max(0, len(labels) - MOST_LABELS), len(labels) - 1)
    ]
    for name in dict.fromkeys((domain, *parents)):
        texts = await resolver.texts(f"_dmarc.{name}")
        records = [text for text in texts if re.match(r"v\s*=\s*DMARC1\s*(;|$)", text)]
        if not records:
            continue
        tags = {tag.lower(): value.lower() for tag, value in _TAG.findall(records[0])}
        if tags.get("psd") == "y":
            break  # of a registry, not of the sender's organisation
        return Dmarc(
            found=len(records),
            domain=name,
            policy=(tags.get("sp", "") if name != domain else "") or tags.get("p", ""),
            strict_dkim=tags.get("adkim") == "s",
            strict_spf=tags.get("aspf") == "s",
        )
    return Dmarc()
