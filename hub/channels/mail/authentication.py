"""Is the From genuine? Only our own mail server's Authentication-Results say so (RFC 8601, 7489)."""

from __future__ import annotations

import re

from hub.channels.mail.words import raw_text

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[()]|\\.|;|[^\s"();\\]+|\s+|"')
_MOST_RESULTS = 20
_LONGEST = 20_000


def is_verified(results: list[bytes], authserv_id: str, sender: str) -> bool:
    """Did the server called `authserv_id` see DMARC pass, or DKIM or SPF of the sender's own domain?

    Without an `authserv_id` nothing is believed. Only the topmost result of that server counts: those further
    down came with the mail.
    """
    domain = sender.rpartition("@")[2].lower()
    if not authserv_id or not domain:
        return False
    for value in results[:_MOST_RESULTS]:
        statements = _statements(raw_text(value[:_LONGEST]))
        if statements and statements[0] and statements[0][0].lower() == authserv_id.lower():
            return _passes(statements[1:], domain)
    return False


def _statements(text: str) -> list[list[str]]:
    """The value cut at its semicolons into words; comments and quoted texts are left out."""
    statements: list[list[str]] = [[""]]
    depth = 0
    for token in _TOKEN.findall(text):
        if token == "(":
            depth += 1
        elif token == ")":
            depth = max(depth - 1, 0)
        elif depth:
            continue
        elif token == ";":
            statements.append([""])
        elif token.isspace():
            statements[-1].append("")
        else:
            statements[-1][-1] += '""' if token.startswith('"') else token
    return [[word for word in words if word] for words in statements]


def _passes(statements: list[list[str]], domain: str) -> bool:
    passed = False
    for words in statements:
        said = "".join(words[:1]).lower() if words and "=" in words[0] else "".join(words[:3]).lower()
        method, _, result = said.partition("=")
        method = method.partition("/")[0]
        if method == "dmarc":
            return result == "pass" and _property(words, "header.from") in ("", domain)
        if method == "dkim" and result == "pass":
            named = _property(words, "header.d") or _property(words, "header.i").rpartition("@")[2]
            passed = passed or _aligned(named, domain)
        if method == "spf" and result == "pass":
            passed = passed or _aligned(_property(words, "smtp.mailfrom").rpartition("@")[2], domain)
    return passed


def _property(words: list[str], name: str) -> str:
    for word in words:
        if word.lower().startswith(f"{name}="):
            return word[len(name) + 1 :].strip("<>").lower()
    return ""


def _aligned(signer: str, domain: str) -> bool:
    """The sender's domain itself, or one above it that is no bare top level."""
    return bool(signer) and (signer == domain or ("." in signer and domain.endswith(f".{signer}")))
