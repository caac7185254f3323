"""What the columns of somebody's own file mean: guessed from their headings, decided by a person."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from hub.customers.importing_people import Person, person
from hub.plumbing.errors import BadInput
from hub.plumbing.texts import N_, _

Meaning = Literal[
    "",
    "keep",
    "external_id",
    "name",
    "surname",
    "email",
    "phone",
    "address",
    "account",
    "role",
    "tags",
    "language",
    "job_title",
    "consent",
    "proof",
]
WORDS: dict[Meaning, str] = {
    "": N_("Leave it out"),
    "keep": N_("A column of this list"),
    "external_id": N_("External id"),
    "name": N_("Name"),
    "surname": N_("Surname"),
    "email": N_("Email"),
    "phone": N_("Telephone"),
    "address": N_("Email or telephone"),
    "account": N_("Account"),
    "role": N_("Role at the account"),
    "tags": N_("Tags"),
    "language": N_("Language"),
    "job_title": N_("Position"),
    "consent": N_("Wants campaigns: yes or no"),
    "proof": N_("How we know they want them"),
}
_HEADINGS: dict[Meaning, str] = {
    "external_id": "external_id id codigo code customer_id id_cliente codigo_cliente numero_cliente cliente_id "
    "ref referencia",
    "name": "name nombre full_name nombre_completo nombre_y_apellidos contacto contact first_name nombre_de_pila",
    "surname": "surname last_name apellido apellidos",
    "email": "email e_mail mail correo correo_electronico email_address direccion_de_correo",
    "phone": "phone telefono telephone tel movil mobile celular phone_number numero_de_telefono whatsapp sms",
    "address": "address direccion_de_contacto contact_address",
    "account": "account cuenta company empresa organisation organization organizacion cliente customer",
    "role": "role rol papel",
    "tags": "tags tag etiquetas etiqueta",
    "language": "language idioma lang lengua",
    "job_title": "job_title position cargo puesto",
    "consent": "consent consentimiento opt_in optin acepta acepta_publicidad marketing permiso suscrito subscribed",
    "proof": "proof prueba consent_source origen_consentimiento consent_proof fecha_consentimiento consent_date",
}
_MEANS = {heading: meaning for meaning, headings in _HEADINGS.items() for heading in headings.split()}
_YES = {"yes", "y", "si", "s", "true", "1", "x", "ok", "opt_in", "optin", "acepta", "subscribed", "suscrito"}
_NO = {"no", "n", "false", "0", "opt_out", "optout", "baja", "unsubscribed", "rechaza"}
MOST_COLUMNS = 60


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Heading → meaning. `everybody`: all rows want campaigns; `proof`: how we know, needed for any yes."""

    columns: dict[str, Meaning]
    everybody: bool = False
    proof: str = ""


class Understood(msgspec.Struct, frozen=True):
    """One row: who it is about, what stays with the list, and the wish with its proof."""

    person: Person
    fields: dict[str, str]
    wants: bool | None
    proof: str


def guess(headings: Sequence[str]) -> Plan:
    """What the headings of a file mean, in Spanish or English; what we do not know stays with the list."""
    taken: set[Meaning] = set()
    columns: dict[str, Meaning] = {}
    for heading in headings:
        meaning: Meaning = _MEANS.get(slug(heading), "keep" if heading else "")
        if meaning in taken and meaning not in ("keep", ""):
            meaning = "keep"
        taken.add(meaning)
        columns[heading] = meaning
    return Plan(columns=columns)


def slug(heading: str) -> str:
    """A heading as a variable is named: small letters, digits and underscores."""
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:60]


def checked(headings: Sequence[str], plan: Plan) -> list[str]:
    """The list's own columns, as `slug` names them. Raises BadInput(columns, proof) for what cannot work."""
    if not headings or len(headings) > MOST_COLUMNS:
        raise BadInput(_("The file needs 1 to %(n)s columns.", n=MOST_COLUMNS), field="columns")
    names = [heading for heading in headings if heading]
    twice = sorted({name for name in names if names.count(name) > 1})
    unknown = sorted(set(plan.columns) - set(headings))
    if twice or unknown:
        wrong = ", ".join(twice or unknown)[:200]
        words = (
            _("Two columns are called %(names)s.", names=wrong)
            if twice
            else _("The file has no column %(names)s.", names=wrong)
        )
        raise BadInput(words, field="columns")
    meanings = [meaning for meaning in plan.columns.values() if meaning not in ("", "keep")]
    if not {"external_id", "email", "phone", "address"} & set(meanings):
        raise BadInput(_("Say which column holds the email, telephone or external id."), field="columns")
    if len(meanings) > len(set(meanings)):
        raise BadInput(_("Two columns cannot mean the same."), field="columns")
    if (plan.everybody or "consent" in meanings) and not (plan.proof.strip() or "proof" in meanings):
        raise BadInput(_("Say how we know that they want campaigns."), field="proof")
    own = [slug(name) for name, meaning in plan.columns.items() if meaning == "keep"]
    if len(own) > len(set(own)) or "" in own:
        raise BadInput(
            _("Give each column of the list a name of letters or digits, all different."), field="columns"
        )
    return own


def understood(cells: Mapping[str, str], plan: Plan) -> Understood:
    """What a row says. Raises BadInput naming the field and what to do."""
    said: dict[str, str] = {
        meaning: cells.get(name, "") for name, meaning in plan.columns.items() if meaning not in ("", "keep")
    }
    row = {name: said[name] for name in _TAKEN if said.get(name)}
    row["name"] = " ".join(part for part in (said.get("name"), said.get("surname")) if part)
    if either := said.get("address"):
        type_ = "email" if "@" in either else "phone"
        row[type_] = "|".join(part for part in (row.get(type_), either) if part)
    one = person(row)
    if not one.addresses and not one.external_id:
        raise BadInput(_("Give an email, a telephone or an external id."), field="email")
    return Understood(
        person=one,
        fields={
            slug(name): cells.get(name, "") for name, meaning in plan.columns.items() if meaning == "keep"
        },
        wants=_wants(said.get("consent", ""), plan),
        proof=" · ".join(part for part in (plan.proof.strip(), said.get("proof", "")) if part),
    )


_TAKEN = ("external_id", "email", "phone", "account", "role", "tags", "language", "job_title")


def _wants(cell: str, plan: Plan) -> bool | None:
    plain = slug(cell)
    if not plain:
        return True if plan.everybody else None
    if plain in _YES | _NO:
        return plain in _YES
    raise BadInput(_("“%(value)s”: write yes or no.", value=cell[:50]), field="consent")
