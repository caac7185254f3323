"""Bodies no program of ours would send are refused with what is wrong, in the shape of every other error."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from hub.channels.base import Raw
from hub.channels.facts import Unreadable
from hub.channels.outgoing import Line
from hub.channels.registry import adapter
from hub.plumbing.errors import BadInput
from hub.web.forms import converted
from tests.world import World

DEEP = ("[" * 100_000, '{"a":' * 20_000, '{"name": ' + "[" * 5_000 + "]" * 5_000 + "}")


async def test_a_body_that_cannot_be_read_is_refused_as_json(api_of: Any, world: World) -> None:
    api = await api_of(world.berta)
    for body in DEEP:
        async with api.session.post(f"{api.base}/products", data=body, headers=api.headers) as answer:
            told = (await answer.json())["error"]
            assert (answer.status, told["code"], told["field"]) == (422, "bad_input", None)
    packed = api.headers | {"Content-Encoding": "gzip"}
    async with api.session.post(f"{api.base}/products", data=b"not gzip", headers=packed) as answer:
        assert (answer.status, (await answer.json())["error"]["code"]) == (400, "bad_request")


async def test_a_number_of_nothing_is_named(api_of: Any, world: World) -> None:
    api = await api_of(world.berta)
    status, error = await api.patch(f"/contacts/{world.marta}", {"account": 0})
    assert (status, error["error"]["field"]) == (422, "account")
    _status, made = await api.post("/campaigns", {"name": "Otoño"})
    for field in ("segment_id", "interest_id", "sender_id"):
        status, error = await api.patch(f"/campaigns/{made['id']}", {field: 0})
        assert (status, error["error"]["field"]) == (422, field)
    status, error = await api.get(f"/campaigns/{made['id']}/worst?step=2147483648")
    assert (status, error["error"]["field"]) == (422, "step")


def test_a_value_is_repeated_only_so_far() -> None:
    class State(msgspec.Struct):
        state: bool

    with pytest.raises(BadInput) as refused:
        converted({"state": "x" * 5_000}, State)
    assert len(refused.value.message) < 200


@pytest.mark.parametrize("kind", ["form", "webchat", "desk", "api"])
def test_a_body_of_too_many_brackets_is_unreadable(kind: str) -> None:
    line = Line(id=1, key="line", kind=kind, name=kind, address="")
    deep = b'{"more": ' + b"[" * 50_000
    assert [type(fact) for fact in adapter(kind).parse(Raw(body=deep), line)] == [Unreadable]
