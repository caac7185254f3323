"""A pretend name server over real UDP: answers from a dictionary, refuses what it is told to, or says nothing.

    async with DnsServer({("acme.es", "TXT"): ["v=spf1 -all"]}) as server:
        Resolver(server.address)

Addresses, names and texts as in a zone file; MX as "10 mx.acme.es.". `broken` names get SERVFAIL, `silent` ones no
answer. `asked` lists (name, type) of every question.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = dict[tuple[str, str], list[str]]


class DnsServer(asyncio.DatagramProtocol):
    """One zone on a port of its own at 127.0.0.1."""

    def __init__(self, zone: Zone, *, broken: tuple[str, ...] = (), silent: tuple[str, ...] = ()) -> None:
        self.zone, self.broken, self.silent = zone, broken, silent
        self.asked: list[tuple[str, str]] = []
        self._transport: asyncio.DatagramTransport | None = None

    @property
    def address(self) -> str:
        """host:port, as HUB_DNS wants it."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return f"{host}:{port}"

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._transport is not None
        self._transport.close()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One question, one answer."""
        question = dns.message.from_wire(data)
        [asked] = question.question
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        if name in self.broken:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif values := self.zone.get((name, kind)):
            written = [_quoted(one) if kind == "TXT" else one for one in values]
            answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", kind, *written))
        elif not any(known == name for known, _kind in self.zone):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        assert self._transport is not None
        self._transport.sendto(answer.to_wire(), addr)


def _quoted(text: str) -> str:
    """In pieces of at most 255 bytes, as a zone file writes a long text."""
    return " ".join(f'"{text[start : start + 255]}"' for start in range(0, len(text), 255))
