"""What `doctor` says of the source of live traffic's numbers."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from mlcd_tui.cli.finding import Finding
from mlcd_tui.domain.errors import Problem

if TYPE_CHECKING:
    from mlcd_tui.config.metrics_settings import MetricsSettings

_RECENT = 900.0


async def source(settings: MetricsSettings) -> Finding:
    """Whether it answers, and which query sets it has numbers for."""
    if not settings.address:
        sentence = "no address under [metrics]: there are no numbers of live traffic"
        return Finding("metrics", ok=None, sentence=sentence)
    from mlcd_tui.metrics.client import Prometheus
    from mlcd_tui.metrics.queries import QUERY_SETS

    prometheus = Prometheus(settings)
    sets = QUERY_SETS.all()
    now = time.time()
    try:
        names = await prometheus.names("|".join(re.escape(one.requests) for one in sets), now - _RECENT, now)
    except Problem as problem:
        return Finding("metrics", ok=False, sentence=str(problem))
    finally:
        await prometheus.close()
    known = ", ".join(one.title for one in sets if one.requests in names) or ", ".join(settings.queries)
    told = f"it has {known}" if known else "it has none of the metrics that the query sets ask for"
    return Finding("metrics", ok=True if known else None, sentence=f"{prometheus.title} answers; {told}")
