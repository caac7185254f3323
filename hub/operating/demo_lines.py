"""The demo's lines of every kind: each stands on a pretend provider beside the hub, so nothing reaches the world."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec

from config.settings import Settings
from hub.channels import connections
from hub.channels.connections import Channel
from hub.channels.registry import ADAPTERS, adapter
from hub.operating.stories import GUARD
from hub.plumbing.db import Tx
from hub.plumbing.hub import Hub

SHOP_BESIDE, TWILIO_BESIDE, SYSTEM_BESIDE = 100, 101, 102
"""How many ports above the hub the pretend shop, the pretend Twilio and the pretend other system listen."""
NUMBER = "+34910000123"
FAX_NUMBER = "+34910000001"
MARK = "lab"
"""The setting by which the demo knows the lines that are its own."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One line as the demo wants it."""

    kind: str
    name: str
    address: str = ""
    settings: dict[str, Any] = {}
    secrets: dict[str, str] = {}


async def stand(tx: Tx, hub: Hub) -> dict[str, Channel]:
    """Every line by its kind: the missing ones are made, the others told where their providers are now."""
    enabled = await connections.enabled(tx)
    team_id = next((one.team_id for one in enabled if one.team_id), None)
    own = {one.kind: one for one in enabled if one.settings.get(MARK)}
    return {
        plan.kind: await _move(tx, hub, own[plan.kind], plan)
        if plan.kind in own
        else await _add(tx, hub, plan, team_id)
        for plan in plans(hub)
        if plan.kind in ADAPTERS
    }


def plans(hub: Hub) -> list[Plan]:
    """What the demo has beside its mail."""
    twilio = {
        "settings": {"account_sid": account_sid(), "api_url": twilio_url(hub.settings)},
        "secrets": {"auth_token": auth_token(hub)},
    }
    return [
        Plan(kind="sms", name="SMS", address=NUMBER, **twilio),
        Plan(kind="whatsapp", name="WhatsApp", address=f"whatsapp:{NUMBER}", **twilio),
        Plan(
            kind="voice",
            name="Teléfono",
            address=NUMBER,
            settings={"transcribe": True, "language": "es", **twilio["settings"]},
            secrets=twilio["secrets"],
        ),
        Plan(
            kind="webchat",
            name="Chat de la tienda",
            settings={
                "sites": shop_url(hub.settings),
                "title": "Lámparas del Norte",
                "ask": "name email",
            },
        ),
        Plan(kind="fax", name="Fax", address="fax@iberluz.example", settings=_fax(hub.settings)),
        Plan(kind="desk", name="Mostrador"),
        Plan(
            kind="form",
            name="Formulario de la tienda",
            settings={
                "sites": shop_url(hub.settings),
                "title": "Escríbanos",
                "ask": "name email* phone text*",
            },
        ),
        Plan(
            kind="api",
            name="App de pedidos",
            settings={"callback_url": system_url(hub.settings) + "/hook", "allowed_hosts": "localhost"},
            secrets={"signing_secret": system_secret(hub)},
        ),
    ]


def account_sid() -> str:
    """The demo's account at the pretend Twilio."""
    return f"AC{hashlib.sha256(b'the lab of Dialogo').hexdigest()[:32]}"


def auth_token(hub: Hub) -> str:
    """Its token: the same after each start, and known to nobody outside."""
    return hub.crypto.sign("lab_twilio", 1)


def twilio_url(settings: Settings) -> str:
    """Where the pretend Twilio serves its API."""
    return f"http://127.0.0.1:{settings.port + TWILIO_BESIDE}"


def shop_url(settings: Settings) -> str:
    """Where the pretend shop is: another host name than the hub's, so that browsers take it for another site."""
    return f"http://localhost:{settings.port + SHOP_BESIDE}"


def system_url(settings: Settings) -> str:
    """Where the pretend other system is."""
    return f"http://localhost:{settings.port + SYSTEM_BESIDE}"


def system_secret(hub: Hub) -> str:
    """What it and the hub sign with: the same after each start."""
    return "whsec_" + base64.b64encode(hub.crypto.fingerprint("lab", "system")).decode()


def mail_port(settings: Settings) -> int:
    """Where the pretend world's mail server listens: beside our own door."""
    return (settings.smtp_port or 2525) + 1


def mail_settings(settings: Settings) -> dict[str, Any]:
    """How a line sends mail in the demo: to the lab's own server on loopback."""
    return {
        "smtp_host": "127.0.0.1",
        "smtp_port": mail_port(settings),
        "smtp_security": "none",
        "authserv_id": GUARD,
    }


def _fax(settings: Settings) -> dict[str, Any]:
    return mail_settings(settings) | {
        "gateway": "efax",
        "number": FAX_NUMBER,
        "language": "es",
        "trusted_senders": "fax@pbx.iberluz.example",
    }


async def _add(tx: Tx, hub: Hub, plan: Plan, team_id: int | None) -> Channel:
    return await connections.add(
        tx,
        hub.crypto,
        kind=plan.kind,
        name=plan.name,
        address=plan.address,
        address_type=adapter(plan.kind).can.own_type,
        team_id=team_id,
        settings=plan.settings | {MARK: True},
        secrets=plan.secrets,
    )


async def _move(tx: Tx, hub: Hub, line: Channel, plan: Plan) -> Channel:
    """Only where the provider is: what an administrator changed stays."""
    places = ("api_url", "sites", "smtp_port", "callback_url")
    moved = {name: plan.settings[name] for name in places if name in plan.settings}
    await tx.execute(
        "UPDATE channel SET settings = settings || $2, secrets = coalesce($3, secrets) WHERE id = $1",
        line.id,
        moved,
        hub.crypto.encrypt(plan.secrets) if plan.secrets else None,
    )
    return await connections.load(tx, line.id)
