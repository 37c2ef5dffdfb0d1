"""Packages of a real server of the Open Inference Protocol."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.domain.schema import SchemaKind
from mlcd_tui.packages.library import Library
from tests.e2e.openinference.server import fastapi_server


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


def test_an_application_of_its_own_kind_tells_by_openapi(tmp_path: Path) -> None:
    with fastapi_server(tmp_path) as address:
        package = Library(Reach()).read(f"endpoint:{address}")
        (entry,) = Library(Reach()).list(f"endpoint:{address}")
    assert entry.address == f"endpoint:{address}"
    (endpoint,) = [each for each in package.endpoints if each.route.endswith("/predict")]
    assert endpoint.inputs.kind is SchemaKind.JSON
    assert {(field.name, field.required) for field in endpoint.inputs.fields} == {
        ("tenure_months", True),
        ("monthly_fee", True),
        ("segment", False),
    }
    assert {field.name for field in endpoint.outputs.fields} == {"leaves", "score"}
