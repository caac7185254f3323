"""A mailbox of Microsoft 365 or Google signed in from its page: authorization code with PKCE (RFC 6749, RFC 7636)."""

from __future__ import annotations

import hashlib

import structlog
from aiohttp import web
from redis.exceptions import RedisError

from hub.agents.roles import must
from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.registry import adapter
from hub.channels.trying import try_line
from hub.plumbing.errors import BadInput, Conflict, HubError, Unavailable
from hub.plumbing.hub import Hub
from hub.plumbing.oauth import App, OAuth, start
from hub.plumbing.texts import _
from hub.web.channels.pages import page
from hub.web.requests import hub_of, id_of, person_of

PATH = "/admin/channels/oauth"
MINUTES = 15
log = structlog.get_logger(__name__)


async def begin(request: web.Request) -> web.StreamResponse:
    """POST /admin/channels/{id}/sign-in: the page again, with the link the browser goes on by.

    A link, because a form that ends on another site is what `form-action` forbids.
    """
    me, hub = person_of(request), hub_of(request)
    must(me, "manage_channels")
    try:
        async with hub.transaction() as tx:
            channel = await connections.load(tx, id_of(request))
        started = start(_app(hub, channel), _redirect(hub), login_hint=channel.address)
        kept = {"channel": str(channel.id), "agent": str(me.id), "verifier": started.verifier}
        await _keep(hub, started.state, kept)
    except BadInput as error:
        return await page(request, id_of(request), errors={error.field or "sign_in": error.message})
    return await page(request, id_of(request), signing=started.url)


async def finish(request: web.Request) -> web.StreamResponse:
    """GET /admin/channels/oauth: the browser is back with a code, good once, for whoever began it.

    Raises BadInput for what was not begun by this person, or is too old.
    """
    me, hub = person_of(request), hub_of(request)
    must(me, "manage_channels")
    kept = await _take(hub, request.query.get("state", ""))
    if not kept or kept["agent"] != str(me.id):
        raise BadInput(
            _("This sign-in is too old or was begun by somebody else: begin again on the line's page.")
        )
    id_ = int(kept["channel"])
    try:
        if "error" in request.query:
            raise BadInput(_("The provider refused: %(why)s", why=request.query["error"][:200]))
        await _exchange(hub, id_, request.query.get("code", ""), kept["verifier"])
    except HubError as error:
        return await page(request, id_, errors={"sign_in": _(error.message)})
    await try_line(hub, id_)
    raise web.HTTPSeeOther(f"/admin/channels/{id_}?saved=1#steps")


async def _exchange(hub: Hub, channel_id: int, code: str, verifier: str) -> None:
    async with hub.transaction() as tx:
        channel = await connections.load(tx, channel_id)
    granted = await OAuth().exchange(_app(hub, channel), code, verifier, _redirect(hub))
    async with hub.transaction() as tx:
        sealed = hub.crypto.decrypt(channel.secrets) | {"oauth_refresh_token": granted.refresh_token}
        if not await connections.replace_secrets(tx, hub.crypto, channel, sealed):
            raise Conflict(_("Somebody changed this channel meanwhile: sign in once more."))


def _app(hub: Hub, channel: Channel) -> App:
    app = adapter(channel.kind).sign_in(channel.line(hub.crypto))
    if app is None:
        raise BadInput(_("This line signs in with passwords."), field="sign_in")
    return app


def _redirect(hub: Hub) -> str:
    return hub.settings.base_url.rstrip("/") + PATH


async def _keep(hub: Hub, state: str, kept: dict[str, str]) -> None:
    """For a quarter of an hour, sealed. Raises Unavailable."""
    try:
        await hub.redis.set(_key(hub, state), hub.crypto.encrypt(kept), ex=MINUTES * 60)
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(_("Signing in is not possible for a moment: try again.")) from error


async def _take(hub: Hub, state: str) -> dict[str, str]:
    """What was kept, once; {} for nothing. Raises Unavailable."""
    try:
        return hub.crypto.decrypt(await hub.redis.getdel(_key(hub, state)))
    except (RedisError, OSError, TimeoutError) as error:
        raise Unavailable(_("Signing in is not possible for a moment: try again.")) from error


def _key(hub: Hub, state: str) -> str:
    """Whoever reads Redis learns no state."""
    return f"{hub.prefix}oauth:{hashlib.sha256(state.encode()).hexdigest()}"
