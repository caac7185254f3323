"""What a kind asks: generically over the registry, and how what was typed is read."""

from __future__ import annotations

from typing import Any

import pytest

from hub.channels import asking, fields
from hub.channels.fields import PARTS, Field
from hub.channels.outgoing import Line
from hub.channels.registry import ADAPTERS, adapter
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import speaking

GOOD = {
    "number": "7",
    "host": "Mail.Example.com",
    "url": "https://www.example.com",
    "email": "Ana@Example.com",
    "phone": "+34 600 123 456",
    "zone": "Europe/Madrid",
    "country": "es",
    "yes": "1",
    "channel": "k3yk3yk3yk3y",
    "channels": ["k3yk3yk3yk3y"],
    "long": "two\nlines",
}


def good(field: Field) -> Any:
    """Something this field takes."""
    if field.type == "choice":
        return field.choices[-1][0]
    if field.type == "number":
        return str(max(field.least, 1))
    return field.example or GOOD.get(field.type, "words")


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
def test_every_kind_declares_a_form_that_can_be_filled_shown_and_filled_again(kind: str) -> None:
    known = asking.fields_of(adapter(kind))
    assert len({one.name for one in known}) == len(known)
    assert {one.part for one in known} <= set(PARTS)
    given = {one.name: good(one) for one in known}
    read = fields.read(known, given, {}, {})
    assert set(read.secrets) == {one.name for one in known if one.secret}
    again = {one.name: fields.shown(one, read.settings) for one in known}
    assert not [one.name for one in known if one.secret and again[one.name]], "a secret is never shown"
    again = {
        name: value.splitlines() if isinstance(given[name], list) else value for name, value in again.items()
    }
    assert fields.read(known, again, read.settings, read.secrets) == read, "saving unchanged changes nothing"
    empty = {one.name: "" for one in known if not one.required and not one.secret and one.type != "yes"}
    assert set(fields.read(known, empty, read.settings, read.secrets).secrets) == set(read.secrets)


@pytest.mark.parametrize("kind", sorted(ADAPTERS))
async def test_an_empty_line_is_told_what_is_wrong_in_words(kind: str) -> None:
    """No exception, whatever is missing; and nothing of it leaves this host."""
    line = Line(id=1, key="k" * 20, kind=kind, name="x", address="")
    with speaking("es"):
        for tried in await adapter(kind).check(line):
            assert tried.way in ("in", "out")
            assert tried.step
        for told in adapter(kind).to_copy(line, "https://hub.test"):
            assert "https://hub.test" in told.text


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        (Field(name="n", label="", type="number", least=1, most=9), "10"),
        (Field(name="n", label="", type="number"), "-1"),
        (Field(name="n", label="", type="host"), "mail server"),
        (Field(name="n", label="", type="url"), "javascript:alert(1)"),
        (Field(name="n", label="", type="url"), "https://user:pass@example.com"),
        (Field(name="n", label="", type="email"), "ana@"),
        (Field(name="n", label="", type="phone"), "12"),
        (Field(name="n", label="", type="zone"), "Europe/Nowhere"),
        (Field(name="n", label="", type="country"), "Spain"),
        (Field(name="n", label="", type="yes"), "perhaps"),
        (Field(name="n", label="", type="choice", choices=(("a", "A"),)), "b"),
        (Field(name="n", label="", type="lines", pattern="a+", example="aa"), "aa\nb"),
        (Field(name="n", label="", pattern="a+", example="aa"), "b"),
        (Field(name="n", label=""), "two\nlines"),
        (Field(name="n", label=""), "x" * 20_001),
        (Field(name="n", label="", required=True), ""),
        (Field(name="n", label="", required=True, secret=True), ""),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_name_of_its_field(field: Field, wrong: str) -> None:
    with pytest.raises(BadInput) as refused:
        fields.read([field], {"n": wrong}, {}, {})
    assert refused.value.field == "n"


def test_what_nobody_declared_is_refused_and_what_is_stored_beside_it_stays() -> None:
    known = [Field(name="way.to", label=""), Field(name="token", label="", secret=True)]
    stored = {"way": {"to": "a", "own": 1}, "patterns": [1]}
    with pytest.raises(BadInput, match="colour"):
        fields.read(known, {"colour": "red"}, stored, {})
    with pytest.raises(BadInput):
        fields.read(known, {}, stored, {}, forget=["health"])
    read = fields.read(known, {"way.to": "", "token": ""}, stored, {"token": "old", "other": "x"})
    assert read.settings == {"way": {"own": 1}, "patterns": [1]}
    assert read.secrets == {"token": "old", "other": "x"}
    assert fields.read(known, {}, stored, read.secrets, forget=["token"]).secrets == {"other": "x"}
    assert stored["way"] == {"to": "a", "own": 1}, "what was handed in is not changed"


def test_only_what_differs_from_the_usual_is_stored() -> None:
    known = [
        Field(name="on", label="", type="yes", usual=True),
        Field(name="ask", label="", usual="name email", blank=True),
        Field(name="mms", label="", type="choice", choices=(("", "usual"), ("1", "yes"), ("0", "no"))),
    ]
    assert fields.read(known, {"on": "1", "ask": "name email", "mms": ""}, {}, {}).settings == {}
    said = fields.read(known, {"on": "", "ask": "", "mms": "0"}, {}, {}).settings
    assert said == {"on": False, "ask": "", "mms": False}
    assert [fields.shown(one, said) for one in known] == ["", "", "0"]
