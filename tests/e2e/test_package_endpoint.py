"""Packages of a real server of the Open Inference Protocol."""

from __future__ import annotations

import pytest

from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.schema import SchemaKind
from mlcd_tui.packages.library import Library


@pytest.mark.parametrize("told", ["", "/v2/models/churn", "/v2/models/churn/versions/3", "/v2"])
def test_what_the_live_model_takes_and_gives(inference: str, told: str) -> None:
    package = Library(Reach()).read(f"endpoint:{inference}{told}")
    assert (package.name, package.version) == ("churn", "3")
    (endpoint,) = package.endpoints
    assert endpoint.inputs.kind is SchemaKind.TENSORS
    assert [(f.name, f.dtype, f.shape) for f in endpoint.inputs.fields] == [
        ("features", "float32", (None, 4)),
        ("segment", "text", (None, 1)),
    ]
    assert [(f.name, f.dtype, f.shape) for f in endpoint.outputs.fields] == [("label", "int64", (None,))]
    assert max(source.rank for source in package.sources) == 80


def test_its_models_are_listed(inference: str) -> None:
    (entry,) = Library(Reach()).list(f"endpoint:{inference}")
    assert (entry.name, entry.version, entry.status) == ("churn", "3", "ready")
    assert Library(Reach()).read(entry.address).name == "churn"


def test_an_unknown_model_is_told_in_the_servers_words(inference: str) -> None:
    with pytest.raises(Missing, match="nope not found"):
        Library(Reach()).read(f"endpoint:{inference}/v2/models/nope")
