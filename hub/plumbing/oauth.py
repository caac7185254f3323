"""Signing in to mailboxes of Microsoft 365 and Google without a password: OAuth 2 and SASL XOAUTH2.

RFC 6749 (code, refresh), RFC 7636 (PKCE). What a channel needs lies in its settings (`oauth_provider`,
`oauth_client_id`, `oauth_tenant`, and for tests and sovereign clouds `oauth_authorize_url`,
`oauth_token_url`) and its secrets (`oauth_client_secret`, `oauth_refresh_token`).
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec

from hub.plumbing.clock import monotonic
from hub.plumbing.errors import BadInput, HubError, Unavailable
from hub.plumbing.http_client import Fetched, HttpClient
from hub.plumbing.texts import N_, _

RENEW_BEFORE_SECONDS = 300.0

# https://learn.microsoft.com/exchange/client-developer/legacy-protocols/how-to-authenticate-an-imap-pop-smtp-application-by-using-oauth
# https://developers.google.com/gmail/imap/xoauth2-protocol
PROVIDERS = {
    "microsoft": (
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
        "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send"
        " offline_access",
        {"prompt": "select_account"},
    ),
    "google": (
        "https://accounts.google.com/o/oauth2/v2/auth",
        "https://oauth2.googleapis.com/token",
        "https://mail.google.com/",
        # Google gives a refresh token only for offline access, and a second time only after a new consent.
        {"access_type": "offline", "prompt": "consent"},
    ),
}


class SignInExpired(HubError):
    """The mailbox's sign-in is void (password changed, consent withdrawn): a person must sign in again."""

    status = 409
    code = "sign_in_expired"


class App(msgspec.Struct, frozen=True, kw_only=True):
    """Our registration at a provider, and where the provider is.

    `inside`: hosts that may have private addresses, because the operator wrote them into the settings.
    """

    provider: str
    client_id: str
    client_secret: str
    authorize_url: str
    token_url: str
    scope: str
    extra: dict[str, str] = {}
    inside: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, Any], sealed: Mapping[str, str]) -> App:
        """The app a channel's settings and secrets describe. Raises BadInput naming what is missing."""
        provider = str(settings.get("oauth_provider", ""))
        if provider not in PROVIDERS:
            raise BadInput(
                _("Use one of: %(allowed)s.", allowed=", ".join(PROVIDERS)), field="oauth_provider"
            )
        authorize, token, scope, extra = PROVIDERS[provider]
        tenant = str(settings.get("oauth_tenant") or "common")
        client_id = str(settings.get("oauth_client_id", ""))
        if not client_id:
            raise BadInput(_("The client id of your app registration is missing."), field="oauth_client_id")
        return cls(
            provider=provider,
            client_id=client_id,
            client_secret=sealed.get("oauth_client_secret", ""),
            authorize_url=str(settings.get("oauth_authorize_url") or authorize.format(tenant=tenant)),
            token_url=str(settings.get("oauth_token_url") or token.format(tenant=tenant)),
            scope=scope,
            extra=extra,
            inside=_hosts(settings.get("oauth_token_url")),
        )


class Started(msgspec.Struct, frozen=True):
    """A sign-in on its way: the browser goes to `url`; keep `state` and `verifier` in the session."""

    url: str
    state: str
    verifier: str


class Granted(msgspec.Struct, frozen=True):
    """What the provider gave, for how many seconds; `refresh_token` is empty when it stays the same."""

    access_token: str
    expires_in: float
    refresh_token: str = ""


def _hosts(url: object) -> tuple[str, ...]:
    host = urlsplit(str(url or "")).hostname
    return (host,) if host else ()


Rotated = Callable[[str], Awaitable[None]]


def start(app: App, redirect_uri: str, *, login_hint: str = "") -> Started:
    """Where to send the browser so that a person signs the mailbox in (PKCE S256, fresh state)."""
    verifier, state = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "client_id": app.client_id,
        "response_type": "code",
        "redirect_uri": redirect_uri,
        "scope": app.scope,
        "state": state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        **app.extra,
    } | ({"login_hint": login_hint} if login_hint else {})
    joint = "&" if urlsplit(app.authorize_url).query else "?"
    return Started(f"{app.authorize_url}{joint}{urlencode(asked)}", state, verifier)


def sasl_xoauth2(user: str, access_token: str) -> bytes:
    """The SASL XOAUTH2 initial response, not yet base64. Raises ValueError for control characters."""
    if any(ord(character) < 32 or ord(character) == 127 for character in user + access_token):
        raise ValueError("a mailbox name or token with control characters")
    return f"user={user}\x01auth=Bearer {access_token}\x01\x01".encode()


class OAuth:
    """Fetches and keeps access tokens in memory: renewed 5 minutes early, one request at a time a mailbox."""

    def __init__(self) -> None:
        self._tokens: dict[str, tuple[str, float]] = {}
        self._flights: dict[str, asyncio.Task[str]] = {}
        self._replaced: dict[str, str] = {}

    async def exchange(self, app: App, code: str, verifier: str, redirect_uri: str) -> Granted:
        """The tokens for the code the browser came back with.

        Raises SignInExpired (code used, too old or not ours), BadInput (our registration), Unavailable.
        """
        granted = await self._ask(
            app,
            {
                "grant_type": "authorization_code",
                "code": code,
                "code_verifier": verifier,
                "redirect_uri": redirect_uri,
            },
        )
        if not granted.refresh_token:
            raise BadInput(_("The provider gave no lasting sign-in: allow offline access and try again."))
        return granted

    async def access_token(self, app: App, refresh_token: str, rotated: Rotated | None = None) -> str:
        """A token good for at least 5 minutes where the provider gives that long.

        `rotated` is awaited with a new refresh token when the provider replaced it; keep that one. What it raises
        is raised here, and the next call says the token again.
        Raises SignInExpired, BadInput, Unavailable.
        """
        if not refresh_token:
            raise SignInExpired(N_("nobody signed this mailbox in yet"))
        key = hashlib.sha256(f"{app.token_url}\0{app.client_id}\0{refresh_token}".encode()).hexdigest()
        token, until = self._tokens.get(key, ("", 0.0))
        if token and monotonic() < until:
            return token
        flight = self._flights.get(key)
        if flight is None or flight.get_loop() is not asyncio.get_running_loop():
            flight = asyncio.create_task(self._renew(app, key, refresh_token, rotated))
            self._flights[key] = flight
            flight.add_done_callback(lambda _: self._flights.pop(key, None))
        # Shielded: one impatient caller does not cancel the renewal the others wait for.
        return await asyncio.shield(flight)

    def forget(self, access_token: str) -> None:
        """A server refused this token: fetch a new one next time."""
        self._tokens = {key: kept for key, kept in self._tokens.items() if kept[0] != access_token}

    async def _renew(self, app: App, key: str, refresh_token: str, rotated: Rotated | None) -> str:
        current = self._replaced.get(key, refresh_token)
        granted = await self._ask(app, {"grant_type": "refresh_token", "refresh_token": current})
        newest = self._replaced[key] = granted.refresh_token or current
        if newest != refresh_token and rotated is not None:
            # Before the token is good for anything: what could not be kept is said again.
            await rotated(newest)
        early = min(RENEW_BEFORE_SECONDS, granted.expires_in / 2)
        self._tokens[key] = (granted.access_token, monotonic() + granted.expires_in - early)
        return granted.access_token

    async def _ask(self, app: App, form: dict[str, str]) -> Granted:
        form = {"client_id": app.client_id, "scope": app.scope, **form}
        if app.client_secret:
            form["client_secret"] = app.client_secret
        async with HttpClient(allowed_hosts=app.inside) as http:
            answer = await http.post(
                app.token_url, data=form, headers={"Accept": "application/json"}, most_bytes=100_000
            )
        if answer.status == 200:
            return _granted(answer)
        raise _in_words(answer)


def _granted(answer: Fetched) -> Granted:
    said = answer.json()
    if not isinstance(said, dict) or not isinstance(said.get("access_token"), str):
        raise Unavailable(N_("the sign-in server answered without a token"))
    try:
        seconds = float(said.get("expires_in", 3600))
    except (TypeError, ValueError):
        seconds = 3600.0
    return Granted(said["access_token"], max(seconds, 1.0), str(said.get("refresh_token") or ""))


def _in_words(answer: Fetched) -> HubError:
    """What an error of RFC 6749 §5.2 means for the operator; never repeats what we sent."""
    if answer.status >= 500 or answer.status == 429:
        return Unavailable(N_("the sign-in server is out of order; we try again"))
    try:
        said = msgspec.json.decode(answer.body)
    except msgspec.DecodeError:
        said = {}
    error = said.get("error", "") if isinstance(said, dict) else ""
    if error in ("invalid_grant", "interaction_required", "consent_required", "login_required"):
        return SignInExpired(N_("the sign-in to this mailbox is no longer valid: sign in again"))
    if error in ("invalid_client", "unauthorized_client"):
        return BadInput(
            N_("the provider does not accept our app: check client id and client secret, and their expiry"),
            field="oauth_client_secret",
        )
    if error == "invalid_scope":
        return BadInput(N_("the app registration lacks the permission to read and send mail"))
    if error == "temporarily_unavailable":
        return Unavailable(N_("the sign-in server is out of order; we try again"))
    return BadInput(N_("the sign-in server refused: check the app registration"))
