"""What a mail server's refusal means for us: wait, give up, or call the operator; in its own words."""

from __future__ import annotations

import re
import ssl

import aiosmtplib

from hub.channels.errors import Misconfigured, Rejected, SendError, Throttled, Unreachable
from hub.plumbing.texts import N_

LONGEST = 500
# Enhanced codes (RFC 3463 and Microsoft's list) that speak of us, not of the recipient: not signed in (5.7.3,
# 5.7.57), may not send as this sender (5.7.60), bad sender address (5.1.7, 5.1.8), SPF of our domain (5.7.23).
ABOUT_US = {"5.7.3", "5.7.57", "5.7.60", "5.1.7", "5.1.8", "5.7.23"}
SIGN_IN_CODES = {530, 534, 535, 538}
NO_RELAY = re.compile(
    r"relay(ing)? (access )?(is )?(denied|not permitted|prohibited)|unable to relay"
    r"|send ?as ?denied|not (allowed|owned|permitted) .{0,40}(sender|send as)|sender address rejected: not owned",
    re.IGNORECASE,
)


def not_connected(error: Exception) -> SendError:
    """For everything up to and including signing in."""
    cause = error if isinstance(error, ssl.SSLError) else error.__cause__
    match error:
        case aiosmtplib.SMTPAuthenticationError() if 400 <= error.code < 500:
            return Throttled(server_words(error.code, error.message), code=str(error.code))
        case aiosmtplib.SMTPAuthenticationError():
            return Misconfigured(server_words(error.code, error.message), code=str(error.code))
        case aiosmtplib.SMTPResponseException() if 400 <= error.code < 500:
            return Throttled(server_words(error.code, error.message), code=str(error.code))
        case aiosmtplib.SMTPResponseException() if error.code >= 500:
            return Misconfigured(server_words(error.code, error.message), code=str(error.code))
        case _ if isinstance(cause, ssl.SSLCertVerificationError):
            return Misconfigured(N_("the mail server's certificate is not valid"), code="certificate")
        case _ if isinstance(cause, ssl.SSLError):
            return Misconfigured(N_("the mail server does not speak TLS as configured"), code="tls")
        case aiosmtplib.SMTPTimeoutError() | TimeoutError():
            return Unreachable(N_("the mail server does not answer in time"), code="timeout")
        case aiosmtplib.SMTPConnectError() | aiosmtplib.SMTPServerDisconnected() | OSError():
            return Unreachable(N_("the mail server cannot be reached"), code="connect")
        case aiosmtplib.SMTPResponseException():
            return Unreachable(N_("what answers there is not a mail server"), code="greeting")
        case aiosmtplib.SMTPException() | ValueError():
            # aiosmtplib's plain errors: no AUTH or STARTTLS offered, no common method, odd characters.
            return Misconfigured(N_("the mail server does not offer the sign-in or encryption configured"))
    return Unreachable(N_("the mail server cannot be reached"), code="connect")


def before_content(error: aiosmtplib.SMTPResponseException) -> SendError:
    """MAIL or RCPT was refused."""
    return _refused(error.code, error.message)


def refused_content(code: int, message: str) -> SendError:
    """DATA or the content itself was refused: the server said that it did not keep it."""
    return _refused(code, message)


def lost_before_content(error: Exception) -> SendError:
    """The connection broke or hung while the server could not yet have the whole mail."""
    if isinstance(error, aiosmtplib.SMTPTimeoutError | TimeoutError):
        return Unreachable(N_("the mail server does not answer in time"), code="timeout")
    return Unreachable(N_("the mail server closed the connection"), code="lost")


def server_words(code: int, message: str) -> str:
    """`550 5.1.1 no such user`, one line, printable, at most 500 characters (a server may send anything)."""
    plain = message.encode("utf-8", "replace").decode("utf-8", "replace")
    plain = re.sub(r"[\x00-\x1f\x7f\x85\u2028\u2029\ufffe\uffff]+", " ", plain)
    return f"{code} {plain}".strip()[:LONGEST]


def _refused(code: int, message: str) -> SendError:
    words = server_words(code, message)
    if 400 <= code < 500:
        return Throttled(words, code=str(code))
    if 500 <= code < 600:
        return (
            Misconfigured(words, code=str(code))
            if _is_about_us(code, message)
            else Rejected(words, code=str(code))
        )
    return Unreachable(words, code=str(code))


def _is_about_us(code: int, message: str) -> bool:
    enhanced = re.match(r"\s*(5\.\d{1,3}\.\d{1,3})\b", message)
    known = enhanced is not None and enhanced[1] in ABOUT_US
    return code in SIGN_IN_CODES or known or NO_RELAY.search(message[:1000]) is not None
