"""Passwords: Argon2id in a few threads of their own, the same time for people who do not exist."""

from __future__ import annotations

import asyncio
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from hub.plumbing.errors import BadInput
from hub.plumbing.texts import _

SHORTEST = 10
LONGEST = 1000

# OWASP's second choice: 19 MiB and two passes; two threads bound memory and leave the loop its core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


def check(password: str, *, field: str = "password", email: str = "") -> None:
    """Whether it may be used as a password. Raises BadInput naming `field`."""
    if len(password) < SHORTEST:
        raise BadInput(_("Use at least %(n)s characters.", n=SHORTEST), field=field)
    if len(password) > LONGEST:
        raise BadInput(_("Use at most %(n)s characters.", n=LONGEST), field=field)
    if email and password.lower() in (email, email.partition("@")[0]):
        raise BadInput(_("Use something else than your address."), field=field)


async def hashed(password: str) -> str:
    """What is stored of a password."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, _same(password))


async def matches(password: str, stored: str | None) -> bool:
    """Whether it is the password; nobody's and an empty hash take as long, and are never right."""
    return await asyncio.get_running_loop().run_in_executor(
        _threads, _verify, stored or "", _same(password[: LONGEST + 1])
    )


def _verify(stored: str, password: str) -> bool:
    """To verify is to hash and to compare: where there is nothing to compare with it is hashed all the same."""
    if not stored:
        _hasher.hash(password)
        return False
    try:
        return _hasher.verify(stored, password)
    except (VerificationError, InvalidHashError):
        return False


def _same(password: str) -> str:
    """One spelling for what different keyboards send for the same text (NFKC, NIST SP 800-63B §5.1.1.2)."""
    return unicodedata.normalize("NFKC", password)
