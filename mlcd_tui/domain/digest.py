"""How content is named by its bytes."""

from __future__ import annotations

import hashlib


def sha256_of(data: bytes) -> str:
    """`sha256:…` of bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
