"""What the command line and the settings say of a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlcd_tui.config.metrics_settings import MetricsSettings
    from mlcd_tui.config.settings import CheckSettings, PackageSettings


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line and the settings say of a session."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str = ""
    """Empty: all namespaces."""
    readonly: bool = False
    is_production: Callable[[str], bool] = lambda _context: False
    """Whether a context is marked production in the settings; acting there asks for the typed name."""
    is_readonly: Callable[[str], bool] = lambda _context: False
    """Whether a context is marked read-only in the settings."""
    packages: PackageSettings | None = None
    """Where packages are looked for; None: the defaults."""
    checks: CheckSettings | None = None
    """What is asked of the checks of an image that is brought to callers; None: the defaults."""
    metrics: Callable[[str], MetricsSettings] | None = None
    """Where the numbers of live traffic come from, by context; None: nowhere."""
