"""`hub agent add | list | password | deactivate`: the people who work here, from the terminal."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.table import Table

from hub.agents import invitations, passwords, people
from hub.agents.roles import ROLES
from hub.cli.opened import with_hub
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from hub.plumbing.texts import LANGUAGES, _
from hub.routing import leaving


@click.group()
def command() -> None:
    """Add and change agents."""


@command.command()
@click.argument("email")
@click.option("--name", required=True, help="As customers and colleagues read it.")
@click.option("--role", type=click.Choice(ROLES), default="agent", show_default=True)
@click.option("--language", type=click.Choice(list(LANGUAGES)), default="es", show_default=True)
@click.option("--password", is_flag=True, help="Ask for a password instead of printing an invitation.")
def add(email: str, name: str, role: str, language: str, password: bool) -> None:
    """Add somebody; prints the link they choose their password by."""
    secret = _asked(email) if password else ""

    async def work(hub: Hub) -> str:
        hashed = await passwords.hashed(secret) if secret else ""
        async with hub.transaction() as tx:
            agent = await people.add(
                tx, name=name, email=email, role=role, password_hash=hashed, language=language
            )
            return "" if secret else _link(hub, await invitations.invite(tx, agent.id))

    link = with_hub(work)
    click.echo(_("%(name)s is in.", name=name))
    if link:
        click.echo(_("They choose their password here, once, within two days: %(link)s", link=link))


@command.command("list")
@click.option("--all", "inactive", is_flag=True, help="Those who left, too.")
def show(inactive: bool) -> None:
    """List agents."""

    async def work(hub: Hub) -> list[people.Agent]:
        async with hub.transaction() as tx:
            return await people.every(tx, inactive=inactive)

    table = Table(_("Name"), _("E-mail"), _("Role"), _("State"), box=None)
    for agent in with_hub(work):
        state = _("Here") if agent.here else _("Away") if agent.has_password else _("Invited")
        table.add_row(agent.name, agent.email, agent.role, state if agent.active else _("Left"))
    Console().print(table)


@command.command()
@click.argument("email")
@click.option("--link", is_flag=True, help="Print a link to choose one, instead of asking for it here.")
def password(email: str, link: bool) -> None:
    """Set somebody's password; their sessions end."""
    secret = "" if link else _asked(email)

    async def work(hub: Hub) -> str:
        hashed = await passwords.hashed(secret) if secret else ""
        async with hub.transaction() as tx:
            agent = await people.find_by_email(tx, email)
            if not secret:
                return _link(hub, await invitations.invite(tx, agent.id))
            await people.set_password(tx, agent.id, hashed)
            return ""

    made = with_hub(work)
    click.echo(made or _("The password is set; they sign in again everywhere."))


@command.command()
@click.argument("email")
@click.option("--to", "to_email", default="", help="Who takes their accounts and conversations.")
def deactivate(email: str, to_email: str) -> None:
    """Let somebody go: they can no longer sign in."""

    async def work(hub: Hub) -> None:
        async with hub.transaction() as tx:
            agent = await people.find_by_email(tx, email)
            if to_email:
                to = await people.find_by_email(tx, to_email)
                await leaving.hand_over(tx, agent.id, to.id)
            elif any(await leaving.belongings(tx, agent.id)):
                raise BadInput(_("They have accounts or conversations: say who takes them with --to EMAIL."))
            await people.deactivate(tx, agent.id)

    with_hub(work)
    click.echo(_("%(name)s can no longer sign in.", name=email))


def _link(hub: Hub, secret: str) -> str:
    return f"{hub.settings.base_url}/invitation/{secret}"


def _asked(email: str) -> str:
    """A password from the terminal, or the first line of standard input when it is a pipe."""
    if sys.stdin.isatty():
        secret: str = click.prompt(_("Password"), hide_input=True, confirmation_prompt=True)
    else:
        secret = sys.stdin.readline().rstrip("\n")
    passwords.check(secret, email=email.strip().lower())
    return secret
