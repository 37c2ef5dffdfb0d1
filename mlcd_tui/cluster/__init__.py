"""The only door to Kubernetes: kubeconfig, client, watches, store, discovery, access reviews, execution.

May import: domain, config. Never: engines, the ui.
"""

import sys

# httpx brings its own command line along where rich and pygments are installed, as they are here: a third of its
# import time and some MB for something that nobody calls. It copes with the module's absence.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
