"""The only way the hub fetches a URL somebody else chose: resolved once, checked, pinned, bounded.

Addresses inside (loopback, private, link-local, odd spellings of them) are refused unless the operator
allowed the host by name. The address that was checked is the address that is connected to, so a name that
changes its answer gains nothing; every redirect is checked again (promise 58).
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult

from hub.plumbing.errors import BadInput, HubError, Unavailable
from hub.plumbing.texts import N_, _

MOST_BYTES = 10_000_000
MOST_SECONDS = 20.0
MOST_REDIRECTS = 3
PLAIN_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?\.?")
# 64:ff9b::/96 and 2002::/16 carry an IPv4 address inside: what is behind them is checked too.
_CARRIERS = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))


class ForbiddenUrl(BadInput):
    """The URL leads inside, or is none we fetch; the same words for every reason, so nobody scans with us."""

    code = "forbidden_url"


class TooLarge(HubError):
    """The answer is larger than what was asked for allows."""

    status = 502
    code = "too_large"


class Fetched(msgspec.Struct, frozen=True):
    """An answer, read to its end. `url` is where it came from after redirects."""

    status: int
    headers: dict[str, str]
    body: bytes
    url: str

    def json(self) -> Any:
        """The body as JSON. Raises Unavailable when it is none."""
        try:
            return msgspec.json.decode(self.body)
        except msgspec.DecodeError as error:
            raise Unavailable(_("The other side answered something that is not JSON.")) from error


class HttpClient:
    """A guarded client. `allowed_hosts` may be inside: names or addresses, spelled as in the URL."""

    def __init__(
        self,
        *,
        allowed_hosts: Iterable[str] = (),
        resolver: AbstractResolver | None = None,
        seconds: float = MOST_SECONDS,
    ) -> None:
        self.allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self.seconds = seconds
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpClient:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Give back the connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, most_bytes: int = MOST_BYTES
    ) -> Fetched:
        """GET. Raises ForbiddenUrl, TooLarge, Unavailable (no answer in time)."""
        return await self.fetch("GET", url, headers=headers, most_bytes=most_bytes)

    async def post(
        self,
        url: str,
        *,
        data: Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> Fetched:
        """POST, a form from a mapping or raw bytes; never follows a redirect. Raises as `get`."""
        return await self.fetch("POST", url, data=data, headers=headers, most_bytes=most_bytes)

    async def fetch(
        self,
        method: str,
        url: str,
        *,
        data: Mapping[str, str] | bytes | None = None,
        headers: Mapping[str, str] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> Fetched:
        """One request within `seconds` over all redirects. Raises as `get`."""
        try:
            async with asyncio.timeout(self.seconds):
                return await self._follow(method, url, data, dict(headers or {}), most_bytes)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(N_("the other side did not answer as it should")) from error

    async def _follow(
        self,
        method: str,
        url: str,
        data: Mapping[str, str] | bytes | None,
        headers: dict[str, str],
        most_bytes: int,
    ) -> Fetched:
        for _hop in range(MOST_REDIRECTS + 1):
            answer = await self._once(method, url, data, headers, most_bytes)
            target = answer.headers.get("location", "")
            if method != "GET" or answer.status not in (301, 302, 303, 307, 308) or not target:
                return answer
            following = urljoin(url, target)
            if urlsplit(following)[:2] != urlsplit(url)[:2]:  # another scheme, host or port
                headers = {name: value for name, value in headers.items() if name.lower() != "authorization"}
            url = following
        raise ForbiddenUrl(N_("this address is not allowed"), field="url")

    async def _once(
        self,
        method: str,
        url: str,
        data: Mapping[str, str] | bytes | None,
        headers: dict[str, str],
        most_bytes: int,
    ) -> Fetched:
        self._check_spelling(url)
        async with self._opened().request(
            method, url, data=data, headers=headers, allow_redirects=False
        ) as response:
            body = await self._bounded(response, most_bytes)
            plain = {name.lower(): value for name, value in response.headers.items()}
            return Fetched(response.status, plain, body, url)

    async def _bounded(self, response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        async for part in response.content.iter_chunked(65536):
            size += len(part)
            if size > most_bytes:
                raise TooLarge(N_("the other side answered more than we accept"))
            parts.append(part)
        return b"".join(parts)

    def _check_spelling(self, url: str) -> None:
        """Scheme, host and port as we accept them; the addresses behind a name are checked when resolved."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as error:
            raise ForbiddenUrl(N_("this address is not allowed"), field="url") from error
        host = (parts.hostname or "").lower()
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.password:
            raise ForbiddenUrl(N_("this address is not allowed"), field="url")
        if host in self.allowed_hosts:
            return
        if port not in (None, 80, 443, 8080, 8443):
            raise ForbiddenUrl(N_("this address is not allowed"), field="url")
        self._check_host(host)

    def _check_host(self, host: str) -> None:
        try:
            literal = ipaddress.ip_address(host.partition("%")[0])
        except ValueError:
            # 2130706433, 0x7f.1 and 0177.0.0.1 are addresses to inet_aton and names to us: refused.
            last = host.rstrip(".").rpartition(".")[2]
            if not PLAIN_HOST.fullmatch(_ascii(host)) or not re.fullmatch(r"[a-z][a-z0-9-]*", _ascii(last)):
                raise ForbiddenUrl(N_("this address is not allowed"), field="url") from None
            return
        if "%" in host or not is_public(str(literal)):
            raise ForbiddenUrl(N_("this address is not allowed"), field="url")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Checked(self._resolver or aiohttp.ThreadedResolver(), self.allowed_hosts),
                    use_dns_cache=False,
                    limit=32,
                    limit_per_host=8,
                ),
                timeout=aiohttp.ClientTimeout(total=self.seconds, sock_connect=min(10.0, self.seconds)),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a bomb stays small; we ask for identity
                headers={"User-Agent": "Dialogo", "Accept-Encoding": "identity"},
                trust_env=False,
            )
        return self._session


class _Checked(AbstractResolver):
    """Resolves, drops every address that is not public; what it returns is what is connected to."""

    def __init__(self, inner: AbstractResolver, allowed_hosts: frozenset[str]) -> None:
        self._inner = inner
        self._allowed_hosts = allowed_hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The public addresses of `host`. Raises ForbiddenUrl when there is none."""
        found = await self._inner.resolve(host, port, family)
        if host.lower() in self._allowed_hosts:
            return found
        public = [result for result in found if is_public(result["host"])]
        if not public or len(public) < len(found):
            raise ForbiddenUrl(N_("this address is not allowed"), field="url")
        return public

    async def close(self) -> None:
        """Give back the inner resolver."""
        await self._inner.close()


def is_public(address: str) -> bool:
    """True for an address of the open internet, seen through IPv4-mapped, 6to4 and NAT64 spellings."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo[1] if parsed.teredo else None)
        if inner is None and any(parsed in network for network in _CARRIERS):
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is None and int(parsed) < 2**32:
            return False  # ::127.0.0.1, the long-dead "IPv4-compatible" spelling
        if inner is not None and not is_public(str(inner)):
            return False
    return parsed.is_global and not parsed.is_multicast


def _ascii(host: str) -> str:
    try:
        return host.encode("idna").decode().lower()
    except UnicodeError:
        return ""
