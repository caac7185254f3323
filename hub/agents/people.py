"""Adding, changing and deactivating the people who work here."""

from __future__ import annotations

import re
from zoneinfo import available_timezones

import msgspec

from hub.agents import presence
from hub.agents.roles import ROLES, Role, rights_changed
from hub.channels.phone import e164
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import LANGUAGES, _

ADDRESS = re.compile(r"[^\s@<>\"',;:()\[\]\\]{1,64}@[\w-]+(\.[\w-]+)*")


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as lists and administration show them."""

    id: int
    name: str
    email: str
    role: Role
    active: bool
    language: str
    time_zone: str
    capacity: int
    phone: str
    has_password: bool
    here: bool
    team_ids: list[int]


async def every(tx: Tx, *, inactive: bool = False) -> list[Agent]:
    """All agents by name; the inactive ones only when asked for."""
    return await tx.rows(Agent, f"{_AGENT} WHERE active OR $1 ORDER BY plain(name), id", inactive)


async def find(tx: Tx, agent_id: int) -> Agent:
    """One agent, active or not. Raises NotFound."""
    found = await tx.row(Agent, f"{_AGENT} WHERE id = $1", agent_id)
    if found is None:
        raise NotFound(_("There is no such agent."))
    return found


async def find_by_email(tx: Tx, email: str) -> Agent:
    """One agent by their address. Raises NotFound."""
    found = await tx.row(Agent, f"{_AGENT} WHERE email = $1", email.strip().lower())
    if found is None:
        raise NotFound(_("Nobody here has the address %(email)s.", email=email), field="email")
    return found


async def there_is_an_admin(tx: Tx) -> bool:
    """Whether anybody can administrate this installation."""
    return bool(await tx.value("SELECT EXISTS (SELECT FROM agent WHERE role = 'admin' AND active)"))


async def add(
    tx: Tx,
    *,
    name: str,
    email: str,
    role: str,
    password_hash: str = "",
    language: str = "es",
    by: int | None = None,
) -> Agent:
    """A new agent, without a password unless its hash is given. Raises BadInput, Conflict."""
    name, email = checked_name(name), checked_email(email)
    id_ = await tx.value(
        """
        INSERT INTO agent (name, email, role, password_hash, language) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (email) DO NOTHING RETURNING id
        """,
        name,
        email,
        checked_role(role),
        password_hash,
        checked_language(language),
    )
    if id_ is None:
        raise Conflict(_("Somebody with this address is already here."), field="email")
    await history.record(tx, "agent_added", agent_id=by, agent=id_, role=role)
    return await find(tx, id_)


async def add_first_admin(tx: Tx, *, name: str, email: str, password_hash: str, language: str) -> Agent:
    """The first admin, while there is none. Raises Conflict when there is one: two may try at once."""
    await tx.execute("SELECT FROM installation FOR UPDATE")
    if await there_is_an_admin(tx):
        raise Conflict(_("There is already an administrator: sign in, or ask them for an invitation."))
    return await add(tx, name=name, email=email, role="admin", password_hash=password_hash, language=language)


async def change(
    tx: Tx,
    agent_id: int,
    *,
    name: str,
    role: str,
    capacity: int,
    phone: str | None = None,
    by: int | None = None,
) -> Agent:
    """Name, role, capacity and telephone of somebody; a telephone of None is left as it is.

    A changed role ends their sessions. Raises BadInput, Conflict.
    """
    before = await _locked(tx, agent_id)
    if not 0 <= capacity <= 1000:
        raise BadInput(_("Use a number from 0 to 1000."), field="capacity")
    new_role = checked_role(role)
    if before.role == "admin" and new_role != "admin":
        await _keep_an_admin(tx, agent_id)
    await tx.execute(
        "UPDATE agent SET name = $2, role = $3, capacity = $4, phone = $5 WHERE id = $1",
        agent_id,
        checked_name(name),
        new_role,
        capacity,
        before.phone if phone is None else checked_phone(phone),
    )
    if new_role != before.role:
        await end_everything(tx, agent_id)
        await history.record(
            tx, "role_changed", agent_id=by, agent=agent_id, before=before.role, after=new_role
        )
    return await find(tx, agent_id)


async def set_password(tx: Tx, agent_id: int, password_hash: str, *, by: int | None = None) -> None:
    """A new password; every session and open invitation of that person ends. Raises NotFound."""
    if not await tx.execute("UPDATE agent SET password_hash = $2 WHERE id = $1", agent_id, password_hash):
        raise NotFound(_("There is no such agent."))
    await end_everything(tx, agent_id)
    await tx.execute("DELETE FROM invitation WHERE agent_id = $1", agent_id)
    await history.record(tx, "password_changed", agent_id=by, agent=agent_id)


async def deactivate(tx: Tx, agent_id: int, *, by: int | None = None) -> Agent:
    """They can no longer sign in, and their API tokens stop.

    Who takes their accounts and conversations is asked by the caller, in the same transaction. Raises
    Conflict for the last admin.
    """
    before = await _locked(tx, agent_id)
    if before.role == "admin" and before.active:
        await _keep_an_admin(tx, agent_id)
    await tx.execute("UPDATE agent SET active = false WHERE id = $1", agent_id)
    await tx.execute(
        "UPDATE token SET revoked_at = now() WHERE agent_id = $1 AND revoked_at IS NULL", agent_id
    )
    await tx.execute("DELETE FROM invitation WHERE agent_id = $1", agent_id)
    await presence.leave(tx, agent_id)
    await end_everything(tx, agent_id)
    await history.record(tx, "agent_deactivated", agent_id=by, agent=agent_id)
    return await find(tx, agent_id)


async def reactivate(tx: Tx, agent_id: int, *, by: int | None = None) -> Agent:
    """They may sign in again, with the password they had."""
    await _locked(tx, agent_id)
    await tx.execute("UPDATE agent SET active = true WHERE id = $1", agent_id)
    await history.record(tx, "agent_reactivated", agent_id=by, agent=agent_id)
    return await find(tx, agent_id)


async def end_everything(tx: Tx, agent_id: int) -> None:
    """End all sessions and open sockets of one agent: a password or role changed, or they left."""
    await tx.execute("DELETE FROM session WHERE agent_id = $1", agent_id)
    await rights_changed(tx, [agent_id])


def checked_name(name: str) -> str:
    """A person's or team's name in one line. Raises BadInput."""
    name = " ".join("".join(part if part.isprintable() else " " for part in name).split())
    if not name:
        raise BadInput(_("Write a name."), field="name")
    if len(name) > 200:
        raise BadInput(_("Use at most %(n)s characters.", n=200), field="name")
    return name


def checked_email(email: str) -> str:
    """A mail address in lower case; intranet names count too. Raises BadInput."""
    email = email.strip().lower()
    if len(email) > 254 or not ADDRESS.fullmatch(email):
        raise BadInput(_("This is not a mail address: use one like ana@example.com."), field="email")
    return email


def checked_role(role: str) -> Role:
    """One of ROLES. Raises BadInput."""
    for known in ROLES:
        if known == role:
            return known
    raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(ROLES)), field="role")


def checked_language(language: str) -> str:
    """A language we speak. Raises BadInput."""
    if language not in LANGUAGES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(LANGUAGES)), field="language")
    return language


def checked_phone(number: str) -> str:
    """The telephone that rings for somebody, as it is dialled; empty for none. Raises BadInput."""
    if not number.strip():
        return ""
    try:
        return e164(number)
    except ValueError as error:
        message = _("This is not a telephone number: use one like +34 600 123 456.")
        raise BadInput(message, field="phone") from error


def checked_time_zone(name: str) -> str:
    """An IANA time zone. Raises BadInput."""
    if name not in available_timezones():
        raise BadInput(_("Use a time zone like Europe/Madrid."), field="time_zone")
    return name


async def _locked(tx: Tx, agent_id: int) -> Agent:
    await tx.execute("SELECT FROM agent WHERE id = $1 FOR NO KEY UPDATE", agent_id)
    return await find(tx, agent_id)


async def _keep_an_admin(tx: Tx, but: int) -> None:
    """Somebody else must stay admin; the lock makes two demotions at once see each other."""
    await tx.execute("SELECT FROM installation FOR UPDATE")
    others = "SELECT EXISTS (SELECT FROM agent WHERE role = 'admin' AND active AND id <> $1)"
    if not await tx.value(others, but):
        raise Conflict(_("This is the last administrator: make somebody else one first."), field="role")


_AGENT = """
    SELECT id, name, email, role, active, language, time_zone, capacity, phone, password_hash <> '' AS has_password,
           EXISTS (SELECT FROM presence WHERE agent_id = agent.id AND available AND seen_until > now()) AS here,
           ARRAY(SELECT team_id FROM team_member WHERE agent_id = agent.id ORDER BY team_id) AS team_ids
    FROM agent
"""
