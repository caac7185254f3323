"""The two files a site takes from us: `/static/chat.js`, a few hundred lines of nothing else's, and the frame."""

from __future__ import annotations

import gzip
from functools import cache

import msgspec
from aiohttp import web

from hub.channels.outgoing import Line
from hub.channels.webchat import settings
from hub.plumbing.texts import LANGUAGES, _, best_language, speaking
from hub.web import render
from hub.web.assets import assets
from hub.web.chat import asked
from hub.web.requests import hub_of
from hub.web.views import Scope
from hub.web.views.chat import ChatFrame

MINUTES = "public, max-age=300"


async def loader(request: web.Request) -> web.StreamResponse:
    """GET /static/chat.js: any site may load it."""
    plain, packed = _loader()
    headers = {
        "Cache-Control": MINUTES,
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Vary": "Accept-Encoding",
    }
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        return web.Response(
            body=packed, headers=headers | {"Content-Encoding": "gzip"}, content_type="text/javascript"
        )
    return web.Response(body=plain, headers=headers, content_type="text/javascript")


async def frame(request: web.Request) -> web.StreamResponse:
    """GET /widget/{key}?lang=es: the chat itself; only the line's own sites may frame it."""
    hub = hub_of(request)
    async with hub.transaction() as tx:
        channel = await asked.line_of(tx, request)
    line = channel.line(hub.crypto)
    wanted = request.query.get("lang", "")
    language = wanted if wanted in LANGUAGES else best_language(request.headers.get("Accept-Language", ""))
    with speaking(language):
        page = _page(line)
    text = render.page("chat/frame.html", page, Scope(language=language))
    answer = web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": policy(line)}
    )
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.enable_compression()
    return answer


def policy(line: Line) -> str:
    """Nothing but our own script and style, framed by the sites of this line."""
    framed = " ".join(settings.sites(line)) or "'self'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src blob: data:; "
        f"form-action 'none'; base-uri 'none'; frame-ancestors {framed}; require-trusted-types-for 'script'; "
        "trusted-types 'none'"
    )


@cache
def _loader() -> tuple[bytes, bytes]:
    texts = {}
    for language in LANGUAGES:
        with speaking(language):
            texts[language] = {
                "open": _("Open the chat"),
                "close": _("Close the chat"),
                "new": _("new"),
                "frame": _("Chat"),
            }
    body = assets().files["chat/loader.js"].body.replace(b"__TEXTS__", msgspec.json.encode(texts))
    return body, gzip.compress(body, 9, mtime=0)


def _page(line: Line) -> ChatFrame:
    told = {
        "key": line.key,
        "sites": settings.sites(line),
        "fields": [
            {"name": one.name, "required": one.required, "label": _label(one.name)}
            for one in settings.fields(line)
        ],
        "consent": str(line.settings.get("consent", "")),
        "most": settings.MOST_FILE_BYTES,
        "longest": settings.LONGEST_TEXT,
        "texts": _texts(),
    }
    title = str(line.settings.get("title", "")) or line.name
    greeting = str(line.settings.get("greeting", "")) or _("Hello. How can we help you?")
    return ChatFrame(title=title, greeting=greeting, told=told)


def _label(name: str) -> str:
    known = {"name": _("Name"), "email": _("Email")}
    return known.get(name, name.replace("_", " ").capitalize())


def _texts() -> dict[str, str]:
    return {
        "send": _("Send"),
        "start": _("Start the chat"),
        "write": _("Write a message"),
        "attach": _("Attach files"),
        "typing": _("{name} is writing…"),
        "sending": _("Sending"),
        "sent": _("Sent"),
        "read": _("Read"),
        "failed": _("Not sent. Try again"),
        "you": _("You"),
        "us": _("Automatic answer"),
        "offline": _("No connection. We try again by ourselves."),
        "mail": _("If you leave, we answer by mail. Your email:"),
        "keep": _("Keep"),
        "mailed": _("If you leave, we answer to {email}"),
        "large": _("The files are too large together: at most {n} MB."),
        "again": _("Try again"),
        "how": _("How was this chat? 1 is bad, 5 is very good"),
        "mark": _("{n} of 5"),
        "why": _("Tell us why (optional)"),
        "tell": _("Send"),
        "thanks": _("Thank you. You gave {n} of 5."),
        "transcript": _("Mail this chat to {transcript}"),
        "transcribed": _("The chat is on its way to {email}."),
        "forget": _("Forget this chat"),
        "sure": _(
            "Nobody opens this chat again, and we are asked to delete what you wrote. This cannot be undone."
        ),
        "keep_it": _("Keep it"),
        "forgotten": _("This chat is forgotten here, and we know that you want your data deleted."),
        "optional": _("optional"),
        "download": _("Download {name}"),
    }
