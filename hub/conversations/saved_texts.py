"""Wordings people keep: quick replies, macros (wordings that also do something), and what campaigns say.

Each change is a new version; the old ones stay, so that what was listed, planned or sent can be shown again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from hub.agents import people, teams
from hub.channels.text import one_line, storable, with_plain_ends
from hub.conversations.labels import LONGEST_TAG, MOST_TAGS, PRIORITIES
from hub.customers import personalising
from hub.plumbing import history
from hub.plumbing.db import Tx
from hub.plumbing.errors import BadInput, Conflict, NotFound
from hub.plumbing.sandbox_rules import Misworded
from hub.plumbing.texts import _

MOST_LISTED = 200
LONGEST_TITLE = 100
LONGEST_SHORTCUT = 40
MOST_TEXT = 20_000
MOST_HTML = 100_000


class Actions(msgspec.Struct, frozen=True, kw_only=True):
    """What a macro does with the conversation. `assign`: me, agent-3 or team-4; "" leaves it."""

    assign: str = ""
    tags: list[str] = []
    priority: str = ""
    close: bool = False


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a saved text is to be. `short` where a message is counted in parts; `html`, `subject` where they can be.

    `language`: a key of the customer's language, "" for any.
    """

    title: str
    shortcut: str = ""
    language: str = ""
    subject: str = ""
    text: str = ""
    html: str = ""
    short: str = ""
    actions: Actions = Actions()


class SavedText(msgspec.Struct, frozen=True, kw_only=True):
    """One saved text in one of its versions; `version_at` and `version_by`: when and by whom it became so."""

    id: int
    title: str
    shortcut: str
    language: str
    version: int
    active: bool
    subject: str
    text: str
    html: str
    short: str
    actions: Actions
    version_at: datetime
    version_by: str | None


async def listed(tx: Tx, *, text: str = "", active: bool = True, most: int = MOST_LISTED) -> list[SavedText]:
    """Those whose title, shortcut or words hold `text`, by title; retired ones when `active` is False."""
    return await tx.rows(
        SavedText,
        f"""
        {_SELECTED}
        WHERE s.active = $1 AND v.version = s.version
          AND ($2 = '' OR plain(s.title || ' ' || s.shortcut || ' ' || v.text) LIKE '%' || plain($2) || '%')
        ORDER BY lower(s.title), s.id LIMIT $3
        """,
        active,
        text.replace("\\", "").replace("%", r"\%").replace("_", r"\_"),
        most,
    )


async def load(tx: Tx, id_: int, version: int | None = None) -> SavedText:
    """One saved text as it is now, or as it was in a version. Raises NotFound."""
    found = await tx.row(
        SavedText,
        f"{_SELECTED} WHERE s.id = $1 AND v.version = coalesce($2, s.version)",
        id_,
        version,
    )
    if found is None:
        raise NotFound(_("There is no such saved text."))
    return found


async def versions(tx: Tx, id_: int) -> list[SavedText]:
    """Every version of it, the newest first."""
    return await tx.rows(SavedText, f"{_SELECTED} WHERE s.id = $1 ORDER BY v.version DESC LIMIT 100", id_)


async def create(tx: Tx, wanted: Wanted, *, agent_id: int) -> SavedText:
    """Keep a wording. Raises BadInput naming the field (Misworded with the line), Conflict for a taken shortcut."""
    clean = await _checked(tx, wanted)
    await _must_be_free(tx, clean, but=0)
    id_: int = await tx.value(
        "INSERT INTO saved_text (title, shortcut, language) VALUES ($1, $2, $3) RETURNING id",
        clean.title,
        clean.shortcut,
        clean.language,
    )
    await _add_version(tx, id_, 1, clean, agent_id)
    await history.record(tx, "saved_text_created", agent_id=agent_id, saved_text_id=id_, title=clean.title)
    return await load(tx, id_)


async def change(tx: Tx, id_: int, wanted: Wanted, *, agent_id: int) -> SavedText:
    """Another version of it. Raises NotFound, BadInput, Conflict."""
    await tx.execute("SELECT id FROM saved_text WHERE id = $1 FOR NO KEY UPDATE", id_)
    before = await load(tx, id_)
    clean = await _checked(tx, wanted)
    if clean == _wanted(before):
        return before
    if before.active:
        await _must_be_free(tx, clean, but=id_)
    await tx.execute(
        "UPDATE saved_text SET title = $2, shortcut = $3, language = $4, version = $5 WHERE id = $1",
        id_,
        clean.title,
        clean.shortcut,
        clean.language,
        before.version + 1,
    )
    await _add_version(tx, id_, before.version + 1, clean, agent_id)
    await history.record(
        tx, "saved_text_changed", agent_id=agent_id, saved_text_id=id_, version=before.version + 1
    )
    return await load(tx, id_)


async def use(tx: Tx, id_: int, *, active: bool, agent_id: int) -> SavedText:
    """Offer it again, or no longer: what was made with it stays. Raises NotFound, Conflict."""
    before = await load(tx, id_)
    if before.active == active:
        return before
    if active:
        await _must_be_free(tx, _wanted(before), but=id_)
    await tx.execute("UPDATE saved_text SET active = $2 WHERE id = $1", id_, active)
    verb = "saved_text_offered" if active else "saved_text_retired"
    await history.record(tx, verb, agent_id=agent_id, saved_text_id=id_)
    return await load(tx, id_)


async def _add_version(tx: Tx, id_: int, version: int, wanted: Wanted, agent_id: int) -> None:
    await tx.execute(
        """
        INSERT INTO saved_text_version (saved_text_id, version, subject, text, html, short, actions, agent_id)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        id_,
        version,
        wanted.subject,
        wanted.text,
        wanted.html,
        wanted.short,
        msgspec.to_builtins(wanted.actions),
        agent_id,
    )


async def _checked(tx: Tx, wanted: Wanted) -> Wanted:
    """As it is stored. Raises BadInput naming the field."""
    title, shortcut = one_line(wanted.title), one_line(wanted.shortcut).lstrip("/").lower()
    if not title or len(title) > LONGEST_TITLE:
        raise BadInput(_("A title is one line of at most %(n)s characters.", n=LONGEST_TITLE), field="title")
    if len(shortcut) > LONGEST_SHORTCUT or len(shortcut.split()) > 1:
        said = _("A shortcut is one word of at most %(n)s characters.", n=LONGEST_SHORTCUT)
        raise BadInput(said, field="shortcut")
    clean = Wanted(
        title=title,
        shortcut=shortcut,
        language=one_line(wanted.language)[:10],
        subject=one_line(wanted.subject),
        text=_body(wanted.text, "text", MOST_TEXT),
        html=_body(wanted.html, "html", MOST_HTML),
        short=_body(wanted.short, "short", MOST_TEXT),
        actions=await _checked_actions(tx, wanted.actions),
    )
    for field in ("subject", "text", "html", "short"):
        try:
            personalising.wording(getattr(clean, field), html=field == "html")
        except Misworded as error:
            raise Misworded(error.problem, line=error.line, field=field) from error
    if not clean.text and clean.actions == Actions():
        raise BadInput(_("Write something, or choose what it does."), field="text")
    return clean


def _body(text: str, field: str, most: int) -> str:
    plain = with_plain_ends(storable(text)).strip()
    if len(plain) > most:
        raise BadInput(_("The text is too long: at most %(n)s characters.", n=most), field=field)
    return plain


async def _checked_actions(tx: Tx, actions: Actions) -> Actions:
    if actions.priority and actions.priority not in PRIORITIES:
        raise BadInput(_("Use one of: %(allowed)s.", allowed=", ".join(PRIORITIES)), field="priority")
    tags = list(dict.fromkeys(" ".join(name.split()) for name in actions.tags if name.strip()))
    if len(tags) > MOST_TAGS or any(len(name) > LONGEST_TAG or not name.isprintable() for name in tags):
        raise BadInput(_("A tag is one line of at most %(n)s characters.", n=LONGEST_TAG), field="tags")
    if actions.assign not in {"", "me", *(value for value, _name in await assignees(tx))}:
        raise BadInput(_("Choose a person or a team."), field="assign")
    return msgspec.structs.replace(actions, tags=tags)


async def assignees(tx: Tx) -> list[tuple[str, str]]:
    """Whom a macro may give a conversation to: (agent-3 or team-4, name)."""
    everyone = [(f"agent-{one.id}", one.name) for one in await people.every(tx)]
    return [*everyone, *((f"team-{one.id}", one.name) for one in await teams.every(tx))]


def _wanted(saved: SavedText) -> Wanted:
    fields: Sequence[str] = Wanted.__struct_fields__
    return Wanted(**{name: getattr(saved, name) for name in fields})


async def _must_be_free(tx: Tx, wanted: Wanted, *, but: int) -> None:
    """One shortcut, one text a language; two people who save at once come one after the other."""
    await tx.execute("SELECT pg_advisory_xact_lock(hashtext('saved_text'))")
    taken = await tx.value(
        """
        SELECT title FROM saved_text
        WHERE lower(shortcut) = lower($1) AND shortcut <> '' AND language = $2 AND active AND id <> $3
        """,
        wanted.shortcut,
        wanted.language,
        but,
    )
    if taken is not None:
        said = _("“%(title)s” has the shortcut /%(name)s.", title=taken, name=wanted.shortcut)
        raise Conflict(said, field="shortcut")


_SELECTED = """
    SELECT s.id, s.title, s.shortcut, s.language, v.version, s.active, v.subject, v.text, v.html, v.short, v.actions,
           v.created_at AS version_at, a.name AS version_by
    FROM saved_text s
    JOIN saved_text_version v ON v.saved_text_id = s.id
    LEFT JOIN agent a ON a.id = v.agent_id
"""
