"""Names that Argo Rollouts gives to kinds, labels and annotations."""

from __future__ import annotations

from typing import Final

from mlcd_tui.domain.refs import Resource

GROUP: Final = "argoproj.io"
ROLLOUTS: Final = Resource(GROUP, "v1alpha1", "rollouts", "Rollout")
ANALYSIS_RUNS: Final = Resource(GROUP, "v1alpha1", "analysisruns", "AnalysisRun")
EXPERIMENTS: Final = Resource(GROUP, "v1alpha1", "experiments", "Experiment")

HASH: Final = "rollouts-pod-template-hash"
"""Label of ReplicaSets and pods, and key that the controller adds to the selectors of Services."""
REVISION: Final = "rollout.argoproj.io/revision"
SCALE_DOWN_DEADLINE: Final = "scale-down-deadline"
EXPERIMENT_TEMPLATE: Final = "experiment.argoproj.io/template-name"
EXPERIMENT_NAME: Final = "experiment.argoproj.io/name"
RUN_TYPE: Final = "rollout-type"
STEP_INDEX: Final = "step-index"
CHANGE_CAUSE: Final = "kubernetes.io/change-cause"

CANARY_PAUSE: Final = "CanaryPauseStep"
BLUE_GREEN_PAUSE: Final = "BlueGreenPause"
INCONCLUSIVE: Final = ("InconclusiveAnalysisRun", "InconclusiveExperiment")
