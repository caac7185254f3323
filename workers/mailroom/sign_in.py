"""The OAuth token with which a mailbox is opened; a refresh token the provider replaced is stored."""

from __future__ import annotations

from hub.channels import connections
from hub.channels.connections import Channel
from hub.plumbing.hub import Hub
from hub.plumbing.oauth import App, OAuth


class SignIn:
    """Access tokens of all mailboxes of this process."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._oauth = OAuth()

    async def access_token(self, channel: Channel) -> str:
        """The token for a channel that signs in with one, else "". Raises SignInExpired, BadInput, Unavailable."""
        if not channel.settings.get("oauth_provider"):
            return ""
        sealed = self._hub.crypto.decrypt(channel.secrets)

        async def replaced(refresh_token: str) -> None:
            await self._store(channel, sealed | {"oauth_refresh_token": refresh_token})

        app = App.of(channel.settings, sealed)
        return await self._oauth.access_token(app, sealed.get("oauth_refresh_token", ""), replaced)

    async def _store(self, channel: Channel, secrets: dict[str, str]) -> None:
        """Only over the secrets we read: an operator who signed in again meanwhile wins."""
        async with self._hub.transaction() as tx:
            await connections.replace_secrets(tx, self._hub.crypto, channel, secrets)
