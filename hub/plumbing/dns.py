"""Asking the name system: few questions, each once, with an end; a name that does not exist is an empty answer."""

from __future__ import annotations

import asyncio
from typing import Any

import dns.asyncresolver
import dns.exception
import dns.name
import dns.resolver
import dns.reversename

from config.name_server import name_server
from hub.plumbing.errors import HubError

SECONDS = 4.0
TRY_SECONDS = 1.5


class NamesUnavailable(HubError):
    """No name server answered, or it could not find out: nothing is known, neither yes nor no."""

    code = "names_unavailable"


class Resolver:
    """Questions of one task: asked side by side and never twice. `server`: host or host:port; "" the system's."""

    def __init__(self, server: str = "") -> None:
        self._server = server
        self._asked: dict[tuple[str, str], asyncio.Task[list[Any]]] = {}

    async def texts(self, name: str) -> list[str]:
        """TXT, each joined from its pieces (RFC 7208 §3.3). Raises NamesUnavailable."""
        found = await self._ask(name, "TXT")
        return [b"".join(one.strings).decode("utf-8", "replace") for one in found]

    async def mail_servers(self, name: str) -> list[str]:
        """MX hosts, the preferred first; "" is the null MX of a name that takes no mail (RFC 7505).

        Raises NamesUnavailable.
        """
        found = sorted(await self._ask(name, "MX"), key=lambda one: int(one.preference))
        return [str(one.exchange).rstrip(".") for one in found]

    async def addresses(self, name: str) -> list[str]:
        """A and AAAA. Raises NamesUnavailable."""
        four, six = await asyncio.gather(self._ask(name, "A"), self._ask(name, "AAAA"))
        return [str(one.address) for one in (*four, *six)]

    async def names(self, address: str) -> list[str]:
        """PTR of an IP address. Raises NamesUnavailable."""
        found = await self._ask(str(dns.reversename.from_address(address)), "PTR")
        return [str(one.target).rstrip(".").lower() for one in found]

    async def _ask(self, name: str, kind: str) -> list[Any]:
        question = name.rstrip(".").lower(), kind
        if question not in self._asked:
            self._asked[question] = asyncio.create_task(self._answer(*question))
        return await asyncio.shield(self._asked[question])  # one who waits no longer takes it from nobody

    async def _answer(self, name: str, kind: str) -> list[Any]:
        try:
            return list(await self._resolver().resolve(name, kind, lifetime=SECONDS, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, dns.name.IDNAException):
            return []  # no name of this form can exist
        except (dns.exception.DNSException, OSError, EOFError) as error:
            raise NamesUnavailable(f"{name} {kind}: {error}"[:300]) from error

    def _resolver(self) -> dns.asyncresolver.Resolver:
        made = dns.asyncresolver.Resolver(configure=not self._server)
        if self._server:
            host, port = name_server(self._server)
            made.nameservers, made.port = [host], port
        made.timeout = TRY_SECONDS
        return made
