"""What an endpoint of the API is: method, path, typed query, body and answer, and one function."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import msgspec
from aiohttp import web

from hub.agents.roles import Person
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

T = TypeVar("T")
MOST = 100


class Nothing(msgspec.Struct, frozen=True):
    """No query, no body, or an empty answer."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list; `next` is the cursor of the following page, null on the last."""

    items: list[T]
    next: str | None


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """What every list takes: `limit` rows after `cursor` (the `next` of the page before)."""

    cursor: str = ""
    limit: int = 50


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One authenticated request: who calls, with what. `ids` are the numbers in the path.

    `tx` is the transaction an Idempotency-Key stands in: what is done in it is done once, whatever dies when.
    """

    hub: Hub
    person: Person
    request: web.Request
    ids: list[int]
    query: Any
    body: Any
    tx: Tx | None = None

    @property
    def id(self) -> int:
        """The path's first number."""
        return self.ids[0]

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Tx]:
        """The transaction of this request: the key's, if it has one, else one of its own."""
        if self.tx is not None:
            yield self.tx
            return
        async with self.hub.transaction() as tx:
            yield tx


Handler = Callable[[Call], Awaitable[Any]]


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the API. `path` is below /api/v1, numbers written `{id}`.

    `commits`: the handler commits by itself because it waits for others; repeating it must be harmless.
    """

    method: str
    path: str
    summary: str
    handler: Handler
    answer: Any
    query: type[msgspec.Struct] = Nothing
    body: type[msgspec.Struct] | None = None
    status: int = 200
    raw: bool = False
    commits: bool = False


def number_cursor(paging: Paging) -> int:
    """The cursor of lists ordered by id; 0 at the start. Raises BadInput."""
    if not paging.cursor:
        return 0
    if not paging.cursor.isascii() or not paging.cursor.isdigit() or len(paging.cursor) > 18:
        raise BadInput(_("This is not a cursor of this list."), field="cursor")
    return int(paging.cursor)


def limit_of(paging: Paging) -> int:
    """How many rows are asked for. Raises BadInput outside 1 to 100."""
    if not 1 <= paging.limit <= MOST:
        raise BadInput(_("Use a number from 1 to %(most)s.", most=MOST), field="limit")
    return paging.limit
