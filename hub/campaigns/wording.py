"""The wordings of a campaign: those of saved texts with what only campaigns know, and their form in a mail."""

from __future__ import annotations

import msgspec

from hub.channels.mail.quoted_printable import piece
from hub.customers.variables import CAMPAIGN_KNOWN
from hub.plumbing import sandbox
from hub.plumbing.sandbox import Wording
from hub.plumbing.sandbox_rules import Misworded

FIELDS = ("subject", "text", "html", "short")
_WITH_LINKS = CAMPAIGN_KNOWN | {"link.*"}


class Texts(msgspec.Struct, frozen=True, kw_only=True):
    """What one step and variant says, as wordings. `short`: where a message is counted in parts; "" takes `text`.

    `approved_variables`: wordings too, for the blanks of a text a provider approved.
    """

    subject: str = ""
    text: str = ""
    html: str = ""
    short: str = ""
    approved_text_id: int | None = None
    approved_variables: dict[str, str] = {}


def compiled(source: str, *, html: bool = False) -> Wording:
    """A wording ready to be filled. Raises Misworded saying the line and what to write instead."""
    return sandbox.compiled(source, CAMPAIGN_KNOWN, html=html)


def quoted(source: str, *, html: bool = False) -> Wording:
    """The same, becoming quoted-printable pieces; `link.…` are links of ours. Raises Misworded likewise."""
    return sandbox.compiled(source, _WITH_LINKS, html=html, written=piece)


def used(texts: Texts) -> frozenset[str]:
    """All variables of a message, whichever of its texts uses them; those a wording cannot be read of are left out."""
    found: set[str] = set()
    for field, source in all_of(texts).items():
        try:
            found.update(compiled(source, html=field == "html").variables)
        except Misworded:  # what is wrong with it is the linter's to say
            continue
    return frozenset(found)


def all_of(texts: Texts) -> dict[str, str]:
    """Every wording by its field."""
    named = {f"approved_variables.{name}": value for name, value in texts.approved_variables.items()}
    return {field: getattr(texts, field) for field in FIELDS} | named
