"""Lines of a container's log."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import datetime

from mlcd_tui.cluster.client import Client
from mlcd_tui.domain.ports import LogLine
from mlcd_tui.domain.refs import PODS
from mlcd_tui.domain.text import clean

_LONGEST = 16_000  # bytes kept of a line; the rest of it is passed over
_GATHER = 0.05  # a talkative container is read in pieces that are worth drawing
_COLOUR = re.compile(r"\x1b\[[0-9;:]*m")  # colours and weights only; every other sequence is made visible
_STAMP = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d) ?")


async def read_logs(
    client: Client,
    namespace: str,
    pod: str,
    *,
    container: str = "",
    follow: bool = True,
    previous: bool = False,
    tail: int = 500,
) -> AsyncIterator[LogLine]:
    """The last `tail` lines, and with `follow` each new one until the container ends or the iteration is left.

    Raises:
        Problem: no such pod or container, forbidden, the connection was cut.
    """
    params = {"timestamps": "true", "tailLines": str(max(tail, 0))}
    if container:
        params["container"] = container
    if previous:
        params["previous"] = "true"
    elif follow:
        params["follow"] = "true"
    held = bytearray()
    async with client.stream(PODS.path(namespace, pod, "log"), params, gather=_GATHER) as chunks:
        async for chunk in chunks:
            *ended, rest = chunk.split(b"\n")
            for piece in ended:
                _hold(held, piece)
                yield parse_line(bytes(held))
                held.clear()
            _hold(held, rest)
    if held:
        yield parse_line(bytes(held))


def _hold(held: bytearray, piece: bytes) -> None:
    """Add to the line at hand no more than a line may have (and one byte, by which the cut is seen)."""
    held += piece[: max(_LONGEST + 1 - len(held), 0)]


def parse_line(raw: bytes) -> LogLine:
    """One line: the time that the kubelet put before it taken off, odd bytes replaced, hostile ones made visible."""
    at, cut = None, len(raw) > _LONGEST
    if match := _STAMP.match(raw):
        seconds, fraction, zone = match.groups(b"")
        try:
            at = datetime.fromisoformat(f"{seconds.decode()}{fraction[:7].decode()}{zone.decode()}")
        except ValueError:  # the right shape, but no such day
            at = None
        else:
            raw = raw[match.end() :]
    text = _COLOUR.sub("", raw.decode("utf-8", "backslashreplace").removesuffix("\r")).replace("\t", "    ")
    return LogLine(clean(f"{text}…" if cut else text, limit=_LONGEST + 1), at)
