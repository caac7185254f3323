"""format=flowed undone (RFC 3676): lines that end in a space go on in the next one."""

from __future__ import annotations


def unflowed(text: str, delete_space: bool = False) -> str:
    """Paragraphs on one line each; quote depth and the signature line stay."""
    pieces: list[str] = []
    open_depth = -1
    for line in text.split("\n"):
        depth = len(line) - len(line.lstrip(">"))
        content = line[depth:]
        content = content[1:] if content.startswith(" ") else content
        flows = content.endswith(" ") and content != "-- "
        body = content[:-1] if flows and delete_space else content
        if open_depth != depth or content == "-- ":
            pieces.append("\n" + ">" * depth + (" " if depth and body else ""))
        pieces.append(body)
        open_depth = depth if flows else -1
    return "".join(pieces)[1:]
