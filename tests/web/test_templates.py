"""Every template of the front end with nothing in it, with too much in it, and with what strangers write."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import jinja2
import msgspec
import pytest

from hub.plumbing.texts import LANGUAGES
from hub.web import render
from hub.web.assets import FOLDER, assets
from hub.web.icons import ICONS, sprite
from hub.web.views import (
    Card,
    CardView,
    ChannelMark,
    Composer,
    Delivery,
    Draft,
    ErrorPage,
    FirstRunPage,
    Found,
    Head,
    HeadView,
    InboxPage,
    Line,
    ListPane,
    ListView,
    LoginPage,
    Me,
    Message,
    MessageView,
    Named,
    Person,
    Row,
    RowView,
    Scope,
    SearchPage,
    Shell,
    ThreadPane,
    ThreadView,
    WhyPage,
)
from tests.web import stage

NAUGHTY = [
    "",
    "x" * 5000,
    "مرحبا بالعالم \u202e txt.exe",
    "Z̸̢͓a̵l̶g̷o̶ 🏳️‍🌈 \u0000 \ufeff \u2028",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "\"' onmouseover='alert(1)\" </textarea></script><!-- {{ 7*7 }} {% raw %} %(name)s %s 100 %",
    "javascript:alert(1)",
    "\n\nempieza en blanco",
]
MARK = ChannelMark(icon="mail", colour="blue", name="Correo")
AT = datetime(2020, 2, 29, 23, 59, tzinfo=UTC)
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


class Checked(HTMLParser):
    """Tags balance, ids are unique, nothing is inline, and nothing a stranger wrote became markup."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.wrong: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.wrong += [f"<{tag} {name}>" for name in given if name == "style" or name.startswith("on")]
        links = (given.get("href") or "", given.get("src") or "", given.get("action") or "")
        self.wrong += [one for one in links if one.startswith(("javascript:", "data:", "http:", "https:"))]
        if tag == "script" and given.get("type") != "application/json" and "src" not in given:
            self.wrong.append("an inline script")
        if tag == "style":
            self.wrong.append("an inline style")
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes something else")


def check(html: str) -> None:
    parser = Checked()
    templates = re.sub(r"<template.*?</template>", "", html, flags=re.S)
    parser.feed(templates)
    assert parser.wrong == []
    assert parser.open == []
    assert len(parser.ids) == len(set(parser.ids)), sorted(
        one for one in parser.ids if parser.ids.count(one) > 1
    )


def shell(text: str, language: str) -> Shell:
    return Shell(
        me=Me(id=1, name=text or "A", email=text),
        language=language,
        teams=[Named(id=3, name=text)],
        counts={"mine": 10**9},
        address="/" + text,
        demo=True,
        csrf=text,
    )


def row(text: str) -> Row:
    return Row(
        id=7, version=1, key="1", subject=text, contact=Named(id=1, name=text), at=AT, preview=text, direction="in",
        last_seq=3, channel=MARK, account=Named(id=2, name=text + "!"), assignee=Person(id=3, name=text),
        team=Named(id=4, name=text), state="snoozed", priority="urgent", waiting_since=AT, unread=None, reason=text,
    )  # fmt: skip


def said(text: str, number: int = 1, direction: Any = "in") -> Message:
    return Message(
        id=number, conversation=7, seq=number, direction=direction, at=AT, author=text, channel=MARK, subject=text,
        text=text, quoted=text, has_html=True, raw=True, language="ar", address=text, to=text, cc=text, automatic=True,
        verified=True, doubt=text, warnings=[text], client_id=text, join=Named(id=9, name=text), why=True,
        attachments=[stage.Attachment(token="t", name=text, size=10**12)],
        deliveries=[Delivery(id=1, recipient=text, state="failed", reason=text, at=AT)],
    )  # fmt: skip


def thread(text: str) -> ThreadPane:
    line = Line(
        id=1, mark=MARK, to=text, cc=text, subject=text, has_subject=True, has_cc=True, attachments=True
    )
    return ThreadPane(
        topic="thread:7",
        cursor="r.1.0-0",
        head=Head(id=7, version=1, subject=text, state="closed", contact=Named(id=1, name=text), channel=MARK,
                  account=Named(id=2, name=text), suggestion=Named(id=2, name=text), doubt=text, decision=text,
                  covering_for=Person(id=3, name=text), joined_into=Named(id=8, name=text), closed=text),
        messages=[said(text), said(text, 2, "out"), said(text, 3, "note"), said(text, 4, "system")],
        composer=Composer(conversation=7, lines=[line], after_seq=4, drafts=[Draft(text=text, subject=text)]),
        card=Card(conversation=7, contact=Person(id=1, name=text), about=text, account=Named(id=2, name=text),
                  owner=Person(id=3, name=text), owner_away=text, tags=[text], notes=text,
                  addresses=[stage.ContactAddress(icon="mail", value=text, usable=False, note=text)],
                  history=[stage.Past(id=2, subject=text, at=AT, channel=MARK)]),
        earlier="/inbox/mine/c/7?before=1",
    )  # fmt: skip


def pane(text: str) -> ListPane:
    return ListPane(
        view="team-3",
        topic="team:3",
        rows=[row(text)],
        cursor="",
        title=text,
        total=0,
        more="/inbox/mine?before=1",
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
def test_pages_hold_whatever_is_written_into_them(text: str, language: str) -> None:
    frame, alone = shell(text, language), Scope(language=language, csrf=text, address="/" + text)
    roles = [stage.DemoRole(role=text, name=text, what=text)]
    choices = [stage.Choice(value="agent-1", name=text)]
    found = Found(row=row(text), snippets=[f"\x02{text}\x03"])
    pages: list[tuple[str, msgspec.Struct, Scope]] = [
        ("login.html", LoginPage(email=text, error=text, next=text, demo_roles=roles), alone),
        ("first_run.html", FirstRunPage(company=text, name=text, email=text, errors={"name": text}), alone),
        ("error.html", ErrorPage(status=500, title=text, message=text, reference=text), alone),
        ("inbox/page.html", InboxPage(pane=pane(text), thread=thread(text), choices=choices), frame),
        ("inbox/page.html", InboxPage(pane=pane(text)), frame),
        ("search/page.html", SearchPage(q=text, results=[found], total=1, problem=text), frame),
        ("why/page.html", WhyPage(conversation=Named(id=1, name=text), back="/", decisions=[]), frame),
        ("why/page.html", stage.decision(), frame),
    ]
    for template, context, around in pages:
        check(render.page(template, context, around))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("text", NAUGHTY, ids=range(len(NAUGHTY)))
def test_live_partials_are_the_pages_own_and_hold_the_same(text: str, language: str) -> None:
    opened = thread(text)
    drawn = [
        render.partial("inbox/_row.html", RowView(row=row(text)), language),
        *(
            render.partial("inbox/_message.html", MessageView(message=one), language)
            for one in opened.messages
        ),
        render.partial("inbox/_head.html", HeadView(head=opened.head), language),
        render.partial("inbox/_card.html", CardView(card=opened.card), language),
        render.partial("inbox/_list.html", ListView(pane=pane(text)), language),
        render.partial("inbox/_thread.html", ThreadView(thread=opened), language),
    ]
    for html in drawn:
        check(html)
        assert html.startswith("<")
        assert "<script>alert" not in html


def test_a_live_row_carries_nothing_of_any_viewer() -> None:
    html = render.partial("inbox/_row.html", RowView(row=row("Marta")), "es")
    assert "data-n=" not in html
    assert 'data-v="1"' in html
    assert 'href="/c/7"' in html


def test_a_name_that_was_not_declared_raises() -> None:
    with pytest.raises(jinja2.UndefinedError):
        render.partial("inbox/_row.html", Named(id=1, name="no row"), "es")


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    named = set()
    for path in render.TEMPLATES.rglob("*.html"):
        named |= set(re.findall(r'icon(?:\(|_name=)"([a-z0-9-]+)"', path.read_text()))
    have = set(re.findall(r'id="i-([a-z0-9-]+)"', sprite().decode()))
    assert named - have == set()
    assert have == set(ICONS)
    with pytest.raises(ValueError, match="no-such-icon"):
        sprite(["no-such-icon"])


def test_addresses_of_files_change_with_their_content_and_nothing_else_is_served() -> None:
    known = assets()
    assert known.url("app.css").startswith(f"/static/{known.build}/")
    assert {path for path in known.files if path.endswith(".js")} == {
        path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js")
    }
    with pytest.raises(KeyError, match=r"nothing\.js"):
        known.url("nothing.js")
