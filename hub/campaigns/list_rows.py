"""Rows of a list's file, some hundred at once: decided one by one, written together; wrong ones stay out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hub.campaigns.list_columns import Plan, Understood, understood
from hub.customers import importing_deciding, importing_people, importing_storing
from hub.customers.consent import record
from hub.customers.importing import RowError
from hub.customers.importing_files import Row, whole
from hub.customers.importing_people import Key, People
from hub.customers.importing_wishes import agree, refuse, wish
from hub.plumbing.db import Tx
from hub.plumbing.errors import HubError


class Taken(msgspec.Struct, kw_only=True):
    """What a file did, or would do (list_trying). Rows: `done` of people, of whom `new` were not known; `wrong` in all.

    Addresses: `agreed` newly to campaigns; `kept_out` had said no before and stay out. `errors`: the first ones.
    """

    done: int = 0
    new: int = 0
    wrong: int = 0
    agreed: int = 0
    kept_out: int = 0
    errors: list[RowError] = []

    def add(self, other: Taken, *, most: int) -> None:
        """The next rows of the same file; at most so many errors are told."""
        self.done += other.done
        self.new += other.new
        self.wrong += other.wrong
        self.agreed += other.agreed
        self.kept_out += other.kept_out
        self.errors.extend(other.errors[: max(0, most - len(self.errors))])


class Read(msgspec.Struct, frozen=True):
    """One row with its number in the file: what it says, or why it says nothing."""

    number: int
    said: Understood | None
    error: RowError | None


class Decided(msgspec.Struct):
    """What rows make of the list: what it says of each person, and the wishes, in their order."""

    taken: Taken
    members: dict[int, dict[str, str]] = {}
    wishes: list[tuple[Key, bool, str]] = []


def read(rows: Iterable[tuple[int, Row]], plan: Plan) -> list[Read]:
    """What these rows say; no table is needed for it."""
    return [_read(number, row, plan) for number, row in rows]


async def look_up(tx: Tx, people: People, rows: Sequence[Read]) -> None:
    """What the tables know of these rows' people."""
    await importing_people.look_up(tx, people, [one.said.person for one in rows if one.said])


def decide(people: People, rows: Sequence[Read]) -> Decided:
    """What these rows do, each after those before it; `people` grows with them."""
    decided = Decided(Taken())
    for one in rows:
        wrong = one.error
        if one.said is not None:
            try:
                _decide(people, one.said, decided)
            except HubError as error:
                wrong = RowError(one.number, error.field, error.message)
        if wrong:
            decided.taken.wrong += 1
            decided.taken.errors.append(wrong)
    return decided


async def store(tx: Tx, list_id: int, rows: Sequence[Read], agent_id: int | None) -> Taken:
    """These rows into the list. Raises Meanwhile when somebody changed one of their people: the same again is right."""
    people = People()
    await look_up(tx, people, rows)
    decided = decide(people, rows)
    drawn = await importing_storing.store(tx, people)
    members = sorted((drawn.get(id_, id_), fields) for id_, fields in decided.members.items())
    await tx.execute(
        """
        INSERT INTO contact_list_member (list_id, contact_id, fields)
        SELECT $1, contact_id, fields FROM unnest($2::bigint[], $3::jsonb[]) AS w (contact_id, fields) ORDER BY 2
        ON CONFLICT (list_id, contact_id) DO UPDATE SET fields = contact_list_member.fields || EXCLUDED.fields
        """,
        list_id,
        [contact for contact, _fields in members],
        [fields for _contact, fields in members],
    )
    said = [
        wish(importing_storing.address_id(people, key), granted, proof, agent_id)
        for key, granted, proof in decided.wishes
    ]
    await record(tx, said)
    return decided.taken


def _read(number: int, row: Row, plan: Plan) -> Read:
    try:
        return Read(number, understood(whole(row), plan), None)
    except HubError as error:
        return Read(number, None, RowError(number, error.field, error.message))


def _decide(people: People, said: Understood, decided: Decided) -> None:
    brought = importing_deciding.decide(people, said.person)
    decided.members.setdefault(brought.contact_id, {}).update(said.fields)
    taken = decided.taken
    if said.wants:
        fresh, refused = agree(people.words, said.person.addresses)
        decided.wishes += [(key, True, said.proof) for key in fresh]
        taken.agreed += len(fresh)
        taken.kept_out += refused
    elif said.wants is False:
        decided.wishes += [(key, False, said.proof) for key in refuse(people.words, said.person.addresses)]
    taken.new += brought.new
    taken.done += 1
