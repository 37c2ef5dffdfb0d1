"""The controllers of Argo Rollouts: rollouts, analysis runs and experiments.

May import: demo. Never: cluster, engines.
"""

from __future__ import annotations

from mlcd_tui.demo.controllers.argo.experiment import ExperimentController
from mlcd_tui.demo.controllers.argo.rollout import RolloutController
from mlcd_tui.demo.controllers.argo.runs import AnalysisController
from mlcd_tui.demo.store import Store


def start(store: Store) -> None:
    """Begins to control what argo-rollouts controls."""
    RolloutController(store)
    AnalysisController(store)
    ExperimentController(store)


CONTROLLER = start
