"""/campaigns/{id}/people/{recipient}: one person's message in the review: looked at, written anew, left out."""

from __future__ import annotations

import msgspec
from aiohttp import web

from hub.campaigns import deck
from hub.campaigns.deck import Card
from hub.plumbing.errors import BadInput, NotFound
from hub.plumbing.texts import _
from hub.web.campaigns import opened, preview, review_pages
from hub.web.campaigns.cards import NAMES
from hub.web.forms import form_of
from hub.web.requests import hub_of, id_of


class WordsForm(msgspec.Struct):
    """POST /campaigns/{id}/people/{recipient}/words: the texts of this person; `act` "own" or "common"."""

    act: str = "own"
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    short: str | None = None


class DropForm(msgspec.Struct):
    """POST /campaigns/{id}/people/{recipient}/drop."""

    drop: bool = False


async def letter(request: web.Request) -> web.StreamResponse:
    """GET /campaigns/{id}/people/{recipient}/letter: the HTML this person gets, in a page that may do nothing."""
    opened.marketer(request)
    hub = hub_of(request)
    async with hub.transaction() as tx:
        card = await deck.card(
            tx, id_of(request), _recipient(request), crypto=hub.crypto, base_url=hub.settings.base_url
        )
    if card.content is None or not card.content.html:
        raise NotFound(_("This message has no design of its own."))
    return preview.framed(card.content.html)


async def words(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/people/{recipient}/words: written for this person alone, or the campaign's words again."""
    person, hub = opened.marketer(request), hub_of(request)
    form = await form_of(request, WordsForm)
    id_, base_url = _recipient(request), hub.settings.base_url
    try:
        async with hub.transaction() as tx:
            card = await deck.card(tx, id_of(request), id_, crypto=hub.crypto, base_url=base_url)
            own = _own(card, form) if form.act == "own" else {}
            await deck.edit(
                tx, id_of(request), id_, own, crypto=hub.crypto, base_url=base_url, agent_id=person.id
            )
    except BadInput as error:
        return await review_pages.page(request, wrong={id_: error.message})
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/review?step={card.step}#person-{id_}")


async def drop(request: web.Request) -> web.StreamResponse:
    """POST /campaigns/{id}/people/{recipient}/drop: left out of all steps, or taken in again."""
    person = opened.marketer(request)
    form = await form_of(request, DropForm)
    turn = deck.drop if form.drop else deck.undrop
    async with hub_of(request).transaction() as tx:
        await turn(tx, id_of(request), _recipient(request), person.id)
    told = f"?dropped={_recipient(request)}" if form.drop else ""
    raise web.HTTPSeeOther(f"/campaigns/{id_of(request)}/review{told}")


def _own(card: Card, form: WordsForm) -> dict[str, str]:
    """Only what differs from what would be said anyway is this person's own."""
    own = dict(card.own)
    for name in NAMES:
        given = getattr(form, name)
        if given is None or card.content is None:
            continue
        plain = given.replace("\r\n", "\n")
        if plain != getattr(card.content, name):
            own[name] = plain
    return own


def _recipient(request: web.Request) -> int:
    return int(request.match_info["recipient"])
