"""Live traffic numbers: one file per set of queries (mesh, gateway, server), read from Prometheus.

May import: domain, config, registry, wire; httpx.
"""

import mlcd_tui.wire  # noqa: F401 - before httpx, whose import it makes cheap
