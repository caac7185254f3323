"""What a link lets its holder choose: no for all of the person, yes for its own address, and nothing is told twice."""

from __future__ import annotations

from datetime import time

import pytest

from hub.customers import contact_hours, interests, merging, preferences
from hub.customers.consent import Wish, record, standing, why
from hub.customers.contact_hours import Hours
from hub.customers.preferences import Chosen, masked
from hub.deliveries.permission import No, Yes, may_send
from hub.plumbing.crypto import Crypto
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from tests.world import SECRET, World

PROOF = "“Otoño” #1"


def chosen(
    *ways: int, hours: Hours | None = None, about: tuple[int, ...] = (), opens: bool = False
) -> Chosen:
    return Chosen(ways=set(ways), interests=set(about), hours=hours, opens=opens)


async def agree(tx: Tx, *address_ids: int) -> None:
    await record(
        tx,
        [
            Wish(address_id=one, purpose="marketing", granted=True, source="agent", proof="x")
            for one in address_ids
        ],
    )


async def may(tx: Tx, address_id: int) -> bool:
    return isinstance(await may_send(tx, address_id, "marketing"), Yes)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("marta@acme.test", "m•••@a•••.test"),
        ("a@b", "a•••@b•••"),
        ("+34600111222", "+34 ••• 22"),
        ("visitor:9f8e7d6c", "•••"),
        ("user:crm:marta", "•••"),
    ],
)
def test_an_address_is_shown_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_a_link_names_an_address_and_a_recipient_in_every_generation() -> None:
    for address_id, recipient_id in ((1, 0), (7, 12), (2**40, 2**43)):
        url = preferences.unsubscribe_url("https://hub", Crypto(SECRET, 1), address_id, recipient_id)
        token = url.removeprefix("https://hub/u/")
        assert preferences.read(Crypto(SECRET, 5), token) == preferences.Named(address_id, recipient_id)
        assert preferences.read(Crypto("another secret, also long enough for one"), token) is None


async def test_a_person_of_two_addresses(tx: Tx, world: World) -> None:
    """Marta and Jorge are one person: her link ends both, starts only its own, and unmerging keeps what was said."""
    marta, jorge = world.marta_address, world.jorge_address
    await agree(tx, marta, jorge)
    merged = await merging.merge(tx, world.jorge, world.marta, agent_id=world.ana)
    found = await preferences.load(tx, marta)
    assert found is not None
    assert [(one.masked, one.wanted, one.own) for one in found.ways] == [
        ("m•••@a•••.test", True, True),
        ("j•••@g•••.com", True, False),
    ]
    await preferences.stop_all(tx, marta, proof=PROOF)
    assert (await may(tx, marta), await may(tx, jorge)) == (False, False)
    await preferences.start(tx, marta, proof=PROOF)
    await preferences.save(tx, marta, chosen(marta, jorge), proof=PROOF)  # a box that could not be ticked
    assert (await may(tx, marta), await may(tx, jorge)) == (True, False)
    await merging.unmerge(tx, merged.id, agent_id=world.ana)
    assert (await may(tx, marta), await may(tx, jorge)) == (True, False)
    assert not await preferences.stop(tx, jorge, source="one_click", proof=PROOF), "it was so already"
    [told] = (await standing(tx, world.jorge))[jorge]
    assert "“Otoño” #1" in why(told)
    verbs = await tx.fetch("SELECT verb FROM history WHERE verb LIKE 'consent_%' ORDER BY id")
    assert [row["verb"] for row in verbs] == ["consent_refused", "consent_refused", "consent_granted"]


async def test_an_import_lifts_no_refusal(tx: Tx, world: World) -> None:
    await agree(tx, world.marta_address)
    await preferences.stop(tx, world.marta_address, source="one_click", proof=PROOF)
    again = Wish(
        address_id=world.marta_address, purpose="marketing", granted=True, source="import", proof="lista"
    )
    new = Wish(
        address_id=world.jorge_address, purpose="marketing", granted=True, source="import", proof="lista"
    )
    await record(tx, [again, new])
    answer = await may_send(tx, world.marta_address, "marketing")
    assert isinstance(answer, No)
    assert await may(tx, world.jorge_address)


async def test_what_about_when_and_opens(tx: Tx, world: World) -> None:
    marta = world.marta_address
    await agree(tx, marta)
    news = await interests.create(tx, "Novedades", "News", agent_id=world.mario)
    offers = await interests.create(tx, "Ofertas", "Offers", agent_id=world.mario)
    evenings = Hours(starts=time(18), ends=time(21), days=(0, 2))
    for _again in range(2):
        await preferences.save(
            tx, marta, chosen(marta, about=(news.id,), hours=evenings, opens=True), proof=PROOF
        )
    assert await interests.refused(tx, [marta, world.jorge_address]) == {marta: {offers.id}}
    answers = [await may_send(tx, marta, "marketing", interest_id=one) for one in (news.id, offers.id, None)]
    assert [getattr(one, "code", "yes") for one in answers] == ["yes", "not_interested", "yes"]
    assert await contact_hours.of_contacts(tx, [world.marta, world.jorge]) == {world.marta: evenings}
    assert await preferences.may_see_opens(tx, [marta, world.jorge_address]) == {marta}
    rows = await tx.fetch("SELECT verb FROM history WHERE contact_id = $1 ORDER BY id", world.marta)
    assert [row["verb"] for row in rows] == ["consent_granted", "interests_chosen", "hours_chosen"]
    await preferences.save(tx, marta, chosen(marta, about=(news.id, offers.id)), proof=PROOF)
    assert await interests.refused(tx, [marta]) == {}
    assert await contact_hours.of_contacts(tx, [world.marta]) == {}
    assert await preferences.may_see_opens(tx, [marta]) == set()
    for hours in (Hours(starts=time(9), ends=time(9)), Hours(starts=time(9), ends=time(10), days=())):
        with pytest.raises(BadInput):
            await preferences.save(tx, marta, chosen(marta, hours=hours), proof=PROOF)
