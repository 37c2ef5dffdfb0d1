"""Headers that mean the same to every server."""

from __future__ import annotations

import time
from base64 import b64encode

_LONGEST = 3600.0


def basic(user: str, password: str) -> str:
    """What `Authorization` says of a user with a password."""
    return f"Basic {b64encode(f'{user}:{password}'.encode()).decode()}"


def seconds_to_wait(told: str) -> float | None:
    """What `Retry-After` asks for: seconds or a moment, an hour at the most. None: nothing that can be understood."""
    told = told.strip()
    if told.isascii() and told.isdigit():
        return min(float(told), _LONGEST)
    if not told:
        return None
    from email.utils import parsedate_to_datetime  # late: ten times what all of this costs, for a form that few send

    try:
        moment = parsedate_to_datetime(told).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(moment - time.time(), 0.0), _LONGEST)
