"""The floor plan as data: which floor every module stands on, and which room every table belongs to."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGES = ("config", "hub", "workers")

ROOMS = (
    "agents",
    "customers",
    "deliveries",
    "conversations",
    "routing",
    "campaigns",
    "notifications",
    "insight",
)

# The longest matching prefix decides.
FLOORS = {
    "config": 0,
    "hub.plumbing": 1,
    "hub.channels": 2,
    **{f"hub.{room}": 3 for room in ROOMS},
    "hub.inbound": 4,
    "hub.world": 4,
    "hub.entering": 4,
    "hub.intake": 4,
    "hub.outbound": 4,
    "hub.departure": 4,
    "hub.turning": 4,
    "hub.telling": 4,
    "hub.bulk": 4,
    "hub.answering": 4,
    "hub.calling": 4,
    "hub.desk": 4,
    "hub.erasing": 4,
    "hub.merging": 4,
    "hub.web": 5,
    "workers": 5,
    "hub.app": 6,
    "hub.cli": 6,
    "hub.lab": 6,
    "hub.operating": 6,
    "hub.__main__": 6,
    "workers.main": 6,
    "workers.mailroom.main": 6,
    "hub": 0,
}

# Doors and roads that must not know each other, though they stand on one floor.
STRANGERS = (
    ("hub.inbound", "hub.outbound"),
    ("hub.intake", "hub.outbound"),
    ("hub.inbound", "hub.departure"),
    ("hub.web", "workers"),
)

TABLES = {
    "plumbing": "installation todo history idempotency_key migration",
    "channels": "channel channel_address mailbox mailbox_uid arrival arrival_key",
    "agents": "agent team team_member session token invitation presence absence",
    "customers": (
        "account account_domain contact account_denial address claim tag consent suppressed merge "
        "product purchase payment contact_tag contact_role reach_stale bought bought_stale "
        "interest interest_refusal contact_hours forgotten_address erasure"
    ),
    "deliveries": "delivery early_report quiet_hours gate",
    "conversations": (
        "conversation participant message attachment page_picture thread_pointer thread_key chat_session "
        "chat_mailed rating draft view_sort mention reading auto_reply "
        "awaited_file approved_text message_search joining call call_leg saved_text saved_text_version"
    ),
    "routing": "rule_set decision staff_version",
    "campaigns": (
        "segment segment_version contact_list contact_list_member contact_list_import "
        "campaign campaign_step campaign_text recipient "
        "touch campaign_policy campaign_tally campaign_count "
        "link click opening"
    ),
    "notifications": "notification",
}
OWNER = {table: room for room, tables in TABLES.items() for table in tables.split()}
ORDER = ("plumbing", "channels", *ROOMS)

SQL = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|WITH|COPY|TRUNCATE)\b")
WRITTEN = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM|COPY|TRUNCATE)\s+(?:ONLY\s+)?([a-z_]+)\b")
READ = re.compile(r"\b(?:FROM|JOIN)\s+(?:ONLY\s+)?([a-z_]+)\b")


@cache
def modules() -> tuple[tuple[str, Path], ...]:
    """Every module of the house: its dotted name and its file."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found.append((".".join(parts[:-1] if parts[-1] == "__init__" else parts), path))
    return tuple(found)


@cache
def parsed(path: Path) -> ast.Module:
    """A file's syntax tree, read once a test run."""
    return ast.parse(path.read_text())


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Everything in a file's syntax tree, walked once a test run."""
    return tuple(ast.walk(parsed(path)))


@cache
def names() -> frozenset[str]:
    """The dotted names of every module of the house."""
    return frozenset(name for name, _ in modules())


def floor(module: str) -> int:
    """The floor a module stands on. Raises KeyError for a module nobody placed."""
    parts = module.split(".")
    for length in range(len(parts), 0, -1):
        found = FLOORS.get(".".join(parts[:length]))
        if found is not None:
            return found
    raise KeyError(module)


def room(module: str) -> str:
    """The second part of a module's name: `hub.routing.engine` → routing."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else parts[0]


@cache
def imports(path: Path, module: str) -> tuple[tuple[str, int], ...]:
    """Our own modules that a file imports, anywhere in it, with the line."""
    known, found = names(), []
    for node in nodes(path):
        imported: list[str] = []
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            inner = [f"{node.module}.{alias.name}" for alias in node.names]
            imported = [one if one in known else node.module for one in inner]
        for name in imported:
            if name.split(".")[0] in PACKAGES and name != module:
                found.append((name, node.lineno))
    return tuple(found)


def statements(path: Path) -> list[tuple[str, int]]:
    """The SQL written in a file, with its line."""
    found = []
    docs = {
        id(node.body[0].value)
        for node in nodes(path)
        if isinstance(node, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inside = {id(part) for node in nodes(path) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)}
    for node in nodes(path):
        if id(node) in docs:
            continue
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                part.value if isinstance(part, ast.Constant) else " _ "
                for part in node.values  # type: ignore[misc]
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
            text = node.value
        if text and SQL.search(text):
            found.append((text, node.lineno))
    return found
