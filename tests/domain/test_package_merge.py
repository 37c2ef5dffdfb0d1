"""Several documents of one package become one: who wins, what is joined, and what contradicts."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.package import (
    Artifact,
    ArtifactRole,
    Claim,
    Dataset,
    Dependency,
    Direction,
    Metric,
    ModelPackage,
    Split,
    Statement,
    Training,
    TrustState,
)
from mlcd_tui.domain.package_merge import merge
from mlcd_tui.domain.schema import Field, Schema, SchemaKind
from mlcd_tui.domain.text import clean
from tests.domain.packages_made import PARTS, columns, predict, said, source

A, B = "sha256:" + "a" * 64, "sha256:" + "b" * 64


def _contradictions(*parts: ModelPackage) -> dict[str, list[str]]:
    return {one.field: [claim.value for claim in one.claims] for one in merge(parts).contradictions}


def test_the_higher_rank_wins_each_field_and_who_said_it_is_kept() -> None:
    card = said(20, name=clean("Churn"), description=clean("from the card"), licences=(clean("MIT"),))
    run = said(70, name=clean("churn"), licences=(clean("Apache-2.0"),))
    package = merge([card, run])
    assert (package.name, package.description) == ("churn", "from the card")
    assert package.licences == ("Apache-2.0",)
    assert [one.rank for one in package.sources] == [70, 20]
    (contradiction,) = package.contradictions
    assert (contradiction.field, contradiction.claims) == (
        "licences",
        (Claim(0, clean("Apache-2.0")), Claim(1, clean("MIT"))),
    )
    assert {one.field for one in package.origins} == {"name", "description", "licences"}


def test_equal_ranks_keep_the_order_given() -> None:
    assert merge([said(name=clean("first")), said(name=clean("second"))]).name == "first"


def test_a_single_document_gets_its_origins_too() -> None:
    package = merge([said(name=clean("churn"), training=Training(revision=clean("4be1f0c")))])
    assert [(one.field, one.claims) for one in package.origins] == [
        ("name", (Claim(0, clean("churn")),)),
        ("training.revision", (Claim(0, clean("4be1f0c")),)),
    ]
    with pytest.raises(ValueError, match="nothing"):
        merge([])


@pytest.mark.parametrize(
    ("field", "one", "other", "differs"),
    [
        ("version", "v1.2", "1.2", False),
        ("version", "7", "8", True),
        ("name", "registry/team/churn", "Churn", False),
        ("name", "churn", "fraud", True),
        ("licences", ("apache 2.0",), ("Apache-2.0",), False),
        ("title", "A", "B", False),
        ("digest", "a" * 64, A, False),
        ("digest", A, B, True),
        ("training.revision", "4be1f0c", "4be1f0c8" + "d" * 32, False),
        ("training.revision", "4be1f0c", "5be1f0c8" + "d" * 32, True),
        ("training.code_uri", "git@example.org:ml/churn.git", "https://example.org/ml/churn", False),
        ("training.author", "alice@example.org", "Alice", False),
        ("training.author", "alice", "bob", True),
        ("tag", "0.1", "0.10", False),
        ("tag", "0.1", "0.13", True),
        ("tag", "NaN", "nan", False),
        ("tag", "sNaN", "1", True),
        ("tag", "12345678901234567890", "12345678901234567891", True),
    ],
)
def test_what_is_a_contradiction_and_what_is_the_same_in_other_words(
    field: str, one: object, other: object, differs: bool
) -> None:
    def say(value: object) -> ModelPackage:
        kept: Any = tuple(map(clean, value)) if isinstance(value, tuple) else clean(value)
        if field == "tag":
            return said(tags=((clean("seed"), kept),))
        inside, _, name = field.rpartition(".")
        return said(training=Training(**{name: kept})) if inside else said(**{name: kept})

    assert bool(_contradictions(say(one), say(other))) is differs
    assert bool(_contradictions(say(other), say(one))) is differs


def test_lists_are_joined_by_their_keys() -> None:
    train = Dataset(clean("customers"), Split.TRAIN, digest=clean("1234abcd"))
    run = said(
        70,
        training=Training(parameters=((clean("lr"), clean("0.1")),), datasets=(train,)),
        metrics=(Metric(clean("f1"), 0.9127),),
        dependencies=(Dependency(clean("scikit-learn"), clean(">=1.5")),),
    )
    card = said(
        20,
        training=Training(
            parameters=((clean("lr"), clean("0.10")), (clean("depth"), clean("5"))),
            datasets=(replace(train, rows=1000, digest=clean("")), Dataset(clean("customers"), Split.TEST)),
        ),
        metrics=(Metric(clean("F1"), 0.91, clean("0.91 (test)"), noise=0.01), Metric(clean("auc"), 0.95)),
        dependencies=(Dependency(clean("Scikit_Learn"), clean("1.6.1")), Dependency(clean("numpy"))),
    )
    package = merge([card, run])
    assert package.training.parameters == (("lr", "0.1"), ("depth", "5"))
    assert [(one.split, one.digest, one.rows) for one in package.training.datasets] == [
        (Split.TRAIN, "1234abcd", 1000),
        (Split.TEST, "", None),
    ]
    assert [(one.name, one.value, one.raw, one.noise) for one in package.metrics] == [
        ("f1", 0.9127, "", None),  # noise of another value would be a lie
        ("auc", 0.95, "", None),
    ]
    assert [(one.name, one.version) for one in package.dependencies] == [("scikit-learn", ">=1.5"), ("numpy", "")]
    assert package.contradictions == ()


def test_a_bare_name_of_data_adds_nothing_to_what_another_document_knows() -> None:
    bare = said(50, training=Training(datasets=(Dataset(clean("Churn")), Dataset(clean("other")))))
    train, test = (Dataset(clean("churn"), split=split, rows=50) for split in (Split.TRAIN, Split.TEST))
    run = said(70, training=Training(datasets=(train, test)))
    assert merge([bare, run]).training.datasets == (train, test, Dataset(clean("other")))
    assert len(merge([bare, bare]).training.datasets) == 2, "nobody knows more"


def test_keyed_values_that_differ_name_their_place() -> None:
    def say(lr: str, f1: float, version: str, rows: int) -> ModelPackage:
        return said(
            training=Training(
                parameters=((clean("lr"), clean(lr)),), datasets=(Dataset(clean("c"), Split.TRAIN, rows=rows),)
            ),
            metrics=(Metric(clean("f1"), f1),),
            dependencies=(Dependency(clean("numpy"), clean(version)),),
        )

    assert _contradictions(say("0.1", 0.9, "==1.26.4", 10), say("0.2", 0.8, "2.1.0", 11)) == {
        "training.parameters[lr]": ["0.1", "0.2"],
        "datasets[c/train].rows": ["10", "11"],
        "metrics[f1].value": ["0.9", "0.8"],
        "dependencies[numpy].version": ["==1.26.4", "2.1.0"],
    }


def test_a_metric_without_data_is_the_one_that_another_document_knows_the_data_of() -> None:
    """MLflow's run has the bare value, its logged model the dataset too."""
    auc, placed = Metric(clean("roc_auc"), 0.912), Metric(clean("roc_auc"), 0.912, dataset=clean("churn-2026q3"))
    directed = replace(auc, direction=Direction.HIGHER)
    for parts in (
        (said(metrics=(placed,)), said(metrics=(directed,))),
        (said(70, metrics=(directed,)), said(metrics=(placed,))),
    ):
        merged = merge(parts)
        assert merged.metrics == (replace(placed, direction=Direction.HIGHER),)
        assert merge([merged]) == merged
        (origin,) = [one for one in merged.origins if one.field.endswith(".value")]
        assert (origin.field, len(origin.claims)) == ("metrics[roc_auc/churn-2026q3].value", 2)
    other = replace(auc, value=0.9)
    assert len(merge([said(metrics=(placed,)), said(metrics=(other,))]).metrics) == 2, "another value, another measure"
    twice = (placed, replace(placed, dataset=clean("holdout")))
    assert len(merge([said(metrics=twice), said(metrics=(auc,))]).metrics) == 3, "it cannot be told which"


def test_artifacts_are_one_by_path_or_by_digest_but_never_within_one_document() -> None:
    layer = said(30, artifacts=(Artifact(clean("layer"), digest=A, size=10), Artifact(clean("other"), digest=B)))
    folder = said(
        artifacts=(
            Artifact(clean("./model.onnx"), ArtifactRole.WEIGHTS, clean("onnx"), digest=A),
            Artifact(clean("copy.onnx"), digest=A),
            Artifact(clean("other"), size=5),
        )
    )
    assert [(one.path, one.size, one.format) for one in merge([folder, layer]).artifacts] == [
        ("./model.onnx", 10, "onnx"),
        ("copy.onnx", None, ""),
        ("other", 5, ""),
    ]


def test_every_endpoint_is_kept_and_knows_its_source() -> None:
    package = merge([said(50, endpoints=(predict(columns("a")),)), said(80, endpoints=(predict(columns("a")),))])
    assert [one.source for one in package.endpoints] == [0, 1]
    assert package.sources[0].rank == 80
    assert package.contradictions == ()


def test_schemas_of_one_kind_that_differ_contradict_and_say_where() -> None:
    declared, live = columns("age", "visits"), columns("age", "visits")
    live = replace(live, fields=(live.fields[0], replace(live.fields[1], required=False)))
    contradictions = _contradictions(said(80, endpoints=(predict(live),)), said(50, endpoints=(predict(declared),)))
    assert contradictions == {
        "endpoints[predict].inputs": ["2 columns: visits int64 optional", "2 columns: visits int64"]
    }


@pytest.mark.parametrize(
    ("one", "other", "differ"),
    [
        ({"dtype": "text"}, {"dtype": "string"}, False),
        ({"dtype": "float32"}, {"dtype": "float64"}, True),
        ({"shape": ("batch", 3)}, {"shape": (None, 3)}, False),
        ({"shape": (1, 3)}, {"shape": (None, 3)}, True),
        ({"shape": None}, {"shape": (3,)}, False),
        ({"nullable": True}, {"nullable": None}, False),
        ({"choices": ("a",)}, {"choices": ("a", "b")}, True),
    ],
)
def test_only_what_both_state_can_differ(one: dict[str, object], other: dict[str, object], differ: bool) -> None:
    def say(more: dict[str, object]) -> ModelPackage:
        one = Field(clean("x"), **{"dtype": "float32", **more})  # type: ignore[arg-type]
        return said(endpoints=(predict(Schema(SchemaKind.TENSORS, (one,))),))

    assert bool(_contradictions(say(one), say(other))) is differ


def test_a_column_schema_and_a_json_schema_do_not_contradict() -> None:
    json = Schema(SchemaKind.JSON, (Field(clean("b"), "json"),), document={"type": "object"})
    assert not _contradictions(said(endpoints=(predict(columns("a")),)), said(endpoints=(predict(json),)))


def _stated(subject: str, state: TrustState = TrustState.UNVERIFIED) -> ModelPackage:
    return said(90, statements=(Statement(clean("slsa provenance v1"), state, clean("ci"), subject),))


def test_a_statement_of_something_else_fails_with_a_reason() -> None:
    package = merge([said(digest=A), _stated(B, TrustState.VERIFIED)])
    (statement,) = package.statements
    assert statement.state is TrustState.FAILED
    assert "none of the package's digests" in statement.reason
    assert [one.field for one in package.contradictions] == ["statements[slsa provenance v1].subject"]


def test_a_statement_of_a_part_or_of_what_nobody_hashed_stays_as_it_is() -> None:
    weights = Artifact(clean("m.onnx"), ArtifactRole.WEIGHTS, digest=B)
    assert merge([said(digest=A, artifacts=(weights,)), _stated(B)]).trust is TrustState.UNVERIFIED
    unhashed = said(digest=A, artifacts=(replace(weights, digest=""),))
    assert merge([unhashed, _stated(B)]).trust is TrustState.UNVERIFIED
    assert merge([said(), _stated(B)]).trust is TrustState.UNVERIFIED
    assert merge([said(digest=A), replace(_stated(A, TrustState.FAILED)), _stated(A)]).trust is TrustState.FAILED


def test_what_was_opened_is_the_digest_whatever_documents_claim() -> None:
    package = merge([said(digest=B), _stated(A)], opened=A)
    assert (package.digest, package.trust) == (A, TrustState.UNVERIFIED)
    (one,) = package.contradictions
    assert (one.field, [claim.value for claim in one.claims]) == ("digest", [f"{A}, as opened", B])
    assert merge([merge([package])], opened=A).contradictions == package.contradictions
    part = Artifact(clean("model.onnx"), digest=B)
    assert merge([said(digest=B, artifacts=(part,)), said(digest=A)], opened=A).contradictions == ()
    assert merge([said(), _stated(B)], opened=A).trust is TrustState.FAILED


def test_a_statement_does_not_vouch_for_itself() -> None:
    own = replace(_stated(B), artifacts=(Artifact(clean("churn.onnx"), digest=B),))
    assert merge([said(digest=A), own]).trust is TrustState.FAILED
    weights = Artifact(clean("churn.onnx"), ArtifactRole.WEIGHTS)
    (doubtful,) = merge([said(digest=A, artifacts=(weights,)), own]).statements
    assert (doubtful.state, "not hashed" in doubtful.reason) == (TrustState.UNVERIFIED, True)


def test_one_subject_that_fits_vouches_for_the_others_of_its_statement() -> None:
    both = said(90, statements=(*_stated(A).statements, *_stated(B).statements))
    assert merge([said(digest=A), both]).trust is TrustState.UNVERIFIED


def test_digests_of_parts_do_not_contradict() -> None:
    weights = Artifact(clean("m.onnx"), digest=B)
    assert not _contradictions(said(digest=A), said(45, digest=B, artifacts=(weights,)))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.lists(PARTS, min_size=1, max_size=3))
def test_anything_merges_and_merging_again_changes_nothing(parts: list[ModelPackage]) -> None:
    once = merge(parts)
    assert merge([once]) == once
    assert all(0 <= claim.source < len(once.sources) for one in once.origins for claim in one.claims)
    assert all(0 <= one.source < len(once.sources) for one in once.endpoints)


def test_hundreds_of_documents_take_milliseconds() -> None:
    many = tuple(Metric(clean(f"m{n}"), n / 7) for n in range(10))
    parts = [
        ModelPackage(
            name=clean("churn"),
            artifacts=tuple(Artifact(clean(f"shard-{n}-{m}"), size=m) for m in range(5)),
            metrics=many,
            endpoints=(predict(columns(*(f"c{m}" for m in range(20)))),),
            sources=(source(n % 90),),
        )
        for n in range(200)
    ]
    began = time.process_time()
    package = merge(parts)
    assert time.process_time() - began < 3  # 40 ms on a quiet machine; pairwise comparing would take minutes
    assert len(package.artifacts) == 1000
