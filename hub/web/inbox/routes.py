"""The addresses of this room."""

from __future__ import annotations

from aiohttp.web import RouteDef, delete, get, post, put

from hub.web.inbox import (
    approved_pages,
    drafting,
    drawn,
    labels,
    new_page,
    notices,
    otherwise,
    owning,
    pages,
    palette,
    sending,
    verbs,
    why,
)

drawn.register_all()
notices.register_all()

ROUTES: list[RouteDef] = [
    get("/inbox", pages.home),
    get("/inbox/{view}", pages.show_list),
    get("/inbox/{view}/c/{id}", pages.show_conversation),
    post("/inbox/{view}/sort", pages.sort_list),
    get("/new", new_page.show),
    post("/new", new_page.begin),
    get("/palette", palette.find),
    get("/tags", labels.known),
    get("/c/{id}", pages.permanent),
    get("/c/{id}/why", why.show),
    get("/c/{id}/approved", approved_pages.show),
    post("/c/{id}/approved", approved_pages.send),
    # what one says
    post("/c/{id}/messages", sending.send),
    delete("/c/{id}/messages/{message_id}", sending.take_back),
    post("/c/{id}/messages/{message_id}/resend", sending.send_again),
    post("/c/{id}/messages/{message_id}/otherwise", otherwise.otherwise),
    post("/c/{id}/deliveries/{delivery_id}/stop", otherwise.stop),
    post("/c/{id}/fallback", otherwise.choose),
    delete("/c/{id}/messages/{message_id}/join", verbs.keep_apart),
    put("/c/{id}/draft", drafting.keep),
    delete("/c/{id}/draft", drafting.forget),
    # what one does
    post("/c/{id}/assignment", verbs.assign),
    delete("/c/{id}/assignment", verbs.unassign),
    post("/c/{id}/closing", verbs.close),
    delete("/c/{id}/closing", verbs.reopen),
    post("/c/{id}/aside", verbs.put_aside),
    delete("/c/{id}/aside", verbs.bring_back),
    post("/c/{id}/snoozing", verbs.snooze),
    delete("/c/{id}/snoozing", verbs.wake),
    post("/c/{id}/tags", labels.tag),
    post("/c/{id}/priority", labels.prioritise),
    post("/c/{id}/owner", owning.make_owner),
    delete("/c/{id}/owner", owning.take_back),
    post("/c/{id}/reading", verbs.read),
    delete("/c/{id}/reading", verbs.unread),
    post("/c/{id}/account_suggestion", verbs.suggestion),
    post("/c/{id}/join", verbs.join),
    delete("/c/{id}/join", verbs.separate),
    post("/c/{id}/split", verbs.split),
    delete("/c/{id}/split", verbs.rejoin),
    post("/c/{id}/move", verbs.move),
]
