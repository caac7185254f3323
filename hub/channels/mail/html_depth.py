"""Deep nesting taken out of HTML before a parser sees it: trees cost the square of their depth."""

from __future__ import annotations

from hub.channels.mail.html_text import NAME, VOID, tag_end

_DEEPEST = 300
# These close each other, so many of them in a row are not deep.
_FLAT = frozenset("p li tr td th dd dt option thead tbody tfoot".split())


def flattened(html: str) -> str:
    """The same HTML without the elements below _DEEPEST levels; their text stays. Linear."""
    if html.count("<") <= _DEEPEST:
        return html
    pieces: list[str] = []
    depth = over = kept = position = 0
    while (tag := html.find("<", position)) >= 0:
        name = NAME.match(html, tag + 1)
        if name is None:
            position = tag + 1
            continue
        end = tag_end(html, tag)
        if end < 0:
            break
        position = end
        word = name[1].lower()
        if word in VOID or word in _FLAT:
            continue
        if html[tag + 1] == "/":
            if over:
                over -= 1
                pieces.append(html[kept:tag])
                kept = end
            else:
                depth = max(depth - 1, 0)
        elif depth >= _DEEPEST:
            over += 1
            pieces.append(html[kept:tag])
            kept = end
        else:
            depth += 1
    return "".join([*pieces, html[kept:]])
