"""What a package lacks, and what to add."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mlcd_tui.domain.completeness import lacks
from mlcd_tui.domain.package import (
    Artifact,
    Dependency,
    Metric,
    ModelPackage,
    Statement,
    Training,
    TrainingPart,
    TrustState,
)
from mlcd_tui.domain.schema import Endpoint, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from tests.domain.packages_made import columns, whole


def _fields(package: ModelPackage, *, required: bool) -> list[str]:
    return [one.field for one in lacks(package) if one.required is required]


def test_an_empty_package_lacks_everything_required() -> None:
    assert _fields(ModelPackage(), required=True) == ["artifacts", "training", "endpoints.inputs", "endpoints.outputs"]


def test_a_whole_package_lacks_nothing_required_and_a_complete_one_nothing_at_all() -> None:
    assert _fields(whole(), required=True) == []
    complete = whole(
        intended_use=(clean("scoring"),),
        limits=(clean("not for minors"),),
        statements=(Statement(clean("slsa"), TrustState.UNVERIFIED),),
    )
    assert lacks(complete) == ()


def test_a_training_part_needs_no_artifact() -> None:
    assert _fields(whole(artifacts=(), training_part=TrainingPart(clean("train.py"))), required=True) == []


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"training": Training(author=clean("alice"))}, "training.datasets", "digest and split"),
        ({"endpoints": (Endpoint(inputs=columns("a")),)}, "endpoints.outputs", "signature"),
        (
            {"endpoints": (Endpoint(inputs=Schema(SchemaKind.MODALITY), outputs=columns("a")),)},
            "endpoints.inputs",
            "kinds of media",
        ),
        ({"digest": ""}, "digest", "sha256"),
        ({"training": replace(whole().training, revision=clean(""))}, "training.revision", "commit"),
        ({"metrics": ()}, "metrics", "how good"),
        ({"metrics": (Metric(clean("f1"), 0.9),)}, "metrics.direction", "f1"),
        ({"licences": ()}, "licences", "SPDX"),
        ({"dependencies": ()}, "dependencies", "requirements"),
        ({"dependencies": (Dependency(clean("numpy"), clean(">=2")),)}, "dependencies.version", "numpy"),
        ({"artifacts": (Artifact(clean("m.pkl"), unsafe=clean("pickle")),)}, "artifacts.unsafe", "safetensors"),
    ],
)
def test_each_lack_says_what_to_add(changes: dict[str, Any], field: str, word: str) -> None:
    found = {one.field: one.sentence for one in lacks(whole(**changes))}
    assert word in found[field]
