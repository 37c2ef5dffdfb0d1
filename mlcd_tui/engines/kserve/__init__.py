"""KServe: InferenceServices, whose new models get a share of live traffic, in Knative and in Standard mode."""

from __future__ import annotations

from mlcd_tui.domain.ports import Engine
from mlcd_tui.engines.kserve.engine import KServeEngine

ENGINE: Engine = KServeEngine()
