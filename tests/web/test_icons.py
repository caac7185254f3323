"""What a page draws must be in the sprite: an icon nobody cut is an empty place."""

from __future__ import annotations

from hub.channels.registry import ADAPTERS, adapter
from hub.web.assets import assets


def test_every_kind_of_channel_has_its_icon_in_the_sprite() -> None:
    drawn = assets().files["icons.svg"].body.decode()
    missing = [kind for kind in ADAPTERS if f'id="i-{adapter(kind).can.icon}"' not in drawn]
    assert not missing
