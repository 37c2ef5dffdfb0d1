"""Keys of free maps (ONNX `metadata_props`, safetensors `__metadata__`, MLflow tags) that say what they hold.

Only keys that can mean one thing are taken; everything else stays a tag. Two families are our own and documented for
users: `mlcd.dev/direction.<metric>` = `higher` | `lower` and `mlcd.dev/noise.<metric>` = half-width, since no format
says which way a metric is better.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from mlcd_tui.domain.package import Dataset, Direction, Metric, Split, Training
from mlcd_tui.domain.text import Clean

DIRECTION_TAG = "mlcd.dev/direction."
NOISE_TAG = "mlcd.dev/noise."

_LICENCE = ("license", "licence", "spdx_license")
_REVISION = ("training_commit", "git_commit", "git_sha", "training_revision")
_AUTHOR = ("author", "trained_by")
_CODE = ("git_repository", "git_url", "source_repository")
_DATASETS = {
    "dataset": Split.UNKNOWN,
    "training_dataset": Split.TRAIN,
    "validation_dataset": Split.VALIDATION,
    "test_dataset": Split.TEST,
}


@dataclass(frozen=True, slots=True)
class Known:
    """What such a map says."""

    licences: tuple[Clean, ...] = ()
    authors: tuple[Clean, ...] = ()
    training: Training = field(default_factory=Training)


def known(pairs: Iterable[tuple[str, Clean]]) -> Known:
    """What the well-known keys among `pairs` say; keys are compared without case, `-` as `_`."""
    found = {key.lower().replace("-", "_"): value for key, value in pairs if value}

    def first(names: tuple[str, ...]) -> Clean:
        return next((found[name] for name in names if name in found), Clean(""))

    licence, author = first(_LICENCE), first(_AUTHOR)
    return Known(
        licences=(licence,) if licence else (),
        authors=(author,) if author else (),
        training=Training(
            author=author,
            revision=first(_REVISION),
            code_uri=first(_CODE),
            datasets=tuple(Dataset(found[name], split) for name, split in _DATASETS.items() if name in found),
        ),
    )


def judged(metrics: Iterable[Metric], tags: Mapping[str, Clean]) -> tuple[Metric, ...]:
    """The metrics with the direction and noise that the tags declare; never guessed from a name."""
    return tuple(
        replace(
            metric,
            direction=_direction(tags.get(f"{DIRECTION_TAG}{metric.name}", Clean(""))) or metric.direction,
            noise=_noise(tags.get(f"{NOISE_TAG}{metric.name}", Clean(""))) or metric.noise,
        )
        for metric in metrics
    )


def _direction(text: Clean) -> Direction | None:
    word = text.strip().lower()
    return Direction(word) if word in (Direction.HIGHER, Direction.LOWER) else None


def _noise(text: Clean) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) and number > 0 else None
