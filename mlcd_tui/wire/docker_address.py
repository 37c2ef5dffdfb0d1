"""Where a Docker Engine is looked for, for every room that asks one."""

from __future__ import annotations

from pathlib import Path

START = "Start it, or point DOCKER_HOST at one."
"""What to do where none answers."""


def missing_socket(address: str) -> str:
    """The socket that an engine's address names and that is not there; empty: it is, or the address names none."""
    kind, _, place = address.partition("://")
    return place if kind in {"unix", "http+unix"} and not Path(place).exists() else ""
