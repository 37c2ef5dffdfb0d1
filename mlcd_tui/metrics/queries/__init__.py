"""Query sets, one module each: `QUERIES` says how a mesh, gateway or server counts requests of one version.

May import: domain, metrics.
"""

from __future__ import annotations

from mlcd_tui.metrics.queries._set import QuerySet
from mlcd_tui.registry import Registry

QUERY_SETS: Registry[QuerySet] = Registry("mlcd_tui.metrics.queries", "QUERIES", "mlcd_tui.metrics.queries")
