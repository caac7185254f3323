"""The few errors the house knows; each says what happened, where, and what to do."""

from __future__ import annotations


class HubError(Exception):
    """Base of our own errors. `message` is for people, `code` for programs, `field` names the input."""

    status = 500
    code = "error"

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class BadInput(HubError):
    """What a person or program handed in cannot be used; `field` says which part."""

    status = 422
    code = "bad_input"


class NotFound(HubError):
    """There is no such thing, or this person may not know that there is."""

    status = 404
    code = "not_found"


class Forbidden(HubError):
    """Known person, not allowed."""

    status = 403
    code = "forbidden"


class NotAllowed(HubError):
    """The address exists, this way of asking does not; `allowed` are the methods that do (RFC 9110 §15.5.6)."""

    status = 405
    code = "method_not_allowed"

    def __init__(self, message: str, *, allowed: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allowed = allowed


class SignInNeeded(HubError):
    """Nobody is signed in, or the session ended."""

    status = 401
    code = "sign_in_needed"


class Conflict(HubError):
    """Somebody else changed it meanwhile; `message` says what and how to go on."""

    status = 409
    code = "conflict"


class TooMany(HubError):
    """A limit was reached; `retry_after` is in seconds."""

    status = 429
    code = "too_many"

    def __init__(self, message: str, *, field: str = "", retry_after: int = 60) -> None:
        super().__init__(message, field=field)
        self.retry_after = retry_after


class Unavailable(HubError):
    """Something we need does not answer; nothing was stored, try again."""

    status = 503
    code = "unavailable"
