"""The demo company: its people, customers and two months of conversations, told through the real road in."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

import config
from hub.agents import absence, passwords, people, teams, tokens
from hub.channels import connections
from hub.channels.base import Raw
from hub.channels.connections import Channel
from hub.conversations import saved_texts
from hub.customers import accounts, contacts
from hub.operating import crossings, demo_campaigns, demo_lines, telling
from hub.operating.demo_arriving import Came, arrive
from hub.operating.demo_lines import mail_settings
from hub.operating.stories import Story, mail, message_id
from hub.operating.stories import stories as planned
from hub.plumbing.clock import now
from hub.plumbing.db import Tx
from hub.plumbing.errors import NotFound
from hub.plumbing.hub import Hub
from hub.plumbing.texts import _

COMPANY = Path(config.__file__).parent / "starter" / "demo.yaml"
PASSWORD = "dialogo-demo"
SHOWN = ("ana", "lola", "mario", "berta")


async def load(hub: Hub) -> None:
    """Fill an empty installation with the demo company. Its addresses end in .example: no mail can reach them."""
    company = yaml.safe_load(COMPANY.read_text())
    dice = random.Random(48213)
    async with hub.transaction() as tx:
        await tx.execute("UPDATE installation SET is_demo = true")
        agents = await _agents(tx, company)
        team_ids = await _teams(tx, company, agents)
        channels = await _channels(tx, hub, company, team_ids)
        lines = await demo_lines.stand(tx, hub)
        writers = await _customers(tx, company, agents)
        await demo_campaigns.load(tx, company, agents, channels[0].id, random.Random(31))
        for one in company["saved_texts"]:
            await saved_texts.create(tx, saved_texts.Wanted(**one), agent_id=agents["lola"])
        await tx.execute("ANALYZE")
    stories = planned(company, dice, channels, writers, [one["who"] for one in company["crossings"]])
    for step in range(max(len(story.lines) for story in stories)):
        await _tell(hub, stories, step)
    async with hub.transaction() as tx:
        await telling.close(tx, [(s.conversation_id, s.moments[-1]) for s in stories if s.state == "closed"])
        await telling.settle(tx, [story.conversation_id for story in stories])
        await absence.plan(
            tx,
            agents["ines"],
            agents["luis"],
            now() - timedelta(days=1),
            now() + timedelta(days=6),
            "Vacaciones",
        )
        await tx.execute("ANALYZE")
    await _noise(hub, company, channels[0])
    await crossings.tell(hub, company["crossings"], {"email": channels[0], **lines})


async def logins(hub: Hub) -> list[str]:
    """Who can sign in to the demo, and an API token, a line each for the terminal; nothing outside a demo."""
    if not await hub.pool.fetchval("SELECT is_demo FROM installation"):
        return []
    rows = await hub.pool.fetch(
        "SELECT name, email, role FROM agent WHERE split_part(email, '@', 1) = ANY($1) ORDER BY id",
        list(SHOWN),
    )
    lines = [f"{row['email']}  {PASSWORD}  ({row['name']}, {row['role']})" for row in rows]
    return [*lines, _("API token: %(token)s", token=await _token(hub))]


async def _token(hub: Hub) -> str:
    """The demo's API token: made once, kept beside the data for its owner's eyes."""
    path = Path(hub.settings.data) / "demo-token"
    async with hub.transaction() as tx:
        if path.exists() and await tokens.find(tx, path.read_text()):
            return path.read_text()
        admin = await tx.value("SELECT id FROM agent WHERE role = 'admin' AND active ORDER BY id LIMIT 1")
        if admin is None:
            raise NotFound(_("The demo has nobody of this role."))
        secret = await tokens.create(tx, admin, "demo")
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret)
    return secret


async def _agents(tx: Tx, company: dict[str, Any]) -> dict[str, int]:
    hashed = await passwords.hashed(PASSWORD)
    made = {}
    for one in company["agents"]:
        agent = await people.add(
            tx,
            name=one["name"],
            email=f"{one['key']}@iberluz.example",
            role=one["role"],
            password_hash=hashed,
        )
        made[one["key"]] = agent.id
    return made


async def _teams(tx: Tx, company: dict[str, Any], agents: dict[str, int]) -> dict[str, int]:
    made = {}
    for one in company["teams"]:
        members = [agents[key] for key in one["members"]]
        team = await teams.add(tx, name=one["name"], restricted=one["restricted"], member_ids=members)
        made[one["name"]] = team.id
    return made


async def _channels(tx: Tx, hub: Hub, company: dict[str, Any], team_ids: dict[str, int]) -> list[Channel]:
    """Mail leaves to the lab's own server on loopback; nothing of the demo can reach the world."""
    return [
        await connections.add(
            tx,
            hub.crypto,
            kind="email",
            name=one["name"],
            address=one["address"],
            address_type="email",
            also=tuple(one.get("also", ())),
            team_id=team_ids[one["team"]],
            settings=mail_settings(hub.settings),
        )
        for one in company["channels"]
    ]


async def _customers(tx: Tx, company: dict[str, Any], agents: dict[str, int]) -> list[tuple[str, str, str]]:
    """Accounts with owners and people; (name, address, language) of everybody who may write."""
    writers: list[tuple[str, str, str]] = []
    for one in company["accounts"]:
        account = await accounts.create(
            tx,
            name=one["name"],
            tier=one["tier"],
            owner_id=agents.get(one["owner"]),
            deputy_id=agents.get(one["deputy"]),
            domains=(one["domain"],),
            external_id=f"C-{1000 + len(writers)}",
        )
        language = one.get("language", "es")
        for name in one["people"]:
            address = f"{_plain(name.split()[0])}@{one['domain']}"
            await contacts.create(
                tx, name=name, addresses=[("email", address)], account_id=account.id, language=language
            )
            writers.append((name, address, language))
    for name in company["private"]:
        writers.append((name, f"{_plain(name).replace(' ', '.')}@correo.example", "es"))
    return writers


def _plain(name: str) -> str:
    return name.lower().translate(str.maketrans("áéíóúüñ", "aeiouun"))


async def _tell(hub: Hub, stories: Sequence[Story], step: int) -> None:
    """The next line of every story: customers' lines as mails through the road in, ours as answers long sent."""
    due = [story for story in stories if step < len(story.lines)]
    written = [story for story in due if "in" in story.lines[step]]
    for start in range(0, len(written), 100):
        arriving = sorted(written[start : start + 100], key=lambda one: one.moments[step])
        outcomes = await arrive(
            hub, [Came(story.channel, Raw(body=mail(story, step)), story.moments[step]) for story in arriving]
        )
        for story, outcome in zip(arriving, outcomes, strict=True):
            story.conversation_id = outcome.conversation_id or story.conversation_id
    async with hub.transaction() as tx:
        said = [
            telling.Said(
                conversation_id=story.conversation_id,
                direction="out" if "out" in story.lines[step] else "note",
                text=next(iter(story.lines[step].values())).format(**story.words),
                subject=f"Re: {story.subject}",
                at=story.moments[step],
                channel_id=story.channel.id,
                recipient=story.address,
                message_id=message_id(story, step),
            )
            for story in due
            if "in" not in story.lines[step]
        ]
        await telling.say(tx, said)
    for story in due:
        if "note" not in story.lines[step]:  # nobody outside can answer a note
            story.message_ids.append(message_id(story, step))


async def _noise(hub: Hub, company: dict[str, Any], channel: Channel) -> None:
    """A few newsletters, so that `aside` is not empty."""
    mails = [
        (
            f"From: {one['from']}\r\nTo: {channel.address}\r\nSubject: {one['subject']}\r\n"
            f"Message-ID: <noise.{number}@demo.example>\r\nPrecedence: bulk\r\n"
            f"List-Unsubscribe: <https://news.example/u>\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n{one['text']}\r\n"
        ).encode()
        for number, one in enumerate(company["noise"])
    ]
    hours = (now() - timedelta(hours=number + 1) for number in range(len(mails)))
    await arrive(hub, [Came(channel, Raw(body=body), at) for body, at in zip(mails, hours, strict=False)])
