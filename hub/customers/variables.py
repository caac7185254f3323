"""The variables a wording may use: what each is called, what it holds, an example, and what may stand for it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

import msgspec

from hub.plumbing.texts import N_, _

Value = str | list[str] | list[dict[str, str]]
Values = Mapping[str, Value]
"""A text, a list of texts or a list of items with fields by the name of a variable; empty where we know nothing."""
LONGEST_COLUMN = 40


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One thing a wording may say. `type`: text, list, or items: a list whose items have `fields`.

    `fallback`: what may stand there instead, if anything.
    """

    name: str
    label: str
    example: str
    type: str = "text"
    fallback: str = ""
    fields: tuple[str, ...] = ()

    @property
    def written(self) -> str:
        """As one writes it in a wording, without its fallback; items as the loop over them."""
        if not self.fields:
            return "{{ " + self.name + " }}"
        inside = " ".join("{{ item." + field + " }}" for field in self.fields)
        return "{% for item in " + self.name + " %}" + inside + "\n{% endfor %}"


_PERSON = (
    Variable(name="contact.name", label=N_("Their full name"), example="Marta Ruiz"),
    Variable(
        name="contact.first_name",
        label=N_("Their first name"),
        example="Marta",
        fallback=N_("dear customer"),
    ),
    Variable(name="contact.job_title", label=N_("What they work as"), example=N_("Head of purchasing")),
    Variable(name="contact.email", label=N_("Their mail address"), example="marta@acme.test"),
    Variable(name="contact.phone", label=N_("Their telephone"), example="+34 600 000 000"),
    Variable(name="account.name", label=N_("Their account"), example="Acme", fallback=N_("your company")),
    Variable(name="account.tier", label=N_("The level of their account"), example=N_("gold")),
    Variable(
        name="account.domains",
        label=N_("The mail domains of their account"),
        example="acme.test",
        type="list",
    ),
    Variable(
        name="owner.name", label=N_("Who owns their account"), example="Ana López", fallback=N_("our team")
    ),
    Variable(
        name="owner.first_name", label=N_("The owner's first name"), example="Ana", fallback=N_("our team")
    ),
    Variable(name="owner.email", label=N_("The owner's mail address"), example="ana@empresa.test"),
    Variable(name="agent.name", label=N_("Who writes"), example="Luis Gil", fallback=N_("our team")),
    Variable(
        name="agent.first_name",
        label=N_("The first name of who writes"),
        example="Luis",
        fallback=N_("our team"),
    ),
    Variable(name="agent.email", label=N_("The mail address of who writes"), example="luis@empresa.test"),
)
_BOUGHT = (
    Variable(
        name="bought.last",
        label=N_("What they bought last"),
        example=N_("Home insurance"),
        fallback=N_("your last purchase"),
    ),
    Variable(name="bought.last_date", label=N_("When they last bought"), example=N_("12 September 2026")),
    Variable(name="bought.last_amount", label=N_("What that cost"), example="240,00 €"),
    Variable(name="bought.since", label=N_("Since when they are a customer"), example=N_("3 May 2021")),
    Variable(name="bought.total", label=N_("All they bought together"), example="1.234,50 €"),
    Variable(name="bought.unpaid", label=N_("What they have not paid yet"), example="120,00 €"),
    Variable(
        name="bought.products",
        label=N_("The products they bought, the last first"),
        example=N_("Home insurance"),
        type="list",
    ),
    Variable(
        name="bought.purchases",
        label=N_("Their last purchases, with name, date and amount"),
        example=N_("Home insurance"),
        type="items",
        fields=("name", "date", "amount"),
    ),
)
VARIABLES = (*_PERSON, *_BOUGHT)
"""Of a saved text, and of a campaign."""
CAMPAIGN_VARIABLES = (
    *VARIABLES,
    Variable(name="campaign.sender_name", label=N_("Who signs the campaign for them"), example="Ana López"),
    Variable(
        name="unsubscribe.link",
        label=N_("Where they choose what they get, or nothing"),
        example="https://dialogo.test/u/ejemplo",
    ),
)
"""Of a campaign alone; `list.<column>`, a column of the list somebody brought, comes on top."""


def _known(variables: tuple[Variable, ...]) -> frozenset[str]:
    names = {one.name for one in variables}
    return frozenset(names | {f"{one.name}.{field}" for one in variables for field in one.fields})


KNOWN = _known(VARIABLES)
CAMPAIGN_KNOWN = _known(CAMPAIGN_VARIABLES) | {"list.*"}


def column(heading: str) -> str:
    """What a column of a list is called in a wording: `Nº de póliza` is `list.no_de_poliza`; "" for no letters."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:LONGEST_COLUMN].strip("_")
    if not any(letter.isalpha() for letter in name):
        return ""
    return "list." + (name if name[0].isalpha() else f"c_{name}")


def examples(variables: tuple[Variable, ...] = VARIABLES) -> dict[str, Value]:
    """The example of every variable in the reader's language, for a preview without a customer."""
    found: dict[str, Value] = {one.name: _(one.example) for one in variables}
    for number, one in enumerate(("bought.products", "bought.purchases")):
        name = str(found[one])
        item = {"name": name, "date": _("12 September 2026"), "amount": "240,00 €"}
        found[one] = [item] if number else [name]
    return found
