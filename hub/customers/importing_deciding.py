"""Whom each row of a file means, and what it changes of what is known.

Row by row over what was looked up for all (INVARIANTS §2): each sees what those before it made, a wrong one leaves
nothing.
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.customers import tags
from hub.customers.importing_people import People, Person, Somebody
from hub.plumbing.errors import BadInput, Conflict
from hub.plumbing.texts import _


class Brought(msgspec.Struct, frozen=True):
    """Whom a row means; below zero: not stored yet. `new`: nobody knew them."""

    contact_id: int
    new: bool


def decide(people: People, one: Person) -> Brought:
    """Whom a row means and what it changes. Raises BadInput, Conflict, and has changed nothing then."""
    account_id = _account(people, one.account)
    known = people.by_external_id.get(one.external_id) if one.external_id else None
    owners = [people.by_address[key] for key in one.addresses if key in people.by_address]
    known = known or next(iter(owners), None)
    for key in one.addresses:
        if people.by_address.get(key, known) != known:
            words = _("%(address)s already belongs to another contact.", address=key[1])
            raise Conflict(words, field="address")
    if known is None and not (one.name or one.addresses):
        raise BadInput(_("A contact needs a name or an address."), field="name")
    there = people.somebody[known] if known is not None else None
    wanted = {people.tag_names[name][0] for name in one.tags}
    if len(wanted | (there.tags.keys() if there else set())) > tags.MOST:
        raise BadInput(_("A contact takes at most %(n)s tags.", n=tags.MOST), field="tags")
    if there is None:
        there = _born(people, one, account_id)
    else:
        _change(people, there, one, account_id)
    _reach(people, there, one)
    _tag(people, there, one)
    if one.role and account_id is not None and (account_id, one.role) not in there.roles:
        there.roles.add((account_id, one.role))
        people.changes.roles.append((there.id, account_id, one.role))
        people.changes.history.append(("role_given", there.id, account_id, {"role": one.role}))
    return Brought(there.id, known is None)


def _account(people: People, name: str) -> int | None:
    if not name:
        return None
    found = people.accounts[name]
    if len(found) != 1:
        words = (
            _("There is no account %(name)s.", name=name)
            if not found
            else _("Several accounts match %(name)s.", name=name)
        )
        raise BadInput(words, field="account")
    return found[0]


def _born(people: People, one: Person, account_id: int | None) -> Somebody:
    people.born += 1
    made = Somebody(
        id=-people.born,
        name=one.name,
        language=one.language,
        job_title=one.job_title,
        account_id=account_id,
        account_standing="confirmed" if account_id else "",
        external_id=one.external_id or None,
    )
    people.somebody[made.id] = made
    if one.external_id:
        people.by_external_id[one.external_id] = made.id
    people.changes.born.append(made)
    people.changes.history.append(("contact_created", made.id, account_id, {}))
    return made


def _change(people: People, there: Somebody, one: Person, account_id: int | None) -> None:
    """An empty cell says nothing; what is so already is no change."""
    said: dict[str, Any] = {
        name: value
        for name in ("name", "language", "job_title")
        if (value := getattr(one, name)) and value != getattr(there, name)
    }
    if account_id and (there.account_id, there.account_standing) != (account_id, "confirmed"):
        said["account_id"] = account_id
        there.account_standing = "confirmed"
    if not said:
        return
    for name, value in said.items():
        setattr(there, name, value)
    people.changes.history.append(("contact_changed", there.id, None, {"fields": sorted(said)}))
    if there.id > 0:
        people.changes.changed[there.id] = there
        if "name" in said:
            people.changes.searched.add(there.id)


def _reach(people: People, there: Somebody, one: Person) -> None:
    for key, spelled in one.addresses.items():
        if key not in people.by_address:
            people.by_address[key] = there.id
            people.changes.addresses[key] = there.id, spelled
            if there.id > 0:
                people.changes.searched.add(there.id)
        elif spelled and spelled != key[1]:  # a file of ours may have lost it
            if key in people.changes.addresses:
                people.changes.addresses[key] = there.id, spelled
            else:
                people.changes.spelled[key] = spelled


def _tag(people: People, there: Somebody, one: Person) -> None:
    """Names that differ only in case or accents are one tag, as whoever came first wrote it."""
    before = sorted(there.tags.values())
    for name in one.tags:
        plain, known = people.tag_names[name]
        if plain not in there.tags:
            there.tags[plain] = known or _first_written(people, plain, name)
            people.changes.tags.append((there.id, there.tags[plain]))
    after = sorted(there.tags.values())
    if after != before:
        people.changes.history.append(("contact_tagged", there.id, None, {"before": before, "after": after}))


def _first_written(people: People, plain: str, name: str) -> str:
    for other, (its_plain, _known) in people.tag_names.items():
        if its_plain == plain:
            people.tag_names[other] = plain, name
    return name
