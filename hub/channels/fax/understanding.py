"""What a gateway's mail says: which layout it has, and the fields in it. Pure words; no document is looked at."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from hub.channels.fax import templates
from hub.channels.fax.gateways import BY_NAME, GATEWAYS
from hub.channels.fax.layouts import Gateway, Pattern, State
from hub.channels.fax.numbers import is_withheld, read_number
from hub.channels.fax.patterns import entries, own_patterns
from hub.channels.fax.trust import gateway_at
from hub.channels.outgoing import Line
from hub.channels.phone import HOME

_TOKEN = re.compile(r"\[fx:([A-Za-z0-9_-]{16,64})\]")
_IN_FILE_NAME = re.compile(r"(?<!\d)\+?\d{9,15}(?!\d)")
_LONGEST_WORDS = 300


class Understood(msgspec.Struct, kw_only=True):
    """The fields of one mail. Numbers are E.164 keys or ""; `caller_said` as it was printed; `pages` None: unsaid.

    `doubtful`: the caller's number may be what their own machine claims. `token`: ours, repeated by a report.
    """

    provider: str
    state: State
    caller: str = ""
    caller_said: str = ""
    csid: str = ""
    to: str = ""
    pages: int | None = None
    job: str = ""
    reason: str = ""
    doubtful: bool = False
    token: str = ""


def understood(subject: str, text: str, sender: str, sender_name: str, line: Line) -> Understood | None:
    """The first layout that fits, the line's own and the sender's gateway before all others; None for none."""
    lines = templates.readable_lines(text)
    for gateway, pattern in _candidates(sender, sender_name, line):
        found = templates.first(pattern.subject, subject)
        if found is None:
            continue
        at = _sign(pattern, lines)
        if at is None:
            continue
        body = templates.in_lines(pattern.body, lines)
        fields = {name: found.get(name) or body.get(name, "") for name in templates.FIELDS}
        if not fields["reason"] and pattern.sign and pattern.state in ("failed", "error"):
            fields["reason"] = next((one for one in lines[at + 1 : at + 3] if one), "")
        return _tidied(gateway, pattern, fields, f"{subject}\n{text[:20_000]}", line)
    return None


def _candidates(sender: str, sender_name: str, line: Line) -> Iterator[tuple[Gateway, Pattern]]:
    first = gateway_at(sender) or BY_NAME.get(str(line.settings.get("gateway") or ""))
    named = [
        one for one in GATEWAYS if one.name in sender_name.lower() or one.title.lower() in sender_name.lower()
    ]
    names = [entry.name for entry in entries(line.settings)]
    for name, own in zip(names, own_patterns(line), strict=True):
        yield Gateway(name=name, title=name, country_code=first.country_code if first else False), own
    for gateway in dict.fromkeys([*([first] if first else []), *named, *GATEWAYS]):
        for pattern in gateway.patterns:
            yield gateway, pattern


def _sign(pattern: Pattern, lines: list[str]) -> int | None:
    """Which line begins with one of the pattern's signs; 0 when it asks for none, None when there is none."""
    if not pattern.sign:
        return 0
    signs = tuple(sign.casefold() for sign in pattern.sign)
    return next((at for at, line in enumerate(lines) if line.casefold().startswith(signs)), None)


def _tidied(gateway: Gateway, pattern: Pattern, fields: dict[str, str], whole: str, line: Line) -> Understood:
    country = str(line.settings.get("country") or HOME)

    def number(printed: str) -> str:
        return read_number(printed, country, with_country_code=gateway.country_code)

    caller_said, doubtful = fields["caller"], pattern.caller_doubtful
    if not caller_said and fields["name"]:  # a file named after the caller
        inside = _IN_FILE_NAME.search(fields["name"])
        caller_said, doubtful = (inside[0], True) if inside else ("", doubtful)
    token = _TOKEN.search(whole)
    return Understood(
        provider=gateway.name,
        state=pattern.state,
        caller=number(caller_said),
        caller_said="" if is_withheld(caller_said) else caller_said[:_LONGEST_WORDS],
        csid=fields["csid"][:_LONGEST_WORDS],
        to=number(fields["to"]),
        pages=int(fields["pages"]) if fields["pages"].isdigit() else None,
        job=(fields["job"] or fields["reference"])[:100],
        reason=fields["reason"][:_LONGEST_WORDS],
        doubtful=doubtful,
        token=token[1] if token else "",
    )
