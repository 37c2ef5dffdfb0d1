"""Which addresses are this machine: nothing sent to them is seen by others, and no proxy stands before them."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host (with or without port) is this machine."""
    if _is_own(host):
        return True
    try:
        return _is_own(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False


def _is_own(name: str) -> bool:
    try:
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
