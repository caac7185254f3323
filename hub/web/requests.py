"""What a handler may ask of its request: the hub, the person, the peer, and whether JSON is wanted."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from aiohttp import web

from hub.agents.roles import Person
from hub.agents.sessions import Session
from hub.intake import Inbound
from hub.plumbing.errors import SignInNeeded
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _
from hub.plumbing.urls import parts

HUB = web.AppKey("hub", Hub)
INBOUND = web.AppKey("inbound", Inbound)
SESSION = web.RequestKey("session", Session)
PERSON = web.RequestKey("person", Person)
NUMBER = web.RequestKey("number", str)
OPEN = web.AppKey("open", frozenset)
"""The handlers nobody needs to be signed in for; every other one is behind `middleware.guard`."""
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def hub_of(request: web.Request) -> Hub:
    """The process's hub."""
    return request.app[HUB]


def session_of(request: web.Request) -> Session | None:
    """The open session of the request's cookie, if any."""
    return request.get(SESSION)


def person_of(request: web.Request) -> Person:
    """Who is signed in. Raises SignInNeeded."""
    person: Person | None = request.get(PERSON)
    if person is None:
        raise SignInNeeded(_("Sign in first."))
    return person


def id_of(request: web.Request, name: str = "id") -> int:
    """A number of the address; the route's pattern has checked that it is one."""
    return int(request.match_info[name])


def inbound_of(request: web.Request) -> Inbound:
    """The road in of this process, for whoever hands in an arrival."""
    return request.app[INBOUND]


def wants_json(request: web.Request) -> bool:
    """Whether the answer, errors included, should be JSON: the API, and whoever asks for it."""
    accept = request.headers.get("Accept", "")
    return request.path.startswith("/api/") or ("json" in accept and "html" not in accept)


def peer_of(request: web.Request) -> str:
    """The network address of whoever asks; X-Forwarded-For counts only from a trusted proxy.

    From right to left, the first address that is no trusted proxy is the one no stranger could write.
    """
    trusted = networks(hub_of(request).settings.trusted_proxies)
    peer = request.remote or "local"
    if not _is_in(peer, trusted):
        return peer
    said = ",".join(request.headers.getall("X-Forwarded-For", []))
    for address in reversed([part.strip() for part in said.split(",") if part.strip()]):
        if not _is_address(address):
            break
        peer = address
        if not _is_in(address, trusted):
            break
    return peer


def from_here(request: web.Request) -> bool:
    """Whether a browser says that one of our own pages sent this; True when no browser says anything.

    The Host header is only compared, never used: a page that lies about it has no cookie of ours.
    """
    origin = request.headers.get("Origin")
    if origin is None:
        return request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")
    ours = {urlsplit(hub_of(request).settings.base_url).netloc, request.headers.get("Host", "")}
    return parts(origin).netloc in ours - {""}


def local_path(path: str, otherwise: str = "/inbox/mine") -> str:
    """`path` if it stays on this site, else `otherwise`: nobody is sent away by a link to us (promise 64)."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe and not urlsplit(path).netloc else otherwise


def came_from(request: web.Request, otherwise: str = "/inbox/mine") -> str:
    """The page a button stood on: its path alone, whatever site the header claims."""
    _scheme, _slashes, rest = request.headers.get("Referer", "").partition("://")
    return local_path("/" + rest.partition("/")[2], otherwise) if rest else otherwise


def networks(text: str) -> list[Network]:
    """The networks of HUB_TRUSTED_PROXIES. Raises ValueError naming the one that is none."""
    return [ipaddress.ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip()]


def _is_in(peer: str, trusted: list[Network]) -> bool:
    if not trusted or not _is_address(peer):
        return False
    address = ipaddress.ip_address(peer)
    return any(address in network for network in trusted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
