"""Every error in words: a page or JSON, in the person's language, and never what is inside."""

from __future__ import annotations

import re
from typing import Any

import asyncpg
import msgspec
import structlog
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from redis.exceptions import RedisError

from hub.plumbing.db import AGAIN, AWAY
from hub.plumbing.errors import (
    BadInput,
    Conflict,
    HubError,
    NotAllowed,
    NotFound,
    SignInNeeded,
    TooMany,
    Unavailable,
)
from hub.plumbing.texts import _, speaking
from hub.web.requests import NUMBER, PERSON, local_path, wants_json
from hub.web.shell import bare_page, language_of
from hub.web.views import ErrorPage

log = structlog.get_logger(__name__)
BROKEN = (web.RequestPayloadError, HttpProcessingError)
"""A body compressed by other rules than its heading says; a part of a form with headings that are none."""
_ABSENT = re.compile(r"^Key \((?P<column>\w+)\)=\(.*\) is not present in table")


def answer_to(request: web.Request, error: Exception) -> web.StreamResponse:
    """What a person or program is told about an error; the log is told everything."""
    if isinstance(error, web.HTTPException) and error.status < 400:
        return web.Response(status=error.status, headers={"Location": error.headers.get("Location", "/")})
    if request.transport is None:
        log.info("they hung up", error=repr(error)[:200])
        return web.Response(status=400)
    with speaking(language_of(request)):
        known = understood(error)
        if known is None:
            log.exception("this is our mistake", exc_info=error)
            known = HubError(_("Something went wrong here. It is noted; try again."))
        answer = _answer(request, known)
        if isinstance(error, BROKEN):
            answer.force_close()  # where the next request would begin on this connection, nobody knows
        return answer


def understood(error: Exception) -> HubError | None:
    """The error as one for people; None for a mistake of ours."""
    if isinstance(error, HubError):
        return error
    if isinstance(error, web.HTTPException):
        return _of_http(error)
    if isinstance(error, AGAIN):
        return Conflict(_("Somebody else is changing the same right now: try again."))
    if isinstance(error, BROKEN):
        unread = HubError(_("This request was not understood."))
        unread.status, unread.code = 400, "bad_request"
        return unread
    if isinstance(error, asyncpg.ForeignKeyViolationError) and (absent := _ABSENT.search(error.detail or "")):
        return BadInput(_("There is nothing with this number."), field=absent["column"])
    if isinstance(error, asyncpg.DataError):
        return BadInput(_("There is something in this that cannot be stored."))
    if isinstance(error, (*AWAY, RedisError)):
        log.error("a server we need is away", error=repr(error)[:300])
        return Unavailable(_("The database does not answer. Nothing was lost; try again in a moment."))
    return None


def json_error(error: HubError) -> web.Response:
    """The API's form of an error: `{"error": {"code", "message", "field"}}`."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "field": error.field or None}
    return web.Response(
        body=msgspec.json.encode({"error": body}), content_type="application/json", status=error.status
    )


def _answer(request: web.Request, error: HubError) -> web.StreamResponse:
    if wants_json(request):
        answer: web.StreamResponse = json_error(error)
    elif isinstance(error, SignInNeeded) and "X-Fragment" not in request.headers:
        answer = _to_login(request)
    else:
        answer = bare_page(request, "error.html", _page(request, error), status=error.status)
    if isinstance(error, NotAllowed):
        answer.headers["Allow"] = ", ".join(error.allowed)
    if isinstance(error, TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, SignInNeeded) and request.path.startswith("/api/"):
        answer.headers["WWW-Authenticate"] = "Bearer"  # RFC 9110 §15.5.2
    return answer


def _to_login(request: web.Request) -> web.Response:
    """To the login page, and back here afterwards if it was only looked at."""
    target = request.rel_url.with_path("/login").with_query(None)
    if request.method in ("GET", "HEAD") and request.path != "/":
        target = target.with_query({"next": local_path(request.path_qs)})
    return web.Response(status=303, headers={"Location": str(target)})


def _page(request: web.Request, error: HubError) -> ErrorPage:
    back = "/" if request.get(PERSON) else "/login"
    reference = request.get(NUMBER, "") if error.status >= 500 else ""
    return ErrorPage(
        status=error.status, title=_title(error), message=error.message, reference=reference, back=back
    )


def _title(error: HubError) -> str:
    titles = {
        401: _("Sign in"),
        403: _("Not allowed"),
        404: _("Not found"),
        409: _("Changed meanwhile"),
        413: _("Too big"),
        422: _("Something is missing"),
        429: _("A little slower"),
        503: _("Back in a moment"),
    }
    return titles.get(error.status, _("That did not work"))


def _of_http(error: web.HTTPException) -> HubError:
    if error.status == 404:
        return NotFound(_("There is nothing here, or you may not see it."))
    words = {
        405: _("This address does not take that."),
        408: _("It took too long to arrive: send it again."),
        413: _("This is bigger than allowed."),
        415: _("This kind of content is not taken here."),
    }
    known = HubError(words.get(error.status, _("This request was not understood.")))
    known.status = error.status
    known.code = error.reason.lower().replace(" ", "_")
    return known
