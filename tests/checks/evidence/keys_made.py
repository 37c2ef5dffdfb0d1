"""A key to sign with."""

from __future__ import annotations

from pathlib import Path

from mlcd_tui.checks.evidence.keys import SigningKey, keygen, own_key


def made_key(folder: Path) -> SigningKey:
    """The operator's own, new in a folder."""
    keygen(folder)
    found = own_key(folder)
    assert found is not None
    return found
