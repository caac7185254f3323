"""The `hub` command: a line a command here, a file a command group beside it, imported when it is used."""

from __future__ import annotations

import importlib
import os
import traceback
from typing import Any

import click

from config.settings import SettingError
from hub.plumbing.errors import HubError

COMMANDS = {
    "up": ("hub.cli.up:command", "Start everything: databases, web, worker, mailroom."),
    "web": ("hub.cli.serving:web", "Run one web process."),
    "worker": ("hub.cli.serving:worker", "Run one worker process."),
    "mailroom": ("hub.cli.serving:mailroom", "Run one mailroom process: mailboxes and the SMTP door."),
    "migrate": ("hub.cli.migrate:command", "Bring the database up to date."),
    "demo": ("hub.cli.demo:command", "Load the demo company."),
    "doctor": ("hub.cli.doctor:command", "Say in plain words what is wrong and what to do."),
    "agent": ("hub.cli.agent:command", "Add and change agents."),
    "channel": ("hub.cli.channel:command", "Add, list and test channels."),
    "normalize": ("hub.cli.normalize:command", "Show what an adapter understands of files."),
    "sending": ("hub.cli.sending:command", "Hold back what would leave, or let it go on."),
    "quarantine": ("hub.cli.quarantine:command", "See what could not be read, process it again."),
    "token": ("hub.cli.token:command", "Create API tokens."),
    "routing": ("hub.cli.routing:command", "Check and replay routing rules."),
    "campaign": ("hub.cli.campaign:command", "See campaigns, prepare, approve, pause, resume, cancel them."),
    "backup": ("hub.cli.backup:backup", "Write the database and all files into a folder."),
    "restore": ("hub.cli.backup:restore", "Put a backup in the place of the database."),
    "export": ("hub.cli.exporting:command", "Write accounts, contacts or conversations to CSV."),
    "contact": ("hub.cli.contact:command", "Hand out or erase what is held about a person."),
    "import": ("hub.cli.importing:command", "Import accounts, contacts and more from CSV."),
}


class Commands(click.Group):
    """Finds commands in the table above; importing them all for `hub --help` would take seconds."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place, _ = COMMANDS.get(cmd_name, ("", ""))
        if not place:
            return None
        module, attribute = place.split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (HubError, SettingError) as error:
            return _end(ctx, str(error))
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click's own, and whoever read us is gone
        except OSError as error:
            return _end(ctx, _unreachable(error))
        except Exception as error:
            if line := _refused(error):
                return _end(ctx, line)
            return _end(ctx, traceback.format_exc(), code=1)


@click.group(cls=Commands)
def main() -> None:
    """Dialogo: every channel, one conversation, the right agent."""
    _speak_like_the_terminal()


def _speak_like_the_terminal() -> None:
    from hub.plumbing.texts import LANGUAGES, _current

    wanted = (os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or "")[:2]
    _current.set(wanted if wanted in LANGUAGES else "en")


def _end(ctx: click.Context, said: str, code: int = 2) -> None:
    """One clear line for what an operator can mend, a traceback for a mistake of ours; no secret in either."""
    from config.logging import masked

    click.echo(f"hub: {masked(said)}", err=True)
    ctx.exit(code)


def _unreachable(error: OSError) -> str:
    """A file or a server that is not there or not ours to use."""
    if error.filename:
        return f"{error.filename}: {error.strerror}"
    return f"cannot reach a server we need ({error}): run `hub doctor`"


def _refused(error: Exception) -> str:
    """The database's own refusal, in its words; empty for a mistake of ours."""
    import asyncpg
    from redis.exceptions import RedisError

    if isinstance(error, asyncpg.UndefinedTableError):
        return f"the database is not up to date ({error}): run `hub migrate`"
    wrong_door = (
        asyncpg.InvalidAuthorizationSpecificationError,
        asyncpg.InvalidCatalogNameError,
        asyncpg.PostgresConnectionError,
        asyncpg.CannotConnectNowError,
        asyncpg.TooManyConnectionsError,
    )
    if isinstance(error, wrong_door):
        return f"the database refuses ({error}): check DATABASE_URL"
    if isinstance(error, RedisError):
        return f"Redis refuses ({error}): check REDIS_URL"
    return ""
