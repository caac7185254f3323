"""What can be asked of the child that handles paper, and asking it: one process a question, with hard limits."""

from __future__ import annotations

import asyncio
from typing import Literal
from weakref import WeakKeyDictionary

import msgspec

from hub.channels import children
from hub.channels.paper.bounds import Unfit
from hub.channels.paper.typeset import Block

SECONDS = 40.0
MEMORY = 512 * 1024 * 1024
AT_ONCE = 2
CHILD = "hub.channels.paper.child"


class Draw(msgspec.Struct, frozen=True, tag=True):
    """Pages (numbers from 1) of a PDF, TIFF or picture as PNGs, each `width` points wide."""

    content: bytes
    numbers: tuple[int, ...]
    width: int


class Make(msgspec.Struct, frozen=True, tag=True):
    """Words, then documents, as one black and white document for a fax machine."""

    blocks: tuple[Block, ...]
    documents: tuple[bytes, ...]
    form: Literal["pdf", "tiff"] = "pdf"


class Answer(msgspec.Struct, frozen=True):
    """Pictures or one document; `pages` of the document, `trouble` why there is none."""

    parts: list[bytes] = []
    pages: int = 0
    trouble: str = ""


Question = Draw | Make
_decode = msgspec.msgpack.Decoder(Answer).decode
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


async def ask(question: Question, *, seconds: float = SECONDS, memory: int = MEMORY) -> Answer:
    """The child's answer. Raises Unfit with its words, also when it burnt its limits."""
    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
    async with turns:
        given = msgspec.msgpack.encode(question)
        out = await children.ask(CHILD, memory, seconds, given=given, seconds=seconds)
    try:
        answer = _decode(out)
    except msgspec.MsgspecError as error:
        raise Unfit("it needs more time or memory than a document may") from error
    if answer.trouble:
        raise Unfit(answer.trouble)
    return answer
