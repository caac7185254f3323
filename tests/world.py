"""The named world every test starts from: the cast of the docs, one mail line, one account with its people."""

from __future__ import annotations

import msgspec

from hub.channels import connections
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx

SECRET = "a secret of the tests, long enough to be one"
LINE = "help@dialogo.test"
CAST = (
    ("Ana", "agent"),
    ("Luis", "agent"),
    ("Lola", "lead"),
    ("Mario", "marketer"),
    ("Berta", "admin"),
    ("Olga", "agent"),
)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of the cast. Olga is the outsider: another team, restricted."""

    ana: int
    luis: int
    lola: int
    mario: int
    berta: int
    olga: int
    support: int
    legal: int
    acme: int
    marta: int
    marta_address: int
    jorge: int
    jorge_address: int
    mail: connections.Channel


async def build(tx: Tx) -> None:
    """Ana owns Acme, Luis is her deputy; Marta is at Acme; Jorge is a private buyer without account."""
    people = {}
    for name, role in CAST:
        people[name] = await tx.value(
            "INSERT INTO agent (name, email, role) VALUES ($1, $2, $3) RETURNING id",
            name,
            f"{name.lower()}@dialogo.test",
            role,
        )
    support = await _team(tx, "Support", False, [people["Ana"], people["Luis"], people["Lola"]])
    await _team(tx, "Legal", True, [people["Olga"]])
    acme: int = await tx.value(
        "INSERT INTO account (name, owner_id, deputy_id, tier) VALUES ('Acme', $1, $2, 'gold') RETURNING id",
        people["Ana"],
        people["Luis"],
    )
    await tx.execute("INSERT INTO account_domain (domain, account_id) VALUES ('acme.test', $1)", acme)
    await _contact(tx, "Marta Ruiz", "marta@acme.test", acme)
    await _contact(tx, "Jorge Díaz", "jorge@gmail.com", None)
    await connections.add(
        tx,
        Crypto(SECRET),
        kind="email",
        name="Support mail",
        address=LINE,
        address_type="email",
        team_id=support,
    )


async def find(tx: Tx) -> World:
    """The ids of the cast in a database that `build` filled."""
    agents = {row["name"].lower(): row["id"] for row in await tx.fetch("SELECT id, name FROM agent")}
    addresses = {row["value"]: row for row in await tx.fetch("SELECT * FROM address")}
    teams = {row["name"]: row["id"] for row in await tx.fetch("SELECT id, name FROM team")}
    marta, jorge = addresses["marta@acme.test"], addresses["jorge@gmail.com"]
    return World(
        **agents,
        support=teams["Support"],
        legal=teams["Legal"],
        acme=await tx.value("SELECT id FROM account WHERE name = 'Acme'"),
        marta=marta["contact_id"],
        marta_address=marta["id"],
        jorge=jorge["contact_id"],
        jorge_address=jorge["id"],
        mail=(await connections.load_where(tx, "address = $1", LINE))[0],
    )


async def _team(tx: Tx, name: str, restricted: bool, members: list[int]) -> int:
    id_: int = await tx.value(
        "INSERT INTO team (name, restricted) VALUES ($1, $2) RETURNING id", name, restricted
    )
    await tx.execute("INSERT INTO team_member SELECT $1, unnest($2::bigint[])", id_, members)
    return id_


async def _contact(tx: Tx, name: str, email: str, account_id: int | None) -> None:
    contact: int = await tx.value(
        """
        INSERT INTO contact (id, root_id, name, account_id, account_standing, language, search)
        SELECT n, n, $1, $2::bigint, CASE WHEN $2::bigint IS NULL THEN '' ELSE 'confirmed' END, 'es', $1 || ' ' || $3
        FROM (SELECT nextval('contact_id_seq') AS n) AS drawn
        RETURNING id
        """,
        name,
        account_id,
        email,
    )
    await tx.execute(
        """
        INSERT INTO address (type, value, contact_id, name, verified, source, compared)
        VALUES ('email', $1, $2, $3, true, 'agent', true)
        """,
        email,
        contact,
        name,
    )
