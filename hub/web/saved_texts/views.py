"""What the pages of saved texts are told."""

from __future__ import annotations

import msgspec

from hub.conversations.saved_texts import SavedText
from hub.customers.variables import Variable
from hub.web.views import View


class SavedTextForm(msgspec.Struct, kw_only=True):
    """POST /saved-texts, /saved-texts/{id} and /saved-texts/preview. `who`: a name to fill the preview with."""

    title: str = ""
    shortcut: str = ""
    language: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    short: str = ""
    assign: str = ""
    tags: str = ""
    priority: str = ""
    close: bool = False
    who: str = ""


class PreviewView(View, frozen=True, kw_only=True):
    """The words as one customer would read them: pieces of text, (a piece, whether it is a variable without value).

    `who`: whose data these are. `error`: what is wrong with the wording, instead. `does`: what else happens.
    """

    who: str
    subject: list[tuple[str, bool]] = msgspec.field(default_factory=list)
    text: list[tuple[str, bool]] = msgspec.field(default_factory=list)
    short: list[tuple[str, bool]] = msgspec.field(default_factory=list)
    html: str = ""
    missing: list[str] = msgspec.field(default_factory=list)
    does: list[str] = msgspec.field(default_factory=list)
    error: str = ""


class SavedTextsPage(View, frozen=True, kw_only=True):
    """GET /saved-texts?q=&retired=1."""

    texts: list[SavedText]
    does: dict[int, list[str]]
    q: str
    retired: bool


class SavedTextPage(View, frozen=True, kw_only=True):
    """GET /saved-texts/{id} and /saved-texts/new (`id` 0). `done`: a sentence about what was just done."""

    id: int
    active: bool
    form: SavedTextForm
    preview: PreviewView
    variables: list[Variable]
    assignees: list[tuple[str, str]]
    priorities: list[tuple[str, str]]
    spoken: list[tuple[str, str]]
    people: list[str]
    versions: list[SavedText] = msgspec.field(default_factory=list)
    errors: dict[str, str] = msgspec.field(default_factory=dict)
    done: str = ""
