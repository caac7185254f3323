"""A name server as people write it in a setting: an address, perhaps with a port."""

from __future__ import annotations

import ipaddress


def name_server(text: str) -> tuple[str, int]:
    """Address and port: 9.9.9.9, 127.0.0.1:5353, [::1]:53. Raises ValueError."""
    host, colon, port = text.rpartition(":")
    if not colon or "]" in port or _is_address(text):
        host, port = text, "53"
    host = host.strip("[]")
    if not _is_address(host) or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
        raise ValueError(f"no name server: {text[:100]!r}")
    return host, int(port)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
