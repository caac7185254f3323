"""Forms on other sites as a channel: what a site's server signed, or a browser page of ours sent, becomes a fact.

{"name": "Pepe", "email": "pepe@acme.test", "phone": "600 123 456", "subject": "Presupuesto", "text": "Hola",
 "page": "https://shop.example/contact", "files": [{"name": "a.pdf", "type": "application/pdf", "content": "<base64>"}]}
"""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from hub.channels import claimed, signing
from hub.channels.base import Adapter, Answered, Bound, Capabilities, Posted, Raw, ToCopy, Tried
from hub.channels.enclosed import enclosed
from hub.channels.facts import AnyFact, Attached, MessageReceived, Party, Unreadable
from hub.channels.form import settings
from hub.channels.form.form import FIELDS, PAGE
from hub.channels.form.settings import ADDRESS_TYPE, LONGEST_TEXT, MOST_BYTES
from hub.channels.mail.addresses import normalised as mail_address
from hub.channels.outgoing import Line
from hub.channels.text import one_line, storable, with_plain_ends
from hub.plumbing.clock import now
from hub.plumbing.texts import N_, _

FORM = "application/x-www-form-urlencoded"
A_LINE_AN_HOUR = 600
AN_ADDRESS_A_DAY = 10
MOST_FILES = 10


class Typed(msgspec.Struct, kw_only=True):
    """What a person types into a form: all of it claims."""

    name: str = ""
    email: str = ""
    phone: str = ""
    subject: str = ""
    text: str = ""
    page: str = ""


class Filled(Typed, kw_only=True):
    """A form as it was filled in. `trap`: the field no person sees was filled, too."""

    files: list[dict[str, str]] = []
    trap: bool = False


class FormAdapter(Adapter):
    """What strangers type of themselves suggests who they are and never decides it."""

    kind = "form"
    title = N_("Web form")
    address = PAGE
    form = FIELDS
    can = Capabilities(
        address_type=ADDRESS_TYPE,
        strangers=True,
        icon="clipboard-list",
        colour="violet",
        sends=False,
        subject=True,
        form=True,
        attachments=True,
        attachment_limit=MOST_BYTES,
    )

    def genuine(self, posted: Posted, line: Line) -> Raw:
        """Signed by the site's own server (Standard Webhooks). Raises Forged."""
        id_ = signing.verified(posted.headers, posted.body, settings.secrets(line), now())
        type_ = posted.headers.get("content-type", "").partition(";")[0].strip().lower()
        return Raw(body=posted.body, envelope={"id": id_, "type": type_})

    def parse(self, raw: Raw, line: Line) -> list[AnyFact]:
        """MessageReceived with claims, or Unreadable; never raises. `envelope["id"]` is what makes it the same."""
        try:
            return [_said(_filled(raw), raw.envelope.get("id", ""), settings.title(line))]
        except (msgspec.DecodeError, KeyError, ValueError, RecursionError) as error:
            return [Unreadable(reason=f"{type(error).__name__}: {error}"[:500])]

    def bounds(self, facts: list[AnyFact]) -> list[Bound]:
        """So much a line, so much for each typed address, whoever types it."""
        typed = [one.claims.get("email", "") for one in facts if isinstance(one, MessageReceived)]
        named = [hashlib.sha256(one.encode()).hexdigest()[:24] for one in typed if one]
        return [
            Bound("all", A_LINE_AN_HOUR, 3_600),
            *(Bound(f"typed:{one}", AN_ADDRESS_A_DAY, 86_400) for one in named),
        ]

    def answer(self, facts: list[AnyFact], line: Line) -> Answered:
        """JSON for the site's server."""
        if any(isinstance(one, Unreadable) for one in facts):
            return Answered(status=422, type="application/json", body='{"stored": false}')
        return Answered(type="application/json", body='{"stored": true}')

    def worded(self, details: dict[str, Any]) -> list[str]:
        """What they typed of themselves, said to be only that."""
        return claimed.lines(details.get("form", {}))

    def to_copy(self, line: Line, base_url: str) -> list[ToCopy]:
        """The form in a frame for the company's pages, and the address a server posts to."""
        door = f"{base_url}/in/{line.key}"
        return [
            ToCopy(_("On your pages, where the form shall stand"), f'<iframe src="{door}/form"></iframe>'),
            ToCopy(_("Or your own server posts to"), door),
        ]

    async def check(self, line: Line) -> list[Tried]:
        """Whether a server may sign, or a site's pages may post."""
        known = [one for one in settings.secrets(line) if signing.is_secret(one)]
        trouble = _("Neither a signing secret nor a site: set sites=https://www.example.com")
        wrong = _("It must be a page on one of the line's sites")
        thanks = line.settings.get("thanks") and not settings.thanks(line)
        return [
            Tried("in", _("Sites and secrets"), "" if known or settings.sites(line) else trouble),
            Tried("in", _("The page after the form"), wrong if thanks else ""),
        ]


def _filled(raw: Raw) -> Filled:
    if raw.envelope.get("type") != FORM:
        return msgspec.json.decode(raw.body, type=Filled)
    pairs = parse_qsl(raw.body.decode("utf-8", "replace"), max_num_fields=100)
    return msgspec.convert({name: value for name, value in pairs if name not in ("files", "trap")}, Filled)


def _said(filled: Filled, id_: str, title: str) -> MessageReceived:
    text = with_plain_ends(storable(filled.text))[:LONGEST_TEXT].strip()
    name, phone = (one_line(storable(one))[:200] for one in (filled.name, filled.phone))
    if not text and not filled.files:
        raise ValueError("a form without a text")
    typed = {"name": name, "email": _typed_address(filled.email), "phone": phone}
    claims = {kind: value for kind, value in typed.items() if value}
    told = {"claims": claims, "page": one_line(storable(filled.page))[:500]}
    return MessageReceived(
        key=f"form:{id_}",
        external_id=id_,
        sender=Party(f"form:{hashlib.sha256(id_.encode()).hexdigest()[:32]}", name),
        claims=claims,
        subject=one_line(storable(filled.subject))[:500] or title,
        text=text,
        new_text=text,
        bulk=filled.trap,
        attachments=tuple(_file(one) for one in filled.files[:MOST_FILES]),
        details={"form": {kind: value for kind, value in told.items() if value}},
    )


def _typed_address(typed: str) -> str:
    """A mail address as people type it, in the one spelling; what is none is kept as it was typed, shortened."""
    plain = one_line(storable(typed)).strip()[:320]
    return mail_address(plain) or plain


def _file(given: dict[str, str]) -> Attached:
    return enclosed(one_line(given["name"])[:150], given["type"][:100], given["content"], most=MOST_BYTES)
