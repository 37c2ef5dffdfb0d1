"""Two versions of a fraud scorer as packages, what differs between them, and what a place lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from mlcd_tui.domain.package import (
    Artifact,
    ArtifactRole,
    Claim,
    Dataset,
    Dependency,
    Direction,
    Metric,
    ModelPackage,
    Origin,
    PackageEntry,
    PackageSource,
    Split,
    Statement,
    Training,
    TrustState,
)
from mlcd_tui.domain.package_ports import FoundPackage, RolloutPackages
from mlcd_tui.domain.schema import Endpoint, Extras, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import (
    Compatibility,
    Difference,
    Finding,
    Judgement,
    PackageDiff,
    Section,
    Side,
    Verdict,
)
from tests.ui.samples import DIGEST_6, DIGEST_7, ago

REPOSITORY = "registry.example/payments/fraud"
_INPUTS = (
    Field(Clean("amount"), "float64", Clean("double"), minimum=0, doc=Clean("in euro")),
    Field(Clean("country"), "string", choices=("DE", "FR", "NL"), nullable=False),
    Field(Clean("merchant_age"), "int64", Clean("long"), required=False, nullable=True, has_default=True, default=0),
    Field(
        Clean("basket"),
        "array",
        required=False,
        children=(
            Field(
                Clean(""),
                "object",
                children=(Field(Clean("sku"), "string"), Field(Clean("count"), "int32", minimum=1, maximum=99)),
            ),
        ),
    ),
)


def endpoint(*inputs: Field) -> Endpoint:
    """The scorer's only endpoint."""
    return Endpoint(
        route=Clean("POST /invocations"),
        inputs=Schema(SchemaKind.COLUMNS, inputs or _INPUTS, extras=Extras.IGNORE),
        outputs=Schema(SchemaKind.TENSORS, (Field(Clean("score"), "float32", Clean("float"), ("batch", 1)),)),
        params=Schema(
            SchemaKind.COLUMNS,
            (
                Field(
                    Clean("threshold"), "float64", required=False, has_default=True, default=0.4, minimum=0, maximum=1
                ),
            ),
        ),
        coerce="mlflow",
        max_batch=64,
    )


def _training(version: int) -> Training:
    return Training(
        run_id=Clean("a91c6e0f4d1b"),
        run_uri=Clean("mlflow:runs/a91c6e0f4d1b"),
        author=Clean("ml-train"),
        started=datetime(2026, 11, 20, 12, 2, tzinfo=UTC),
        finished=datetime(2026, 11, 20, 14, 2, tzinfo=UTC),
        code_uri=Clean("git.example/payments/fraud"),
        revision=Clean("4be1f0c77a90" if version == 7 else "09d21ab3c5e1"),
        entry_point=Clean("train.py"),
        parameters=((Clean("max_depth"), Clean("8" if version == 7 else "6")), (Clean("learning_rate"), Clean("0.05"))),
        environment=((Clean("python"), Clean("3.12.4")), (Clean("scikit-learn"), Clean("1.7.2"))),
        hardware=((Clean("cpu"), Clean("16 cores")),),
        datasets=(
            Dataset(
                Clean("churn-2026q3"),
                Split.TRAIN,
                Clean("3"),
                Clean("5f2ac01e"),
                rows=1_304_331 if version == 7 else 1_204_331,
                licence=Clean("internal"),
                classification=Clean("confidential"),
            ),
            Dataset(Clean("churn-2026q3-holdout"), Split.TEST, rows=120_000),
        ),
    )


_ARTIFACTS = (
    Artifact(
        Clean("model.pkl"),
        ArtifactRole.WEIGHTS,
        Clean("pickle"),
        12_431_002,
        "sha256:" + "c4" * 32,
        loader=Clean("mlflow.sklearn"),
        unsafe=Clean("pickle runs code when loaded"),
    ),
    Artifact(Clean("requirements.txt"), ArtifactRole.CONFIG, Clean("pip"), 210),
)


def _sources(version: int) -> tuple[PackageSource, ...]:
    digest = DIGEST_7 if version == 7 else DIGEST_6
    return (
        PackageSource(
            "mlflow",
            clean(f"mlflow:fraud-scorer/{version} MLmodel"),
            read_at=ago(minutes=2),
            text=(Clean("artifact_path: model"), clean(f"run_id: a91c6e0f4d1b-{version}"), Clean("flavors:")),
        ),
        PackageSource(
            "image-labels",
            clean(f"{REPOSITORY}:{version}"),
            digest,
            ago(minutes=2),
            (Clean("oci/config.json: org.opencontainers.image.created is no time."),),
            rank=30,
        ),
    )


def fraud(version: int = 7) -> ModelPackage:
    """The package of a version, read from an MLflow model and from the image's labels."""
    digest = DIGEST_7 if version == 7 else DIGEST_6
    return ModelPackage(
        name=Clean("fraud-scorer"),
        version=clean(version),
        digest=digest,
        title=Clean("Card fraud, online scoring"),
        description=Clean("Scores a card payment between 0 and 1 before it is authorised."),
        created=datetime(2026, 11, 20, 14, 5, tzinfo=UTC),
        authors=(Clean("alice@example.com"),),
        licences=(Clean("Apache-2.0"),),
        task=Clean("tabular classification"),
        architecture=Clean("gradient boosted trees"),
        intended_use=(Clean("Online scoring of card payments in the euro area."),),
        limits=(Clean("Not trained on payments above 50 000 euro."),),
        artifacts=_ARTIFACTS,
        training=_training(version),
        endpoints=(endpoint(),),
        metrics=(
            Metric(Clean("auc"), 0.914 if version == 7 else 0.908, direction=Direction.HIGHER, split=Split.TEST, noise=0.004),
            Metric(Clean("log_loss"), 0.231 if version == 7 else 0.235, direction=Direction.LOWER, split=Split.TEST),
            Metric(Clean("latency_ms"), 41.0 if version == 7 else 37.5),
        ),
        dependencies=(
            Dependency(Clean("numpy"), Clean("2.3.1" if version == 7 else "1.26.4")),
            Dependency(Clean("scikit-learn"), Clean("1.7.2")),
        ),
        statements=(
            Statement(
                Clean("slsa provenance v1"),
                TrustState.UNVERIFIED,
                Clean("ci.example/train-and-pack"),
                digest,
                Clean("the signature was not checked: no key is known"),
            ),
        ),
        aliases=(Clean("champion"),) if version == 6 else (),
        images=(clean(f"{REPOSITORY}@{digest}"),),
        sources=_sources(version),
        origins=(
            Origin(
                "training.revision",
                (Claim(0, Clean("4be1f0c77a90")), Claim(1, Clean("4be1f0c"))),
                contradicts=version == 7,
            ),
        ),
    )  # fmt: skip


_AGE = Finding(
    Verdict.BREAKING,
    Side.INPUT,
    "column-became-required",
    Clean("predict.inputs.merchant_age"),
    Clean("input `merchant_age` became required: callers that omit it will fail"),
    Clean("optional"),
    Clean("required"),
)
_SHAPE = Finding(
    Verdict.UNKNOWN,
    Side.OUTPUT,
    "tensor-dimension-renamed",
    Clean("predict.outputs.score"),
    Clean("output `score` names its first dimension otherwise: batch, then n"),
)
_NEW = Finding(
    Verdict.COMPATIBLE,
    Side.INPUT,
    "column-optional-added",
    Clean("predict.inputs.device"),
    Clean("input `device` was added and is optional: callers need not send it"),
)


def compatibility(verdict: Verdict = Verdict.COMPATIBLE) -> Compatibility:
    """What comparing the two comes to."""
    findings = {
        Verdict.BREAKING: (_AGE, _SHAPE, _NEW),
        Verdict.UNKNOWN: (_SHAPE, _NEW),
        Verdict.COMPATIBLE: (_NEW,),
    }
    checked = Clean("predict: 4 inputs, 1 output, 1 parameter (columns, MLflow casts)")
    return Compatibility(verdict, findings[verdict], checked, Verdict.COMPATIBLE)


def diff(verdict: Verdict = Verdict.COMPATIBLE) -> PackageDiff:
    """Version 7 against version 6."""
    return PackageDiff(
        fraud(6),
        fraud(7),
        compatibility(verdict),
        (
            _line(Section.METRICS, "auc", "0.908", "0.914", Judgement.BETTER, "+0.006, noise ±0.004"),
            _line(Section.METRICS, "log_loss", "0.235", "0.231", Judgement.SAME, "-0.004, within noise ±0.01"),
            _line(Section.METRICS, "latency_ms", "37.5", "41", Judgement.CHANGED, "+3.5, direction not declared"),
            _line(Section.DATA, "churn-2026q3 rows", "1,204,331", "1,304,331", Judgement.CHANGED, "+8 %"),
            _line(Section.PARAMETERS, "max_depth", "6", "8", Judgement.CHANGED),
            _line(Section.DEPENDENCIES, "numpy", "1.26.4", "2.3.1", Judgement.MAJOR, "a major version"),
            _line(Section.PROVENANCE, "code", "09d21ab3c5e1", "4be1f0c77a90", Judgement.CHANGED),
        ),
        (
            Clean("auc 0.908 → 0.914, better"),
            Clean("8 % more rows of churn-2026q3"),
            Clean("code 09d21ab → 4be1f0c"),
            Clean("numpy 1 → 2, a major version"),
        ),
    )


def _line(section: Section, label: str, old: str, new: str, judgement: Judgement, note: str = "") -> Difference:
    return Difference(section, clean(label), clean(old), clean(new), judgement, clean(note))


def around(verdict: Verdict = Verdict.COMPATIBLE) -> RolloutPackages:
    """Both packages of the sample canary."""
    how = Clean("ConfigMap mlcd-package-ab12 in payments, published by alice 3 d ago")
    return RolloutPackages(
        FoundPackage(clean(f"{REPOSITORY}:7"), DIGEST_7, fraud(7), how),
        FoundPackage(clean(f"{REPOSITORY}:6"), DIGEST_6, fraud(6), Clean("labels of the image")),
        diff(verdict),
    )


def half_known() -> RolloutPackages:
    """The candidate's package is nowhere to be found."""
    why = clean(
        f"no package is published for {DIGEST_7}: run `mlcd-tui packages publish PACKAGE --image {DIGEST_7} -n payments`"
    )
    whole = around()
    return replace(whole, candidate=FoundPackage(clean(f"{REPOSITORY}:7"), DIGEST_7, problem=why), diff=None)


def entries(count: int = 40) -> list[PackageEntry]:
    """What an MLflow server lists."""
    found = [
        PackageEntry(
            f"mlflow:fraud-scorer/{version}",
            Clean("fraud-scorer"),
            clean(version),
            Clean("mlflow"),
            ago(days=3 * (8 - version)),
            Clean("alice@example.com"),
            (Clean("champion"),) if version == 6 else (),
            size=12_431_002,
            description=Clean("Scores a card payment."),
        )
        for version in (7, 6)
    ]
    found += [
        PackageEntry(f"mlflow:model-{n:04}/1", clean(f"model-{n:04}"), Clean("1"), Clean("mlflow"), ago(days=n + 1), Clean("ml-train"))
        for n in range(count - len(found))
    ]  # fmt: skip
    return found
