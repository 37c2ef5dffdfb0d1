"""Whether a file of a build stage was written by the stage: not by its base, and not copied from somewhere else.

Copying keeps the moment at which a file was written, running does not. So a report counts that was written since the
build began, or, where its instruction came from the cache, while one of the stage's own RUN instructions ran.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from mlcd_tui.checks.runner.engine import Engine, asked

_SLACK = 2.0
"""Seconds: the engine tells of whole ones, and clocks are read at different moments."""
_FRACTION = re.compile(r"\.(\d{1,6})\d*")


def is_of_stage(engine: Engine, image: str, below: str, written: str, began: float) -> bool:
    """Whether a file was written by a stage.

    Args:
        engine: that has built it.
        image: what was built.
        below: the image that the stage, or the stage that it stands on, is built from; empty: none, or not known.
        written: when the file was written, in the engine's words; what `below` has of it is another moment.
        began: when the build began, in seconds since 1970.
    """
    try:
        at = datetime.fromisoformat(_FRACTION.sub(r".\1", written)).timestamp()
    except ValueError:
        return False
    if at >= began - _SLACK:
        return True
    layers = _layers(engine, image)
    own = layers[: max(len(layers) - len(_layers(engine, below)), 0)]
    for number, layer in enumerate(own):
        before = layers[number + 1]["Created"] if number + 1 < len(layers) else 0
        if _is_run(str(layer.get("CreatedBy", ""))) and before - _SLACK <= at <= layer["Created"] + _SLACK:
            return True
    return False


def _layers(engine: Engine, image: str) -> list[Any]:
    """The instructions that made an image, the last one first."""
    if not image:
        return []
    with asked("looking at what a stage is made of"):
        found: list[Any] = engine.api.history(image)  # type: ignore[no-untyped-call]
    return found


def _is_run(created_by: str) -> bool:
    if created_by.endswith("# buildkit"):
        return created_by.startswith("RUN ")
    return bool(created_by) and "#(nop)" not in created_by
