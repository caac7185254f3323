"""What a wording may say about a customer: the variables, where their values come from, and filling it with them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from hub.plumbing import sandbox
from hub.plumbing.db import Tx
from hub.plumbing.sandbox import Filled, Wording
from hub.plumbing.texts import N_, _

Values = Mapping[str, str | list[str]]
"""A text or a list by the name of a variable; empty where we know nothing."""


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a wording may say. `type`: text or list; `fallback`: what may stand there instead, if anything."""

    name: str
    label: str
    example: str
    type: str = "text"
    fallback: str = ""

    @property
    def written(self) -> str:
        """As one writes it in a wording, without its fallback."""
        return "{{ " + self.name + " }}"


VARIABLES = (
    Variable(name="contact.name", label=N_("Their full name"), example="Marta Ruiz"),
    Variable(
        name="contact.first_name",
        label=N_("Their first name"),
        example="Marta",
        fallback=N_("dear customer"),
    ),
    Variable(name="contact.job_title", label=N_("What they work as"), example=N_("Head of purchasing")),
    Variable(name="contact.email", label=N_("Their mail address"), example="marta@acme.test"),
    Variable(name="contact.phone", label=N_("Their telephone"), example="+34 600 000 000"),
    Variable(name="account.name", label=N_("Their account"), example="Acme", fallback=N_("your company")),
    Variable(name="account.tier", label=N_("The level of their account"), example=N_("gold")),
    Variable(
        name="account.domains",
        label=N_("The mail domains of their account"),
        example="acme.test",
        type="list",
    ),
    Variable(
        name="owner.name", label=N_("Who owns their account"), example="Ana López", fallback=N_("our team")
    ),
    Variable(
        name="owner.first_name", label=N_("The owner's first name"), example="Ana", fallback=N_("our team")
    ),
    Variable(name="owner.email", label=N_("The owner's mail address"), example="ana@empresa.test"),
    Variable(name="agent.name", label=N_("Who writes"), example="Luis Gil", fallback=N_("our team")),
    Variable(
        name="agent.first_name",
        label=N_("The first name of who writes"),
        example="Luis",
        fallback=N_("our team"),
    ),
    Variable(name="agent.email", label=N_("The mail address of who writes"), example="luis@empresa.test"),
)
KNOWN = frozenset(one.name for one in VARIABLES)


def wording(source: str, *, html: bool = False) -> Wording:
    """A wording ready to be filled. Raises Misworded saying the line and what to write instead."""
    return sandbox.compiled(source, KNOWN, html=html)


def fill(source: str, values: Values, *, html: bool = False) -> Filled:
    """A wording with the values of one customer. In `html` they are escaped. Raises Misworded."""
    return wording(source, html=html).fill(values)


def unfilled(text: str) -> list[str]:
    """The variables that still stand in a text somebody is about to send."""
    return sandbox.unfilled(text, KNOWN)


def examples() -> dict[str, str | list[str]]:
    """The example of every variable in the reader's language, for a preview without a customer."""
    return {one.name: _(one.example) for one in VARIABLES}


async def values(
    tx: Tx, *, contact_id: int | None, account_id: int | None = None, agent_id: int | None = None
) -> dict[str, str | list[str]]:
    """What we know of a contact, of the account (theirs, where none is given), its owner, and who writes."""
    row = await tx.record(
        """
        SELECT r.name AS "contact.name", r.job_title AS "contact.job_title",
               (SELECT a.value FROM address a JOIN contact m ON m.id = a.contact_id
                WHERE m.root_id = r.id AND a.type = 'email' AND a.usable ORDER BY a.id LIMIT 1) AS "contact.email",
               (SELECT a.value FROM address a JOIN contact m ON m.id = a.contact_id
                WHERE m.root_id = r.id AND a.type = 'phone' AND a.usable ORDER BY a.id LIMIT 1) AS "contact.phone",
               o.name AS "account.name", o.tier AS "account.tier",
               ARRAY(SELECT domain FROM account_domain d WHERE d.account_id = o.id ORDER BY domain)
                   AS "account.domains",
               w.name AS "owner.name", w.email AS "owner.email", g.name AS "agent.name", g.email AS "agent.email"
        FROM (VALUES (1)) AS one
        LEFT JOIN contact r ON r.id = (SELECT root_id FROM contact WHERE id = $1)
        LEFT JOIN account o ON o.id = coalesce($2, CASE WHEN r.account_standing = 'confirmed' THEN r.account_id END)
        LEFT JOIN agent w ON w.id = o.owner_id
        LEFT JOIN agent g ON g.id = $3
        """,
        contact_id,
        account_id,
        agent_id,
    )
    found: dict[str, str | list[str]] = {name: value or "" for name, value in (row or {}).items()}
    for who in ("contact", "owner", "agent"):
        found[f"{who}.first_name"] = first_name(str(found.get(f"{who}.name", "")))
    return found


def first_name(name: str) -> str:
    """The word one calls somebody by: the first, or the one behind the comma of `Ruiz, Marta`; no address is one."""
    if "@" in name or not any(letter.isalpha() for letter in name):
        return ""
    _family, comma, given = name.partition(",")
    words = (given if comma and given.strip() else name).split()
    return words[0].strip(",") if words else ""
