"""Names that routes and what is behind them go by; those of the route itself are in `_httproute`."""

from __future__ import annotations

from typing import Final

NAME: Final = "gateway"
"""This engine's own."""

PREVIOUS: Final = "mlcd.dev/previous"
"""Annotation of the route that a switch leaves: the Service of the version that served before, and its revision."""
RETURNED: Final = "mlcd.dev/returned-from"
"""Annotation of the route that an abort or a switch back leaves: the Service that was left, and its revision."""
SWITCHED: Final = "mlcd.dev/switched"
"""Annotation of the route that a switch leaves: when."""

MOVED: Final = "mlcd.dev/moved"
"""Annotation of the route that every change of weights leaves: when."""

REVISION: Final = "deployment.kubernetes.io/revision"
RESTARTED: Final = "kubectl.kubernetes.io/restartedAt"
HASH: Final = "pod-template-hash"
