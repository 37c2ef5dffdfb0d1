"""Our own document and the sidecar, with the example of its documentation."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Direction, ModelPackage, TrustState
from mlcd_tui.domain.package_document import package_document
from mlcd_tui.domain.schema import Extras, SchemaKind
from mlcd_tui.packages.formats.cog import FORMAT as COG
from mlcd_tui.packages.formats.mlcd import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of

HEAD = "apiVersion: mlcd.dev/v1\nkind: ModelPackage\n"


def documented() -> str:
    """The example of the documentation."""
    text = (Path(__file__).parents[3] / "docs" / "packages-sidecar.md").read_text(encoding="utf-8")
    found = re.search(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert found is not None
    return found.group(1)


def bare(package: ModelPackage) -> ModelPackage:
    """Without where it was read from."""
    return replace(package, sources=())


def test_the_documented_sidecar_declares_schema_directions_and_data() -> None:
    package = read(FORMAT, {"mlcd.yaml": documented()})

    assert warnings_of(package) == ""
    assert package.sources[0].rank == 60
    assert [(one.name, one.direction) for one in package.metrics] == [
        ("roc_auc", Direction.HIGHER),
        ("log_loss", Direction.LOWER),
    ]
    (endpoint,) = package.endpoints
    assert endpoint.inputs.kind is SchemaKind.COLUMNS
    assert endpoint.inputs.extras is Extras.IGNORE
    plan, ratio = endpoint.inputs.fields[1:]
    assert plan.choices == ("basic", "plus")
    assert (ratio.required, ratio.has_default, ratio.default) == (False, True, 0.0)
    assert package.training.parameters == (("learning_rate", "0.01"), ("epochs", "5"))
    assert package.training.datasets[0].rows == 18233


def test_what_packages_show_writes_is_read_back() -> None:
    package = COG.read(fixture("cog"), "image-config.json")
    again = read(FORMAT, {"churn.mlcd.json": json.dumps(package_document(package))})

    assert bare(again) == bare(package)
    assert [one.format for one in again.sources] == ["mlcd"]


def test_a_json_schema_gets_its_fields_for_the_eye() -> None:
    text = (
        HEAD
        + "endpoints: [{inputs: {kind: json, document: {properties: {age: {type: integer}}}, dialect: '2020-12'}}]\n"
    )
    (endpoint,) = read(FORMAT, {"mlcd.yaml": text}).endpoints
    assert [(one.name, one.dtype) for one in endpoint.inputs.fields] == [("age", "int64")]


def test_it_cannot_pin_or_verify_itself() -> None:
    digest = f"sha256:{'a' * 64}"
    text = HEAD + f"digest: '{digest}'\nstatements: [{{kind: slsa, state: verified, by: me}}]\n"
    package = read(FORMAT, {"mlcd.yml": text})

    assert package.digest == ""
    assert ("declared digest", digest) in package.extra
    assert package.trust is TrustState.UNVERIFIED
    assert "not verified by mlcd-tui" in package.statements[0].reason


def test_a_misspelt_field_is_told() -> None:
    text = HEAD + "metrics: [{name: auc, value: 0.9, directon: higher}]\nlicense: MIT\n"
    package = read(FORMAT, {"mlcd.yaml": text})
    assert "mlcd.yaml: license is no field of a package document" in warnings_of(package)
    assert "metrics[0].directon" in warnings_of(package)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + "metrics: 3\n", r"mlcd\.yaml: .*field metrics is not a list"),
        (HEAD + "endpoints: [{inputs: {kind: columns, fields: [{name: a, dtype: int}]}}]\n", r"mlcd\.yaml: .*dtype"),
        ("kind: Pod\n", r"mlcd\.yaml: .*Pod"),
        ("- 1\n", r"mlcd\.yaml: .*no JSON object"),
        ("a: &x 1\nb: *x\n", r"mlcd\.yaml .*anchors"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_field(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=why):
        read(FORMAT, {"mlcd.yaml": text})


def test_long_lists_and_maps_are_cut_and_told_of() -> None:
    many = {f"k{place}": "v" for place in range(50_000)}
    metrics = [{"name": name, "value": 1.0} for name in list(many)[:3_000]]
    text = json.dumps({
        "apiVersion": "mlcd.dev/v1", "kind": "ModelPackage", "tags": many, "metrics": metrics,
        "endpoints": [{"name": name} for name in many],
        "training": {"parameters": many, "environment": {"python": "3.11"}},
    })  # fmt: skip
    package = read(FORMAT, {"mlcd.json": text})

    assert (len(package.tags), len(package.metrics), len(package.training.parameters)) == (2_000, 2_000, 2_000)
    assert package.training.environment == (("python", "3.11"),)
    assert package.endpoints == (), "some of them would be compared as if they were all"
    told = warnings_of(package)
    assert "endpoints has 50,000 entries, more than 2,000: none is used" in told
    assert "tags has 50,000 entries, 2,000 are used" in told
    assert "training.parameters has 50,000 entries" in told
