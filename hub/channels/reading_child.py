"""The child that parses: limits first, then raws in, facts out, until its parent is gone."""

from __future__ import annotations

import contextlib
import struct
import sys
from typing import BinaryIO

import msgspec

from hub.channels.confined import answering, give_time, most_ever_held
from hub.channels.facts import AnyFact, Unreadable
from hub.channels.reading import Request
from hub.channels.registry import ADAPTERS, adapter

_decode = msgspec.msgpack.Decoder(Request).decode
_encode = msgspec.msgpack.Encoder().encode


def main() -> None:
    """`python -m hub.channels.reading_child MEMORY SECONDS`, spoken to over stdin and stdout."""
    memory, seconds = int(sys.argv[1]), float(sys.argv[2])
    out = answering(memory)
    for kind in ADAPTERS:
        adapter(kind)
    out.write(b"+")
    out.flush()
    _serve(sys.stdin.buffer, out, seconds, memory)


def _serve(source: BinaryIO, out: BinaryIO, seconds: float, memory: int) -> None:
    while len(head := source.read(4)) == 4:
        content = source.read(struct.unpack(">I", head)[0])
        give_time(seconds)
        answer, healthy = _answer(content)
        out.write(struct.pack(">I", len(answer)))
        out.write(answer)
        out.flush()
        if not healthy or most_ever_held() > memory * 3 // 4:
            return  # a fresh process has a whole heap again


def _answer(content: bytes) -> tuple[bytes, bool]:
    """The facts as msgpack, and whether this process is still fit."""
    with contextlib.suppress(MemoryError):  # answered below, once what filled the memory is given back
        return _parsed(content), True
    return _encode(_unreadable("needs more memory than one mail may")), False


def _parsed(content: bytes) -> bytes:
    try:
        request = _decode(content)
        return _encode(adapter(request.kind).parse(request.raw, request.line))
    except MemoryError:
        raise
    except Exception as error:  # a wrong kind, a fact that cannot be written: an answer, never silence
        return _encode(_unreadable(f"{type(error).__name__}: {error}"[:500]))


def _unreadable(reason: str) -> list[AnyFact]:
    return [Unreadable(reason=reason)]


if __name__ == "__main__":
    main()
