"""The only door to Kubernetes: kubeconfig, client, watches, store, discovery, access reviews, execution.

May import: domain, config, wire. Never: engines, the ui.
"""

import mlcd_tui.wire  # noqa: F401 - before httpx, whose import it makes cheap
