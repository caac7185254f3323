"""`hub channel sign-in`: a person signs a mailbox of Microsoft 365 or Google in, once, in any browser."""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs, urlsplit

import click

from hub.channels import connections
from hub.cli.opened import with_hub
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.hub import Hub
from hub.plumbing.oauth import App, OAuth, Started, start
from hub.plumbing.texts import _


@click.command(
    "sign-in", help="Sign a Microsoft 365 or Google mailbox in with a browser, without a password."
)
@click.argument("channel_id", type=int)
@click.option(
    "--redirect",
    default="http://localhost",
    show_default=True,
    help="The redirect address registered for your app; nothing needs to listen there.",
)
def sign_in(channel_id: int, redirect: str) -> None:
    """The channel needs oauth_provider, oauth_client_id and the secret oauth_client_secret. Raises HubError."""

    async def ask(hub: Hub) -> None:
        async with hub.transaction() as tx:
            channel = await connections.load(tx, channel_id)
        sealed = hub.crypto.decrypt(channel.secrets)
        app = App.of(channel.settings, sealed)
        started = start(app, redirect, login_hint=channel.address)
        click.echo(_("Open this address in a browser and sign in as %(address)s:", address=channel.address))
        click.echo(started.url)
        came_to: str = click.prompt(_("Then paste the address the browser ended up at"))
        granted = await OAuth().exchange(app, code_of(came_to, started), started.verifier, redirect)
        async with hub.transaction() as tx:
            kept = sealed | {"oauth_refresh_token": granted.refresh_token}
            if not await connections.replace_secrets(tx, hub.crypto, channel, kept):
                raise Conflict(_("Somebody changed this channel meanwhile: sign in once more."))
        click.echo(_("%(address)s is signed in.", address=channel.address))

    with_hub(ask)


def code_of(address: str, started: Started) -> str:
    """The code in the address the browser came back to. Raises BadInput for another sign-in's, or a refusal."""
    query = parse_qs(urlsplit(address.strip()).query)
    code, state = query.get("code", [""])[0], query.get("state", [""])[0]
    if "error" in query:
        raise BadInput(_("The provider refused: %(why)s", why=query["error"][0][:200]))
    if not code or not hmac.compare_digest(state.encode(), started.state.encode()):
        raise BadInput(_("This is not the address of this sign-in: paste all of it, from http to the end."))
    return code
