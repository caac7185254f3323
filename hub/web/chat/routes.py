"""The chat's own addresses: open to everybody; each depends on a line's key and a visitor's token."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.chat import endings, opening, pages, reading, saying, socket

KEY = r"/widget/{key:[\w-]{10,60}}"

ROUTES: list[RouteDef] = [
    get("/static/chat.js", pages.loader),
    get("/widget/ws", socket.serve),
    get(KEY, pages.frame),
    post(f"{KEY}/open", opening.open_),
    post(f"{KEY}/email", opening.give_mail),
    post(f"{KEY}/messages", saying.say),
    post(f"{KEY}/seen", saying.seen),
    post(f"{KEY}/typing", saying.typing),
    post(f"{KEY}/poll", reading.poll),
    post(f"{KEY}/rating", endings.rate),
    post(f"{KEY}/transcript", endings.mail_it),
    post(f"{KEY}/forget", endings.forget),
    get(KEY + r"/files/{token:[\w-]{10,60}}", reading.file),
]
