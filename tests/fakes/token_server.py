"""A pretend OAuth2 server for Microsoft 365 and Google: sign-in, code exchange, refresh, introspection.

`with TokenServer() as server:` then use its `authorize_url`, `token_url` and `introspection_url`. It checks
PKCE, client, redirect address and single use of codes as the real ones do.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from tests.fakes.background import BackgroundLoop


@dataclass
class _Code:
    """A sign-in that waits to be exchanged."""

    user: str
    challenge: str
    redirect_uri: str
    scope: str


class TokenServer:
    """Knows one client; signs in `user` without asking."""

    def __init__(self, *, client_id: str = "client-1", client_secret: str = "client-secret-1") -> None:
        self.client_id, self.client_secret = client_id, client_secret
        self.user = "hub@acme.test"
        self.expires_in = 3600
        self.rotate = False  # Microsoft hands out a new refresh token each time; Google does not
        self.slow = 0.0
        self.status = 200
        self.error = ""
        self.requests: list[dict[str, str]] = []
        self.codes: dict[str, _Code] = {}
        self.refresh_tokens: dict[str, str] = {}
        self.access_tokens: dict[str, tuple[str, float]] = {}

    def __enter__(self) -> TokenServer:
        self._background = BackgroundLoop("token-server")
        self._background.call(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self._background.call(self._runner.cleanup())
        self._background.close()

    @property
    def base_url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def authorize_url(self) -> str:
        """Where a browser signs in."""
        return self.base_url + "/authorize"

    @property
    def token_url(self) -> str:
        """Where codes and refresh tokens are exchanged."""
        return self.base_url + "/token"

    @property
    def introspection_url(self) -> str:
        """For Dovecot; the token is appended."""
        return self.base_url + "/introspect?token="

    def grant(self, user: str = "") -> str:
        """A refresh token, as if somebody had signed in long ago."""
        token = "refresh-" + secrets.token_urlsafe(12)
        self.refresh_tokens[token] = user or self.user
        return token

    def revoke_everything(self) -> None:
        """As after a changed password: refresh and access tokens are void."""
        self.refresh_tokens.clear()
        self.access_tokens.clear()

    async def _start(self) -> None:
        app = web.Application()
        app.add_routes(
            [
                web.get("/authorize", self._authorize),
                web.post("/token", self._token),
                web.get("/introspect", self._introspect),
            ]
        )
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port: int = self._runner.addresses[0][1]

    async def _authorize(self, request: web.Request) -> web.Response:
        asked = request.query
        if asked.get("client_id") != self.client_id or asked.get("response_type") != "code":
            return web.Response(status=400, text="unknown client")
        if asked.get("code_challenge_method") != "S256":
            return web.Response(status=400, text="PKCE wanted")
        code = secrets.token_urlsafe(12)
        self.codes[code] = _Code(
            self.user, asked["code_challenge"], asked["redirect_uri"], asked.get("scope", "")
        )
        location = f"{asked['redirect_uri']}?code={code}&state={asked.get('state', '')}"
        return web.Response(status=302, headers={"Location": location})

    async def _token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.requests.append(form)
        if self.slow:
            await asyncio.sleep(self.slow)
        if self.status != 200:
            return web.Response(status=self.status, text="<html>out of order</html>")
        if self.error:
            return _refused(self.error, "as scripted")
        if (form.get("client_id"), form.get("client_secret")) != (self.client_id, self.client_secret):
            return _refused("invalid_client", "AADSTS7000215: Invalid client secret provided.")
        if form.get("grant_type") == "authorization_code":
            return self._exchange(form)
        if form.get("grant_type") == "refresh_token":
            return self._refresh(form)
        return _refused("unsupported_grant_type", "")

    def _exchange(self, form: dict[str, str]) -> web.Response:
        code = self.codes.pop(form.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if code is None or code.redirect_uri != form.get("redirect_uri"):
            return _refused("invalid_grant", "Bad code")
        if proof.decode().rstrip("=") != code.challenge:
            return _refused("invalid_grant", "PKCE verification failed")
        return self._issue(code.user, self.grant(code.user))

    def _refresh(self, form: dict[str, str]) -> web.Response:
        given = form.get("refresh_token", "")
        user = self.refresh_tokens.get(given)
        if user is None:
            return _refused("invalid_grant", "Token has been expired or revoked.")
        if not self.rotate:
            return self._issue(user, "")
        del self.refresh_tokens[given]
        return self._issue(user, self.grant(user))

    def _issue(self, user: str, refresh: str) -> web.Response:
        access = "access-" + secrets.token_urlsafe(12)
        self.access_tokens[access] = (user, time.time() + self.expires_in)
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": self.expires_in}
        return web.json_response(answer | ({"refresh_token": refresh} if refresh else {}))

    async def _introspect(self, request: web.Request) -> web.Response:
        user, until = self.access_tokens.get(request.query.get("token", ""), ("", 0.0))
        active = "true" if user and until > time.time() else "false"
        return web.json_response({"active": active, "username": user})


def _refused(error: str, description: str) -> web.Response:
    return web.json_response({"error": error, "error_description": description}, status=400)
