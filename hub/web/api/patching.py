"""What a PATCH of the API really gave."""

from __future__ import annotations

from typing import Any

import msgspec


def given(body: msgspec.Struct, **columns: str) -> dict[str, Any]:
    """The fields a PATCH really gave, named as the room's verb names them."""
    values = {name: getattr(body, name) for name in body.__struct_fields__}
    return {columns.get(name, name): value for name, value in values.items() if value is not msgspec.UNSET}
