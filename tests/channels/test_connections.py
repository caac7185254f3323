"""A channel's health is told of each way apart: what leaves says nothing of what should come."""

from __future__ import annotations

from hub.channels import connections


async def test_a_working_way_out_does_not_hide_a_broken_way_in(tx, world):
    await connections.note_health(tx, world.mail.id, "in", "sign in again at the provider")
    await connections.note_health(tx, world.mail.id, "out")
    channel = await connections.load(tx, world.mail.id)
    assert (channel.health, channel.health_text) == ("failing", "sign in again at the provider")
    await connections.note_health(tx, world.mail.id, "out", "login refused")
    assert set((await connections.load(tx, world.mail.id)).troubles) == {"in", "out"}
    await connections.note_health(tx, world.mail.id, "in")
    await connections.note_health(tx, world.mail.id, "out")
    channel = await connections.load(tx, world.mail.id)
    assert (channel.health, channel.health_text, channel.troubles) == ("ok", "", {})
