"""The cast as routing sees it: pure states, no database."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

from hub.routing.cases import AgentState, Case, Staff, TeamState

ANA, LUIS, LOLA, OLGA = 1, 2, 3, 6
SUPPORT, LEGAL = 1, 2
NAMES = {ANA: "Ana", LUIS: "Luis", LOLA: "Lola", OLGA: "Olga"}
SATURDAY = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def staff(**changes: dict[str, Any]) -> Staff:
    """Ana, Luis, Lola in Support; Olga in Legal, restricted. `ana={"active": False}` changes one."""
    agents = {}
    for id_, name in NAMES.items():
        team = LEGAL if id_ == OLGA else SUPPORT
        state: dict[str, Any] = {"id": id_, "name": name, "team_ids": (team,), "languages": ("es",)}
        agents[id_] = AgentState(**(state | changes.get(name.lower(), {})))
    return Staff(
        agents=agents,
        teams={
            SUPPORT: TeamState(id=SUPPORT, name="Support", member_ids=(ANA, LUIS, LOLA)),
            LEGAL: TeamState(id=LEGAL, name="Legal", restricted=True, member_ids=(OLGA,)),
        },
    )


def away(deputy: int | None = None) -> dict[str, Any]:
    """Away until 12 Sep, with or without a named deputy."""
    return {"absent_until": date(2026, 9, 12), "absence_deputy_id": deputy}


def case(**changes: Any) -> Case:
    """Jorge writes to Support; `**MARTA` makes it Marta at Acme."""
    base: dict[str, Any] = {
        "channel_id": 1,
        "channel_name": "Support mail",
        "channel_team_id": SUPPORT,
        "kind": "email",
        "reached": "help@dialogo.test",
        "sender": "jorge@gmail.com",
        "domain": "gmail.com",
        "subject": "Pedido 48213",
        "text": "No llega",
        "language": "es",
        "at": SATURDAY,
        "contact_id": 2,
        "contact_name": "Jorge",
    }
    return Case(**(base | changes))


MARTA: dict[str, Any] = {
    "sender": "marta@acme.test",
    "domain": "acme.test",
    "contact_id": 1,
    "contact_name": "Marta",
    "account_id": 1,
    "account_name": "Acme",
    "account_standing": "confirmed",
    "tier": "gold",
    "owner_id": ANA,
    "deputy_id": LUIS,
    "verified": True,
}
