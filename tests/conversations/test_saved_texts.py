"""Saved texts: kept in versions, found, filled for a conversation, and what a macro does."""

from __future__ import annotations

import pytest

from hub.channels.registry import adapter
from hub.conversations import filling, holding, macros, saved_texts
from hub.conversations.saved_texts import Actions, Wanted
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.texts import speaking
from tests.conversations.making import conversation
from tests.world import World

GREETING = Wanted(
    title="Saludo",
    shortcut="/Hola",
    text="Hola {{ contact.first_name }}, soy {{ agent.first_name }}. {{ contact.phone }}",
    short="Hola {{ contact.first_name }}",
    subject="Para {{ account.name }}",
)


async def test_each_change_is_a_version_and_the_old_ones_stay(tx: Tx, world: World) -> None:
    made = await saved_texts.create(tx, GREETING, agent_id=world.ana)
    assert (made.shortcut, made.version, made.version_by) == ("hola", 1, "Ana")
    same = await saved_texts.change(tx, made.id, saved_texts._wanted(made), agent_id=world.luis)
    assert same.version == 1, "nothing changed"
    wanted = Wanted(title="Saludo", shortcut="hola", text="Buenos días", actions=Actions(close=True))
    changed = await saved_texts.change(tx, made.id, wanted, agent_id=world.luis)
    assert (changed.version, changed.text, changed.actions.close) == (2, "Buenos días", True)
    assert (await saved_texts.load(tx, made.id, 1)).text == GREETING.text
    assert [one.version_by for one in await saved_texts.versions(tx, made.id)] == ["Luis", "Ana"]
    told = [row["verb"] for row in await tx.fetch("SELECT verb FROM history WHERE verb LIKE 'saved_text%'")]
    assert told == ["saved_text_created", "saved_text_changed"]


async def test_they_are_found_by_title_shortcut_and_words_and_a_shortcut_is_one_texts(
    tx: Tx, world: World
) -> None:
    made = await saved_texts.create(tx, GREETING, agent_id=world.ana)
    for text in ("salúdo", "HOLA", "soy {{"):
        assert [one.id for one in await saved_texts.listed(tx, text=text)] == [made.id], text
    assert await saved_texts.listed(tx, text="%") == []
    with pytest.raises(Conflict, match="Saludo"):
        await saved_texts.create(tx, Wanted(title="Otro", shortcut="HOLA", text="x"), agent_id=world.ana)
    await saved_texts.use(tx, made.id, active=False, agent_id=world.ana)
    assert await saved_texts.listed(tx) == []
    other = await saved_texts.create(tx, Wanted(title="Otro", shortcut="hola", text="x"), agent_id=world.ana)
    with pytest.raises(Conflict, match="Otro"):
        await saved_texts.use(tx, made.id, active=True, agent_id=world.ana)
    with pytest.raises(Conflict, match="Otro"):
        await saved_texts.create(tx, Wanted(title="3", shortcut="hola", text="x"), agent_id=world.ana)
    assert [one.id for one in await saved_texts.listed(tx, active=False)] == [made.id]
    assert other.active


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Wanted(title=" ", text="x"), "title"),
        (Wanted(title="a", shortcut="two words", text="x"), "shortcut"),
        (Wanted(title="a"), "text"),
        (Wanted(title="a", text="{{ contact.nmae }}"), "text"),
        (Wanted(title="a", text="x", short="{{ 7*7 }}"), "short"),
        (Wanted(title="a", text="x", html="{% if %}"), "html"),
        (Wanted(title="a", text="x", actions=Actions(priority="soon")), "priority"),
        (Wanted(title="a", text="x", actions=Actions(assign="agent-987654")), "assign"),
        (Wanted(title="a", text="x", actions=Actions(assign="1; DROP")), "assign"),
        (Wanted(title="a", text="x", actions=Actions(tags=["x" * 61])), "tags"),
    ],
)
async def test_what_cannot_be_kept_names_its_field(tx: Tx, world: World, wanted: Wanted, field: str) -> None:
    with pytest.raises(BadInput) as told:
        await saved_texts.create(tx, wanted, agent_id=world.ana)
    assert told.value.field == field


async def test_it_is_filled_for_the_conversation_in_the_form_its_channel_carries(
    tx: Tx, world: World
) -> None:
    made = await saved_texts.create(tx, GREETING, agent_id=world.ana)
    id_ = await conversation(tx, world, account=world.acme)
    values = await filling.values_for(tx, id_, world.luis)
    assert (values["owner.name"], values["account.domains"]) == ("Ana", ["acme.test"])
    mail = filling.fill(made, values, adapter("email").can)
    assert mail.text == "Hola Marta, soy Luis. {{ contact.phone }}"
    assert (mail.subject, mail.missing) == ("Para Acme", ["contact.phone"])
    with pytest.raises(BadInput, match=r"{{ contact.phone }}"):
        filling.complete(mail)
    with pytest.raises(BadInput):
        filling.must_be_filled(mail.text)
    sms = filling.fill(made, values, adapter("sms").can)
    assert (sms.text, sms.subject, filling.complete(sms)) == ("Hola Marta", "", sms)
    with pytest.raises(NotFound):
        await filling.values_for(tx, 987_654_321, world.luis)


async def test_an_account_that_is_only_suggested_is_not_spoken_of(tx: Tx, world: World) -> None:
    await tx.execute("UPDATE contact SET account_standing = 'suggested' WHERE id = $1", world.marta)
    values = await filling.values_for(tx, await conversation(tx, world), world.ana)
    assert (values["account.name"], values["owner.name"]) == ("", "")


async def test_a_macro_says_what_it_does_and_does_it(tx: Tx, world: World) -> None:
    actions = Actions(assign=f"agent-{world.luis}", tags=["envío"], priority="high", close=True)
    with speaking("es"):
        said = macros.told(actions, dict(await saved_texts.assignees(tx)))
    assert said == ["La asigna a Luis", "Le pone etiquetas: envío", "Prioridad: Alta", "La cierra"]
    id_ = await conversation(tx, world)
    closed = await macros.act(tx, id_, actions, agent_id=world.ana)
    (held,) = await holding.read(tx, [id_])
    assert closed == held
    assert (held.assignee_id, held.tags, held.priority, held.state) == (
        world.luis,
        ["envío"],
        "high",
        "closed",
    )
    again = await conversation(tx, world)
    assert await macros.act(tx, again, Actions(assign="me"), agent_id=world.ana) is None
    assert await macros.act(tx, again, Actions(assign=f"team-{world.support}"), agent_id=world.ana) is None
    assert (await holding.read(tx, [again]))[0].team_id == world.support
