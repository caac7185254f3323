"""Adding a kind is one folder and one line: what it declares is all the house asks for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.channels import registry
from hub.channels.base import Adapter, Capabilities
from hub.channels.connections import Channel
from hub.channels.matrix import BEGIN, END, matrix
from hub.conversations.fallback_policy import Policy, next_way, policy_of
from hub.conversations.rendering import rendered
from hub.conversations.ways import Option, decide
from hub.plumbing.clock import now

DOCS = Path(__file__).parents[2] / "docs" / "channels.md"


class Pigeon(Adapter):
    """A kind nobody knows: short texts, no subject, dear."""

    kind = "pigeon"
    can = Capabilities(address_type="loft", icon="feather", colour="grey", text_limit=40, cost=300.0)


@pytest.fixture
def pigeon(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The one line; gone afterwards, remembered by nobody."""
    registry.adapter.cache_clear()
    monkeypatch.setitem(registry.ADAPTERS, "pigeon", f"{__name__}:Pigeon")
    yield
    registry.adapter.cache_clear()


def test_the_page_shows_what_the_adapters_declare() -> None:
    shown = DOCS.read_text().partition(BEGIN)[2].partition(END)[0].strip()
    assert shown == matrix(), "run `hub channel matrix` and put its table into docs/channels.md"


@pytest.mark.parametrize("kind", sorted(registry.ADAPTERS))
def test_what_is_declared_holds_together(kind: str) -> None:
    can = registry.adapter(kind).can
    assert not can.report_minutes or can.delivery_reports, "waits for a report nobody sends"
    assert not can.approved_texts or can.window_hours
    assert not can.attachment_types or can.attachments
    assert can.parts == (registry.adapter(kind).measure("Hola") is not None)
    assert not can.cc or can.subject


@pytest.mark.usefixtures("pigeon")
def test_a_kind_nobody_knows_is_offered_gone_on_by_and_fitted() -> None:
    assert "about 300 ct" in matrix()
    line = Channel(
        id=1,
        key="loft",
        kind="pigeon",
        name="The loft",
        address="",
        team_id=None,
        enabled=True,
        settings={},
        secrets=None,
        health="ok",
        health_text="",
        troubles={},
    )
    option = Option(
        channel_id=1,
        address_id=2,
        address="Plaza Mayor",
        name="Marta",
        root_id=3,
        verified=True,
        shared=False,
        refusal="",
        detail="",
        last_here=None,
        last_in=None,
        preferred="pigeon",
        main=True,
    )
    [way] = decide([line], [option], now())
    assert (way.reason, way.why_not) == ("preferred", "")
    assert next_way([way], set(), 3, Policy(), now()) == way
    assert policy_of({}, way.can).on
    said = rendered("Re: Pedido", "Sale hoy.", (), way.can, Pigeon().measure, "https://hub.test/v/x")
    assert said.text == "Pedido: Sale hoy."
    cut = rendered("Re: Pedido", "Sale hoy. " * 30, (), way.can, Pigeon().measure, "https://hub.test/v/x")
    assert cut.text.endswith("https://hub.test/v/x")
    assert not cut.files
