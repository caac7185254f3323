"""What somebody sends about customers is checked at the door, and never stops an answer from leaving."""

from __future__ import annotations

import pytest

from hub.customers import accounts, contacts
from hub.plumbing.errors import BadInput, Conflict


async def test_an_external_id_taken_by_another_is_a_conflict(tx, world):
    await accounts.create(tx, name="Uno", external_id="X1")
    with pytest.raises(Conflict):
        await accounts.create(tx, name="Dos", external_id="X1")
    await contacts.create(tx, name="Uno", external_id="X1")
    with pytest.raises(Conflict):
        await contacts.create(tx, name="Dos", external_id="X1")


async def test_a_language_is_a_tag(tx, world):
    with pytest.raises(BadInput):
        await contacts.change(tx, world.marta, language="klingon!")
    changed = await contacts.change(tx, world.marta, language="pt-BR")
    assert changed.contact.language == "pt-BR"
