"""Address lists of a mail (RFC 5322 §3.4) as mailers really write them: linear, bounded, never raising."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from hub.channels.facts import Party
from hub.channels.mail.tokens import OUR_MARK
from hub.channels.mail.words import decode_words, raw_text
from hub.channels.text import one_line, shortened, without_direction_tricks

MOST_ADDRESSES = 500
_LONGEST_VALUE = 200_000
_SHORT = 300
_TOKEN = re.compile(
    r'=\?[^?\s]{1,80}\?[bBqQ]\?[^?]*\?=|"(?:[^"\\]|\\.)*"|[()<>,;:]|\\.|[^"()<>,;:\\]+|"', re.DOTALL
)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_QUOTED_LOCAL = re.compile(r'"[^"\\\s][^"\\]{0,60}"@[^\s"@<>]{1,255}')
_AROUND_DOTS = re.compile(r" ?([.@]) ?(?=\S)")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_LOOKS = re.compile(r"[^\s<>()\[\],;:\"@]{1,200}@[^\s<>()\[\],;:\"@]{1,255}")


def read_addresses(values: list[bytes]) -> tuple[tuple[Party, ...], bool]:
    """`(addresses in order, were some left out?)`. Each address once; at most MOST_ADDRESSES."""
    found: dict[str, Party] = {}
    cut = False
    for value in values:
        cut = cut or len(value) > _LONGEST_VALUE
        for party in _known(value) if len(value) < _SHORT else _read(raw_text(value[:_LONGEST_VALUE])):
            if len(found) >= MOST_ADDRESSES:
                return tuple(found.values()), True
            found.setdefault(party.address.lower(), party)
    return tuple(found.values()), cut


@lru_cache(maxsize=2_000)
def _known(value: bytes) -> tuple[Party, ...]:
    """One mail names the same few addresses in many fields, and every mail names ours."""
    return tuple(_read(raw_text(value)))


def normalised(address: str) -> str:
    """Lower case, no space; only our own token after `+r.` or `+b.` keeps its case."""
    address = shortened(address if address.startswith('"') else re.sub(r"\s+", "", address), 320)
    local, mark, rest = _around_mark(address)
    if not mark:
        return address.lower()
    token, at, domain = rest.partition("@")
    return f"{local.lower()}{mark}{token}{at}{domain.lower()}"


def _around_mark(address: str) -> tuple[str, str, str]:
    found = OUR_MARK.search(address)
    if found is None:
        return address, "", ""
    return address[: found.start()], found[0].lower(), address[found.end() :]


@dataclass(slots=True)
class _Reading:
    """What has been read of the current address."""

    phrase: list[str] = field(default_factory=list)
    comment: list[str] = field(default_factory=list)
    angle: list[str] | None = None
    in_angle: bool = False
    comment_depth: int = 0


def _read(text: str) -> list[Party]:
    parties: list[Party] = []
    now = _Reading()
    for token in _TOKEN.findall(text):
        if token in (",", ";") and not now.in_angle and not now.comment_depth:
            if _without_address(now) and token == ",":
                now.phrase.append(",")  # García, Marta <marta@…>: the quotes were forgotten
                continue
            parties += _finished(now)
            now = _Reading()
            if len(parties) > MOST_ADDRESSES:
                return parties
        else:
            _take(now, token)
    return parties + _finished(now)


def _take(now: _Reading, token: str) -> None:
    if token == "(":
        now.comment_depth += 1
    elif token == ")" and now.comment_depth:
        now.comment_depth -= 1
    elif now.comment_depth:
        if not now.in_angle:
            now.comment.append(token)
    elif token == "<":
        now.in_angle, now.angle = True, []
    elif token == ">":
        now.in_angle = False
    elif now.in_angle and now.angle is not None:
        now.angle.append(token)
    elif token == ":" and not "".join(now.phrase).strip().lower().endswith("mailto"):
        now.phrase.clear()  # the name of a group
    else:
        now.phrase.append(token)


def _without_address(now: _Reading) -> bool:
    return now.angle is None and bool(now.phrase) and "@" not in "".join(now.phrase)


def _finished(now: _Reading) -> list[Party]:
    phrase = "".join(now.phrase).strip().strip(",").strip()
    if now.angle is None and "@" not in phrase and "=?" not in phrase:
        return []  # an address is nowhere, and to look for one in 200 kB of a stranger's costs half a second
    if now.angle is not None:
        address = _bare("".join(now.angle))
        if "@" in address or not _LOOKS.search(decode_words(phrase)):
            return [_party(address, _named(phrase, now.comment))] if address else []
    address = _bare(_AROUND_DOTS.sub(r"\1", phrase))
    if "@" in address[1:-1] and " " not in address:
        return [_party(address, _named("", now.comment))]
    return [Party(normalised(phrase))] if _QUOTED_LOCAL.fullmatch(phrase) else _found_inside(phrase)


def _named(phrase: str, comment: list[str]) -> str:
    name, said = _unquoted(phrase), _unquoted("".join(comment))
    return f"{name} ({said})" if name and said else name or said


def _found_inside(phrase: str) -> list[Party]:
    """The whole `Name <address>` was put into one encoded word, or the angle brackets were forgotten."""
    text = one_line(decode_words(_unquoted(phrase)))
    found = _LOOKS.search(text)
    if found is None:
        return []
    name = (text[: found.start()] + " " + text[found.end() :]).replace("<", "").replace(">", "")
    return [_party(found[0], name.strip(" \"'"))]


def _party(address: str, name: str) -> Party:
    name = _without_outer_quotes(one_line(without_direction_tricks(decode_words(name))))
    address = normalised(one_line(without_direction_tricks(address)))
    return Party(address, "" if name.lower() == address.lower() else shortened(name, 200))


def _without_outer_quotes(name: str) -> str:
    for quote in ("'", '"'):
        if len(name) > 1 and name.startswith(quote) and name.endswith(quote):
            name = name[1:-1].strip()
    return name


def _bare(text: str) -> str:
    text = one_line(decode_words(_unquoted_local(text.strip())))
    text = text.removeprefix("mailto:").removeprefix("MAILTO:").removeprefix("smtp:").removeprefix("SMTP:")
    if text.startswith("@") and ":" in text:  # a source route of RFC 822: <@a,@b:user@host>
        text = text.rpartition(":")[2]
    return text.strip("'<> ").rstrip(".")


def _unquoted_local(text: str) -> str:
    """`"ana garcia"@x` keeps its quotes; `"ana@x"` loses them."""
    if text.startswith('"') and text.endswith('"') and len(text) > 1:
        return _unquoted(text)
    return text


def _unquoted(text: str) -> str:
    if '"' not in text and "\\" not in text:
        return text.strip()
    return _QUOTED.sub(lambda found: _ESCAPED.sub(r"\1", found[1]), text).strip()
