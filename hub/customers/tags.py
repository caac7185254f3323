"""Tags of people: words a company sorts its customers by."""

from __future__ import annotations

from collections.abc import Sequence

from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _

MOST = 50
LONGEST = 60


async def of_contacts(tx: Tx, contact_ids: Sequence[int]) -> dict[int, list[str]]:
    """By root: the tags of these people, by name, merged ones included."""
    rows = await tx.fetch(
        """
        SELECT c.root_id, array_agg(DISTINCT t.name ORDER BY t.name) AS names
        FROM contact c JOIN contact_tag k ON k.contact_id = c.id JOIN tag t ON t.id = k.tag_id
        WHERE c.root_id = ANY($1) GROUP BY c.root_id
        """,
        list(contact_ids),
    )
    return {row["root_id"]: row["names"] for row in rows}


async def in_use(tx: Tx, *, text: str = "", most: int = 100) -> list[str]:
    """The tags there are, whose name begins with `text`, the most used first."""
    rows = await tx.fetch(
        """
        SELECT t.name FROM tag t LEFT JOIN contact_tag k ON k.tag_id = t.id
        WHERE $1 = '' OR starts_with(plain(t.name), plain($1))
        GROUP BY t.id ORDER BY count(k.tag_id) DESC, lower(t.name) LIMIT $2
        """,
        text,
        most,
    )
    return [row["name"] for row in rows]


async def tag(
    tx: Tx,
    contact_id: int,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    agent_id: int | None = None,
) -> list[str]:
    """Put tags on a person and take tags off (case and accents aside); all they have now.

    Raises NotFound, BadInput(tags).
    """
    wanted = [checked(name) for name in add]
    root: int | None = await tx.value("SELECT root_id FROM contact WHERE id = $1", contact_id)
    if root is None:
        raise NotFound(_("There is no such contact."))
    await tx.execute("SELECT id FROM contact WHERE id = $1 FOR NO KEY UPDATE", root)
    before = (await of_contacts(tx, [root])).get(root, [])
    await tx.execute(
        """
        DELETE FROM contact_tag USING contact c, tag t
        WHERE c.root_id = $1 AND contact_id = c.id AND tag_id = t.id
          AND plain(t.name) IN (SELECT plain(one) FROM unnest($2::text[]) AS one)
        """,
        root,
        list(remove),
    )
    await _put(tx, root, wanted, agent_id)
    after = (await of_contacts(tx, [root])).get(root, [])
    if len(after) > MOST:
        raise BadInput(_("A contact takes at most %(n)s tags.", n=MOST), field="tags")
    if after != before:
        await history.record(
            tx, "contact_tagged", agent_id=agent_id, contact_id=root, before=before, after=after
        )
        tx.signal("contact", root, [f"contact:{root}"])
    return after


async def replace(tx: Tx, contact_id: int, names: Sequence[str], *, agent_id: int | None = None) -> list[str]:
    """Exactly these tags from now on. Raises NotFound, BadInput(tags)."""
    before = (await of_contacts(tx, [contact_id])).get(contact_id, [])
    kept = {name.casefold() for name in names}
    gone = [name for name in before if name.casefold() not in kept]
    return await tag(tx, contact_id, add=names, remove=gone, agent_id=agent_id)


async def _put(tx: Tx, root: int, names: Sequence[str], agent_id: int | None) -> None:
    """Names that differ only in case or accents are one tag, as whoever came first wrote it."""
    await tx.execute(
        """
        INSERT INTO tag (name) SELECT DISTINCT ON (plain(one)) one FROM unnest($1::text[]) AS one ORDER BY plain(one)
        ON CONFLICT DO NOTHING
        """,
        list(names),
    )
    await tx.execute(
        """
        INSERT INTO contact_tag (contact_id, tag_id, agent_id)
        SELECT $1, t.id, $3 FROM tag t WHERE plain(t.name) IN (SELECT plain(one) FROM unnest($2::text[]) AS one)
          AND NOT EXISTS (SELECT FROM contact_tag k JOIN contact c ON c.id = k.contact_id
                          WHERE c.root_id = $1 AND k.tag_id = t.id)
        ON CONFLICT DO NOTHING
        """,
        root,
        list(names),
        agent_id,
    )


def checked(name: str) -> str:
    """A tag as its row holds it. Raises BadInput(tags)."""
    clean = " ".join(name.split())
    if not clean or len(clean) > LONGEST or not clean.isprintable():
        raise BadInput(_("A tag is one line of at most %(n)s characters.", n=LONGEST), field="tags")
    return clean
