"""Proven ways to reach a person, and the claims that only suggest one."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from email_validator import EmailNotValidError, validate_email

from hub.channels import phone
from hub.customers.usability import trouble
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _

SOURCES = ("message", "agent", "import", "widget")


class AddressRow(msgspec.Struct, frozen=True, kw_only=True):
    """One address. `why_not` says why it is not usable, at all or on channels of the kinds `unusable_on`."""

    id: int
    contact_id: int
    type: str
    value: str
    verified: bool
    usable: bool
    why_not: str
    unusable_on: list[str]
    shared: bool
    source: str

    @property
    def trouble(self) -> str:
        """Why it does not work, in the language being spoken; "" for one that does."""
        return trouble(self.usable, self.why_not, self.unusable_on)


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody typed of themselves: it suggests, never resolves, never blocks."""

    id: int
    contact_id: int
    type: str
    value: str
    source: str


async def of_contacts(tx: Tx, contact_ids: Sequence[int]) -> dict[int, list[AddressRow]]:
    """The addresses of these people (by root), merged ones included."""
    rows = await tx.fetch(
        """
        SELECT c.root_id, a.id, a.contact_id, a.type, a.value, a.verified, a.usable, a.why_not, a.unusable_on,
               a.shared, a.source
        FROM contact c JOIN address a ON a.contact_id = c.id WHERE c.root_id = ANY($1) ORDER BY a.id
        """,
        list(contact_ids),
    )
    found: dict[int, list[AddressRow]] = {}
    for row in rows:
        values = dict(row)
        found.setdefault(values.pop("root_id"), []).append(msgspec.convert(values, AddressRow))
    return found


async def claims_of(tx: Tx, contact_id: int) -> list[Claim]:
    """What this person, or somebody for them, typed; merged ones included."""
    return await tx.rows(
        Claim,
        """
        SELECT k.id, k.contact_id, k.type, k.value, k.source FROM contact own
        JOIN contact c ON c.root_id = own.root_id JOIN claim k ON k.contact_id = c.id
        WHERE own.id = $1 ORDER BY k.id
        """,
        contact_id,
    )


async def prove(tx: Tx, contact_id: int, type_: str, value: str, *, source: str) -> int:
    """Give a person an address somebody vouches for; the address's id.

    Raises BadInput when it is not one, Conflict when another person has it.
    """
    plain = normalised(type_, value)
    spelled = phone.as_typed(value) if type_ == "phone" else ""
    await tx.execute(
        """
        INSERT INTO address (type, value, contact_id, verified, source, spelled) VALUES ($1, $2, $3, true, $4, $5)
        ON CONFLICT (type, value) DO NOTHING
        """,
        type_,
        plain,
        contact_id,
        source,
        spelled,
    )
    held = await tx.record(
        """
        SELECT a.id, c.root_id = (SELECT root_id FROM contact WHERE id = $3) AS own
        FROM address a JOIN contact c ON c.id = a.contact_id WHERE a.type = $1 AND a.value = $2
        """,
        type_,
        plain,
        contact_id,
    )
    assert held is not None
    if not held["own"]:
        raise Conflict(_("%(address)s already belongs to another contact.", address=plain), field="address")
    if spelled and (source == "agent" or spelled != plain):  # a file of ours may have lost it
        await tx.execute("UPDATE address SET spelled = $2 WHERE id = $1", held["id"], spelled)
    await refresh_search(tx, [contact_id])
    if source == "agent":
        root = await tx.value("SELECT root_id FROM contact WHERE id = $1", contact_id)
        tx.signal("contact", root, [f"contact:{root}"])
    return int(held["id"])


async def stand_for(tx: Tx, contact_id: int, type_: str) -> str:
    """The address of somebody known who has no other one of their own: `contact:{id}`, made when it is not there."""
    value = f"contact:{contact_id}"
    await tx.execute(
        """
        INSERT INTO address (type, value, contact_id, verified, source) VALUES ($1, $2, $3, true, 'agent')
        ON CONFLICT (type, value) DO NOTHING
        """,
        type_,
        value,
        contact_id,
    )
    return value


async def refresh_search(tx: Tx, contact_ids: Sequence[int]) -> None:
    """What these people (the roots of these contacts) are found by: all their names and addresses, merged ones too."""
    await tx.execute(
        """
        UPDATE contact r SET search = concat_ws(' ',
            (SELECT string_agg(nullif(c.name, ''), ' ' ORDER BY c.id <> r.id, c.id) FROM contact c
             WHERE c.root_id = r.id),
            (SELECT string_agg(a.value, ' ' ORDER BY a.id) FROM address a JOIN contact c ON c.id = a.contact_id
             WHERE c.root_id = r.id))
        WHERE r.id IN (SELECT root_id FROM contact WHERE id = ANY($1))
        """,
        list(contact_ids),
    )


def normalised(type_: str, value: str) -> str:
    """An address as its row holds it. Raises BadInput naming what is wrong."""
    if type_ not in NORMAL:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(NORMAL)), field="type")
    return NORMAL[type_](value.strip())


def _email(value: str) -> str:
    try:
        return validate_email(value, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise BadInput(
            _("“%(value)s” is no e-mail address; write it like marta@acme.es", value=value[:100]),
            field="email",
        ) from error


def _phone(value: str) -> str:
    """The key of a number; one without country is read as one of the company's own country."""
    try:
        return phone.normalised(value)
    except ValueError as error:
        raise _not_a_number(value) from error


def _not_a_number(value: str) -> BadInput:
    return BadInput(_("“%(value)s” is not a number like +34600123456", value=value[:100]), field="phone")


NORMAL: dict[str, Callable[[str], str]] = {"email": _email, "phone": _phone, "fax": _phone}
