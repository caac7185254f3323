"""What is wrong with a campaign's message before anybody gets it: errors block its approval, warnings are for a look.

Pure: what the audience is like (`Audience`) and what the channels can do is told, nothing is looked up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

import msgspec

from hub.campaigns import links, linting_html
from hub.campaigns.findings import Finding, error, warning
from hub.campaigns.rendering import Content, render
from hub.campaigns.wording import Texts, all_of, compiled
from hub.channels.base import Adapter
from hub.customers.variables import CAMPAIGN_VARIABLES, Value, examples
from hub.plumbing.sandbox import Wording
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _

LONGEST_SUBJECT = 60  # characters a telephone shows
MOST_BYTES = 100_000  # Gmail cuts a mail off at 102 KB
LINK = "unsubscribe.link"
ALWAYS_THERE = frozenset({LINK, "agent.name", "agent.first_name", "agent.email", "campaign.sender_name"})


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """Who gets it: how many (0: unknown), and what wordings may call the columns of their lists (None: no list)."""

    total: int = 0
    columns: frozenset[str] | None = None


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes where each message costs: parts of one, of all, and about how much that is in euros.

    `encoding`: "" where a message is not counted in parts.
    """

    kind: str
    parts: int
    encoding: str
    total_parts: int
    euros: float


def lint(texts: Texts, channels: Sequence[Adapter] = (), audience: Audience | None = None) -> list[Finding]:
    """Everything found, errors first. `channels`: the ways it may leave; none are known yet counts as a mail."""
    audience = audience or Audience()
    found, wordings = _worded(texts)
    found += _variables(wordings, audience)
    if all(one.code != "misworded" for one in found):
        shown = render(texts, _examples(wordings))
        found += _what_is_shown(texts, shown, channels, audience)
    letters = not channels or any(one.can.subject for one in channels)
    found += _needed(texts, channels, letters)
    if letters:
        found += _unsubscribing(texts, wordings)
        found += _links(texts)
        found += linting_html.found(texts.html)
    return sorted(found, key=lambda one: one.severity != "error")


def costs(content: Content, channels: Sequence[Adapter], total: int) -> list[Cost]:
    """For each channel that costs by part or message, were all written to by it; `total`: people."""
    found = []
    for channel in channels:
        if channel.can.cost and not channel.can.parts:
            euros = total * channel.can.cost / 100
            found.append(Cost(kind=channel.kind, parts=1, encoding="", total_parts=total, euros=euros))
        measured = channel.measure(content.said_on(channel.can)) if channel.can.parts else None
        if measured is not None:
            parts = measured.parts * total
            found.append(
                Cost(
                    kind=channel.kind,
                    parts=measured.parts,
                    encoding=measured.encoding,
                    total_parts=parts,
                    euros=parts * channel.can.cost / 100,
                )
            )
    return found


def _worded(texts: Texts) -> tuple[list[Finding], dict[str, Wording]]:
    found: list[Finding] = []
    wordings: dict[str, Wording] = {}
    for field, source in all_of(texts).items():
        try:
            wordings[field] = compiled(source, html=field == "html")
        except Misworded as wrong:
            found.append(error("misworded", field, wrong.problem, wrong.line))
    return found, wordings


def _variables(wordings: Mapping[str, Wording], audience: Audience) -> list[Finding]:
    found = []
    for field, wording in wordings.items():
        for name in wording.variables:
            column = name.startswith("list.")
            if column and audience.columns is not None and name not in audience.columns:
                found.append(error("no_column", field, _("The list has no column for %(name)s.", name=name)))
            elif name in wording.bare and name not in ALWAYS_THERE:
                words = _("Who has no %(name)s would get no message.", name=name)
                how = _('Write {{ %(name)s|default("…") }}.', name=name)
                found.append(warning("bare", field, f"{words} {how}"))
    return found


def _needed(texts: Texts, channels: Sequence[Adapter], letters: bool) -> list[Finding]:
    found = []
    if letters and not texts.subject.strip():
        found.append(error("no_subject", "subject", _("The message needs a subject.")))
    if letters and not texts.text.strip():
        if texts.html.strip():
            words = _("Who cannot read HTML sees nothing. Write the text as well.")
            found.append(warning("no_text", "text", words))
        else:
            found.append(error("no_text", "text", _("The message says nothing yet.")))
    only_approved = texts.approved_text_id and all(one.can.approved_texts for one in channels)
    if not letters and not only_approved and not (texts.short or texts.text).strip():
        found.append(error("no_text", "short", _("The message says nothing yet.")))
    if not texts.approved_text_id and any(
        one.can.approved_texts and one.can.window_hours for one in channels
    ):
        words = _(
            "Choose an approved text: without one only people who wrote there lately can be written to."
        )
        found.append(error("no_approved_text", "approved_text_id", words))
    return found


def _unsubscribing(texts: Texts, wordings: Mapping[str, Wording]) -> list[Finding]:
    """Where people say that they want no more of it has to stand in what they read."""
    missing = [
        field
        for field in ("html", "text")
        if getattr(texts, field).strip() and field in wordings and LINK not in wordings[field].variables
    ]
    words = _("Say where people can stop this: put {{ unsubscribe.link }} in.")
    return [
        warning("no_unsubscribe", field, words)
        if field == "text" and texts.html.strip()
        else error("no_unsubscribe", field, words)
        for field in missing
    ]


def _links(texts: Texts) -> list[Finding]:
    found = []
    wrong = (one for one in links.hrefs(texts.html) if not linting_html.is_link(one[1]))
    for at, url in islice(wrong, linting_html.MOST):
        words = _("“%(url)s” is no link. Write it whole: https://…", url=url[:80])
        found.append(error("no_link", "html", words, texts.html.count("\n", 0, at) + 1))
    for field in ("html", "text"):
        source = getattr(texts, field)
        for at in linting_html.insecure(source):
            words = _("This link is not encrypted. Write https:// instead of http://.")
            found.append(warning("insecure_link", field, words, source.count("\n", 0, at) + 1))
    return found


def _what_is_shown(
    texts: Texts, shown: Content, channels: Sequence[Adapter], audience: Audience
) -> list[Finding]:
    found = []
    if len(shown.subject) > LONGEST_SUBJECT:
        words = _(
            "The subject has %(n)s characters; telephones show about %(most)s.",
            n=len(shown.subject),
            most=LONGEST_SUBJECT,
        )
        found.append(warning("long_subject", "subject", words))
    size = len(shown.html.encode()) + len(shown.text.encode())
    if size > MOST_BYTES:
        words = _("The message has %(n)s KB; from 100 KB on mail programs cut it off.", n=size // 1_000)
        found.append(warning("too_big", "html", words))
    if linting_html.say_other_things(shown.text, shown.html):
        words = _("The text says other things than the HTML. Filters take that for spam.")
        found.append(warning("text_differs", "text", words))
    for cost in costs(shown, channels, audience.total):
        if cost.parts > 1:
            found.append(warning("parts", "short" if texts.short else "text", _in_parts(cost)))
    return found


def _in_parts(cost: Cost) -> str:
    if not cost.total_parts:
        return _("It takes %(n)s parts (%(encoding)s).", n=cost.parts, encoding=cost.encoding)
    return _(
        "It takes %(n)s parts (%(encoding)s), %(all)s for all: about %(euros)s €.",
        n=cost.parts,
        encoding=cost.encoding,
        all=cost.total_parts,
        euros=f"{cost.euros:.2f}",
    )


def _examples(wordings: Mapping[str, Wording]) -> dict[str, Value]:
    columns = {name: "…" for one in wordings.values() for name in one.variables if name.startswith("list.")}
    return {**examples(CAMPAIGN_VARIABLES), **columns}
