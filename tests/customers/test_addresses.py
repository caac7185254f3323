"""One number written in several ways is one address (promise 45); what is no address is refused with its reason."""

from __future__ import annotations

import pytest

from hub.customers.addresses import normalised, prove
from hub.plumbing.errors import BadInput, Conflict


@pytest.mark.parametrize(
    "written", ["+34 600 123 456", "0034600123456", "600 123 456", "+34-600-123-456", "+٣٤٦٠٠١٢٣٤٥٦"]
)
def test_a_number_has_one_spelling(written):
    assert normalised("phone", written) == "+34600123456"


@pytest.mark.parametrize(
    ("type_", "value"), [("phone", "hola"), ("phone", "12"), ("email", "marta@"), ("email", "")]
)
def test_what_is_no_address_is_refused(type_, value):
    with pytest.raises(BadInput) as refused:
        normalised(type_, value)
    assert refused.value.field == type_


async def test_an_address_belongs_to_one_person(tx, world):
    with pytest.raises(Conflict):
        await prove(tx, world.jorge, "email", "Marta@acme.test", source="agent")
    assert await prove(tx, world.marta, "email", "MARTA@acme.test", source="agent") == world.marta_address
