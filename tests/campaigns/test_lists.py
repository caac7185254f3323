"""A file of people becomes a list: columns guessed, each wrong row named before and while it is taken in."""

from __future__ import annotations

import asyncio

import pytest
from click.testing import CliRunner

from hub.campaigns import audience, lists
from hub.campaigns.conditions import Definition, Group, Listed
from hub.campaigns.list_columns import Plan, checked, guess, slug, understood
from hub.campaigns.list_trying import dry_run
from hub.cli import main
from hub.customers.consent import Wish, record
from hub.plumbing.errors import BadInput, Conflict, NotFound
from tests.process import environ
from workers.timers import roll_up

FILE = """Código cliente;Nombre;Apellidos;Correo electrónico;Móvil;Acepta publicidad;Ciudad
C1;Rosa;Gil;rosa@example.com;600 123 456;sí;Vigo
C2;Jorge;Díaz;jorge@gmail.com;;sí;Lugo
;Sin;Nada;;;sí;Vigo
C4;Mala;;rosa-at-example.com;;;Vigo
C5;Otra;;otra@example.com;;quizás;Vigo
;Marta;;marta@acme.test;;no;Orense
;Rosa otra vez;;rosa@example.com;;sí;Vigo
;Dos;;marta@acme.test;+34600123456;;Vigo
""".encode("cp1252")
WRONG = [(4, "email"), (5, "email"), (6, "consent"), (9, "address")]


def planned() -> Plan:
    plan = guess(FILE.decode("cp1252").splitlines()[0].split(";"))
    return Plan(columns=plan.columns, proof="Formulario de la feria 2026")


def test_headings_are_guessed_in_spanish_and_english():
    assert list(planned().columns.values()) == [
        "external_id", "name", "surname", "email", "phone", "consent", "keep",
    ]  # fmt: skip
    english = guess(["Customer ID", "Full name", "E-mail", "Company", "Opt-in", "Shoe size", "Email", ""])
    assert list(english.columns.values()) == [
        "external_id", "name", "email", "account", "consent", "keep", "keep", "",
    ]  # fmt: skip
    assert slug("  Código postal (ES) ") == "codigo_postal_es"


@pytest.mark.parametrize(
    ("headings", "columns", "field"),
    [
        (["Nombre"], {"Nombre": "name"}, "columns"),
        (["a", "a"], {"a": "email"}, "columns"),
        (["a"], {"b": "email"}, "columns"),
        (["a", "b"], {"a": "email", "b": "email"}, "columns"),
        (["a", "b"], {"a": "email", "b": "consent"}, "proof"),
        (["a", "Ñ?", "n"], {"a": "email", "Ñ?": "keep", "n": "keep"}, "columns"),
        (["a", "¿?"], {"a": "email", "¿?": "keep"}, "columns"),
        ([str(n) for n in range(61)], {"1": "email"}, "columns"),
    ],
)
def test_a_plan_that_cannot_work_is_refused(headings, columns, field):
    with pytest.raises(BadInput) as wrong:
        checked(headings, Plan(columns=columns))
    assert wrong.value.field == field


def test_one_column_may_hold_either_address():
    plan = Plan(columns={"a": "address"})
    assert [*understood({"a": "Ana@Example.com"}, plan).person.addresses] == [("email", "ana@example.com")]
    assert [*understood({"a": "+34 600 123 456"}, plan).person.addresses] == [("phone", "+34600123456")]
    argentine = understood({"a": "+54 9 11 2345-6789"}, plan).person.addresses
    assert argentine == {("phone", "+541123456789"): "+5491123456789"}


async def test_a_file_is_tried_and_then_taken_in_alike(hub, world):
    """Promise 69: Jorge said stop; a list that says yes for him changes nothing, however often it comes."""
    async with hub.transaction() as tx:
        stop = Wish(
            address_id=world.jorge_address, purpose="marketing", granted=False, source="word", proof="BAJA"
        )
        await record(tx, [stop])
        made = await lists.create(tx, "Feria", agent_id=world.mario)
        before = await tx.value("SELECT count(*) FROM contact")
    tried = await dry_run(hub, FILE, planned())
    assert (tried.done, tried.new, tried.wrong) == (4, 1, 4)
    assert [(one.row, one.field) for one in tried.errors] == WRONG
    assert (tried.agreed, tried.kept_out) == (2, 1)
    async with hub.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM contact") == before
    for again in (False, True):
        taken = await lists.take_in(hub, made.id, FILE, planned(), agent_id=world.mario)
        assert (taken.done, taken.new, taken.wrong) == (4, 0 if again else 1, 4)
        assert [(one.row, one.field) for one in taken.errors] == WRONG
        assert (taken.agreed, taken.kept_out) == (0 if again else 2, 1)
    await roll_up(hub)
    async with hub.transaction() as tx:
        standing = "SELECT standing, (SELECT count(*) FROM reach_stale) AS stale FROM contact WHERE id = $1"
        assert tuple(await tx.record(standing, world.jorge)) == ("opted_out", 0)
        found = await lists.load(tx, made.id)
        assert (found.people, found.columns, found.agent_name) == (3, ["ciudad"], "Mario")
        rosa = await tx.value("SELECT contact_id FROM address WHERE value = 'rosa@example.com'")
        assert await lists.values_of(tx, made.id, [rosa, world.jorge]) == {
            rosa: {"ciudad": "Vigo"},
            world.jorge: {"ciudad": "Lugo"},
        }
        said = await tx.fetch(
            """
            SELECT a.value, k.granted, k.source, k.proof FROM consent k JOIN address a ON a.id = k.address_id
            ORDER BY a.value, k.id
            """
        )
        proof = ("import", "Formulario de la feria 2026")
        assert [tuple(row) for row in said] == [
            ("+34600123456", True, *proof),
            ("jorge@gmail.com", False, "word", "BAJA"),
            ("marta@acme.test", False, *proof),
            ("rosa@example.com", True, *proof),
        ]
        await in_the_audience(tx, made.id, rosa)
        assert await lists.leave(tx, made.id, [rosa], agent_id=world.mario) == 1
        assert (await lists.load(tx, made.id)).people == 2


async def in_the_audience(tx, list_id, rosa):
    def fitting(**more):
        return Definition([Group([Listed(list=list_id, **more)])])

    counted, some = await audience.survey(tx, fitting())
    assert (counted.total, counted.excluded) == (3, {"opted_out": 2, "no_consent": 1})  # not compared yet
    assert some[0].why == ["in the list “Feria”"]
    only = await audience.sample(tx, fitting(column="ciudad", any_of=["VIGO"]))
    assert [(one.id, one.why) for one in only] == [(rosa, ["in the list “Feria” where “ciudad” is VIGO"])]


async def test_the_command_tries_a_list_and_brings_it(settings, world, tmp_path):
    file = tmp_path / "feria.csv"
    file.write_text("Correo;Nombre\nrosa@example.com;Rosa\njorge@gmail.com;Jorge\nnada;Nadie\n")
    env = environ(settings) | {"LC_ALL": "en_GB.UTF-8"}
    words = ["import", "list", str(file), "--name", "Feria", "--everybody", "--proof", "Ficha firmada"]
    tried = await asyncio.to_thread(CliRunner().invoke, main, [*words, "--dry-run"], env=env)
    taken = await asyncio.to_thread(CliRunner().invoke, main, words, env=env)
    for result in (tried, taken):
        assert result.exit_code == 2, result.output
        assert "Correo → Email, Nombre → Name" in result.output
        assert "2 rows, 1 new people; 2 addresses newly want campaigns, 0 said no" in result.output
        assert "row 4, email" in result.output


async def test_lists_have_names_of_their_own_and_files_an_end(hub, world):
    async with hub.transaction() as tx:
        made = await lists.create(tx, "Feria")
        with pytest.raises(Conflict):
            await lists.create(tx, "FERIA")
        with pytest.raises(BadInput):
            await lists.create(tx, "  ")
        assert [one.name for one in await lists.listed(tx)] == ["Feria"]
    plan = Plan(columns={"email": "email"})
    with pytest.raises(NotFound):
        await lists.take_in(hub, made.id + 1, b"email\n", plan)
    with pytest.raises(BadInput, match="more than 2 rows"):
        await dry_run(hub, b"email\na@b.es\nb@b.es\nc@b.es\n", plan, most=2)
    with pytest.raises(BadInput, match="split it"):
        await dry_run(hub, b"email\na@b.es\n", plan, most_bytes=10)
