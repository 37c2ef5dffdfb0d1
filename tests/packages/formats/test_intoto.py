"""in-toto and SLSA: what provenance claims, and that it is never called verified."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Split, TrustState
from mlcd_tui.packages.formats.intoto import FORMAT
from tests.packages.formats.document_fixtures import fixture, read, warnings_of
from tests.packages.memory_files import MemoryFiles


def statement(predicate_type: str, predicate: dict[str, Any]) -> dict[str, Any]:
    """A bare statement about one file."""
    return {
        "_type": "https://in-toto.io/Statement/v0.1",
        "subject": [{"name": "churn.pkl", "digest": {"sha256": "AB" * 32}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def envelope(value: Any) -> dict[str, Any]:
    """A DSSE envelope with a signature that nobody checks."""
    payload = base64.b64encode(json.dumps(value).encode()).decode()
    return {
        "payloadType": "application/vnd.in-toto+json",
        "payload": payload,
        "signatures": [{"keyid": "k", "sig": "A"}],
    }


def test_slsa_tells_code_data_parameters_builder_and_times_without_being_believed() -> None:
    files = fixture("intoto")
    assert set(FORMAT.find(files)) == {"churn.intoto.jsonl", "statement.json"}
    package = FORMAT.read(files, "churn.intoto.jsonl")

    training = package.training
    assert training.revision == "4be1f0c2aa0d4c7e9b1d6f3a2b5c8d7e6f5a4b3c"
    assert training.code_uri == "https://git.example.org/risk/churn"
    assert training.parameters == (("epochs", "5.0"), ("lr", "0.01"))
    assert (training.builder, training.run_id) == ("https://ci.example.org/runner/7", "run-118")
    assert training.started is not None
    assert training.finished is not None
    (dataset,) = training.datasets
    assert (dataset.name, dataset.split, dataset.digest) == ("churn-2026q3", Split.TRAIN, f"sha256:{'9f' * 32}")
    (claim,) = package.statements
    assert claim.state is TrustState.UNVERIFIED
    assert claim.reason == "present, not verified by mlcd-tui"
    assert claim.subject == package.artifacts[0].digest
    assert package.sources[0].rank < 50


def test_a_bare_statement_says_that_it_is_unsigned() -> None:
    package = FORMAT.read(fixture("intoto"), "statement.json")
    assert package.statements[0].reason == "unsigned, not verified by mlcd-tui"


def test_version_0_2_of_slsa() -> None:
    predicate = {
        "builder": {"id": "https://ci.example.org"},
        "invocation": {
            "configSource": {
                "uri": "git+https://git.example.org/risk/churn@refs/heads/main",
                "digest": {"sha1": "c0ffee"},
                "entryPoint": "train.yaml",
            },
            "parameters": {"lr": 0.1},
        },
        "metadata": {"buildInvocationId": "https://ci.example.org/7", "buildFinishedOn": "2026-11-20T10:00:00Z"},
        "materials": [
            {"uri": "s3://acme/churn.csv", "digest": {"sha256": "cd" * 32}},
            {"uri": "pkg:docker/python@3.12", "digest": {"sha256": "ef" * 32}},
        ],
    }
    document = json.dumps(envelope(statement("https://slsa.dev/provenance/v0.2", predicate)))
    package = read(FORMAT, {"oci/statements/0.json": document})

    training = package.training
    assert (training.code_uri, training.revision) == ("https://git.example.org/risk/churn", "c0ffee")
    assert (training.entry_point, training.run_uri) == ("train.yaml", "https://ci.example.org/7")
    assert [one.name for one in training.datasets] == ["churn.csv"]
    assert ("material", f"pkg:docker/python@3.12 sha256:{'ef' * 32}") in package.extra
    assert package.statements[0].kind == "slsa provenance v0.2"
    assert "runs code when loaded" in package.artifacts[0].unsafe


def test_a_model_that_it_began_from_is_a_base() -> None:
    dependency = {"uri": "oci://r/base", "digest": {"sha256": "ab" * 32}, "annotations": {"role": "base_model"}}
    predicate = {"buildDefinition": {"resolvedDependencies": [dependency]}}
    package = read(FORMAT, {"statement.json": json.dumps(statement("https://slsa.dev/provenance/v1", predicate))})
    assert package.training.base_models == (f"oci://r/base@sha256:{'ab' * 32}",)


def test_lines_are_several_statements_of_which_the_first_provenance_counts() -> None:
    first = statement("https://slsa.dev/provenance/v1", {"runDetails": {"builder": {"id": "a"}}})
    second = statement("https://slsa.dev/provenance/v1", {"runDetails": {"builder": {"id": "b"}}})
    other = statement("https://example.org/tests/v1", {})
    lines = "\n".join(json.dumps(envelope(one)) for one in (first, second, other))
    package = read(FORMAT, {"churn.intoto.jsonl": lines})

    assert package.training.builder == "a"
    assert [one.kind for one in package.statements][-1] == "https://example.org/tests/v1"
    assert len(package.artifacts) == 1
    assert "more than one provenance" in warnings_of(package)


def test_the_signature_of_an_image_is_a_statement_and_no_file() -> None:
    signed = statement("https://sigstore.dev/cosign/sign/v1", {})
    signed["subject"] = [
        {"digest": {"sha256": "ab" * 32}},
        {"name": "pkg:docker/churn@3", "digest": {"sha256": "cd" * 32}},
    ]
    package = read(FORMAT, {"oci/statements/1.json": json.dumps(envelope(signed))})

    assert package.artifacts == ()
    assert (package.statements[0].kind, package.statements[0].subject) == (
        "cosign image signature",
        f"sha256:{'ab' * 32}",
    )


def test_the_graph_of_a_build_is_no_environment() -> None:
    definition = {
        "internalParameters": {"buildConfig": {"llbDefinition": [{"id": "step0"}]}, "builderPlatform": "linux/amd64"}
    }
    document = statement("https://slsa.dev/provenance/v1", {"buildDefinition": definition})
    package = read(FORMAT, {"provenance.json": json.dumps(document)})
    assert package.training.environment == (("builderPlatform", "linux/amd64"),)


def test_signatures_over_files_are_left_to_their_own_format() -> None:
    files = MemoryFiles({"a.sigstore.json": fixture("model_signing").contents["model.sig"]})
    assert FORMAT.find(files) == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"payloadType": "application/vnd.in-toto+json", "payload": "%%"}', "payload is not valid base64"),
        ('{"payloadType": "text/plain", "payload": ""}', "payloadType is text/plain"),
        ('{"_type": 3}', "_type is 3"),
        ('{"payloadType": "application/vnd.in-toto+json", "payload": "eyI="}', "payload is not valid JSON"),
    ],
)
def test_damage_is_told_where_it_is(text: str, why: str) -> None:
    with pytest.raises(Unreadable, match=f"churn.intoto.jsonl.*{why}"):
        read(FORMAT, {"churn.intoto.jsonl": text})
