"""The routes of campaigns, in the order of a campaign's life."""

from __future__ import annotations

from aiohttp.web import RouteDef, get, post

from hub.web.campaigns import (
    audience_pages,
    card_pages,
    drawn,
    listing,
    message_pages,
    pausing_pages,
    policy_pages,
    preview,
    report_pages,
    review_pages,
    running_pages,
    schedule_pages,
    test_pages,
    worst_pages,
)

drawn.register_all()
ONE = r"/campaigns/{id:\d{1,18}}"
PERSON = ONE + r"/people/{recipient:\d{1,18}}"

ROUTES: list[RouteDef] = [
    get("/campaigns", listing.show_all),
    post("/campaigns", listing.add),
    get("/campaigns/new", listing.begin),
    get("/campaigns/policy", policy_pages.show),
    post("/campaigns/policy", policy_pages.change),
    get(ONE, listing.show),
    get(f"{ONE}/audience", audience_pages.show),
    post(f"{ONE}/audience", audience_pages.change),
    post(f"{ONE}/reach", audience_pages.reach),
    get(f"{ONE}/message", message_pages.show),
    post(f"{ONE}/message", message_pages.say),
    post(f"{ONE}/settings", message_pages.settings),
    post(f"{ONE}/steps", message_pages.sequence),
    post(f"{ONE}/preview", preview.show),
    get(f"{ONE}/letter", preview.letter),
    post(f"{ONE}/worst", worst_pages.show),
    get(f"{ONE}/test", test_pages.show),
    post(f"{ONE}/test", test_pages.send),
    get(f"{ONE}/schedule", schedule_pages.show),
    post(f"{ONE}/schedule", schedule_pages.change),
    get(f"{ONE}/review", review_pages.show),
    post(f"{ONE}/prepare", review_pages.prepare),
    get(f"{ONE}/ready", review_pages.readiness),
    post(f"{ONE}/draft", review_pages.back_to_draft),
    post(f"{ONE}/approve", review_pages.approve),
    get(PERSON + "/letter", card_pages.letter),
    post(PERSON + "/words", card_pages.words),
    post(PERSON + "/drop", card_pages.drop),
    get(f"{ONE}/run", running_pages.show),
    post(f"{ONE}/run", running_pages.act),
    get(f"{ONE}/far", running_pages.far),
    post(PERSON + "/resend", running_pages.resend),
    post(ONE + r"/contacts/{contact:\d{1,18}}/follow-ups", pausing_pages.turn),
    post(f"{ONE}/settled", running_pages.settle),
    get(f"{ONE}/report", report_pages.show),
    get(f"{ONE}/report.csv", report_pages.export),
]
