"""The sample models through all checks on a real Docker Engine: good ones meet them, each fault fails the check it belongs to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlcd_tui.checks.accepting import Acceptance, accept
from mlcd_tui.checks.plan import load_plan
from mlcd_tui.checks.run import run_plan
from mlcd_tui.domain.checks import CheckRun, CheckState, Evidence, Severity, judged, met, short
from tests.e2e.checks.samples import NAMES, Bases, bases, built, copied, forget
from tests.e2e.checks.variants import MLFLOW, SERVER, VARIANTS, Variant
from tests.e2e.command import mlcd

FIVE = ["lint", "tests", "types", "schema", "snapshot"]
Sample = Callable[..., Path]


@pytest.fixture(scope="module")
def images(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bases]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        yield bases()
        forget(tmp_path_factory.getbasetemp())


@pytest.fixture
def sample(images: Bases, tmp_path: Path) -> Sample:
    """Gives a copy of a sample model that builds here, broken in the way of a variant."""

    def copy(name: str, variant: Variant | None = None) -> Path:
        folder = copied(name, tmp_path, images)
        for edit in variant.edits if variant else ():
            edit.apply(folder)
        return folder

    return copy


def checked(folder: Path, image: str, *only: str) -> CheckRun:
    """What all checks, or only some, make of an image."""
    *_, last = run_plan(load_plan(folder / "checks.yaml"), image, only=only, by="e2e")
    assert last.run is not None
    return last.run


def told(run: CheckRun) -> dict[str, str]:
    """Each check with its state and sentence, for a failure that explains itself."""
    return {str(result.name): f"{result.state}: {result.sentence}" for result in run.results}


@pytest.mark.parametrize("name", NAMES)
def test_a_good_model_meets_all_five(sample: Sample, name: str) -> None:
    folder = sample(name)
    image = built(folder, f"{name}-good")
    run = checked(folder, image)
    assert [str(result.name) for result in run.results if result.required] == FIVE
    assert met(run.results) == (5, 5), told(run)
    assert run.image.config_digest == image
    for result in run.results:
        assert result.state.met, told(run)
        # Nothing but what the plan itself excuses, and the bases of this engine that have no digest of a registry.
        rules = {str(finding.rule) for finding in result.report.findings}
        assert rules <= {"base-not-pinned", "deep-nesting"} if name == MLFLOW else rules <= {"base-not-pinned"}
        in_stage = result.kind in {"lint", "tests", "typecheck"}
        assert bool(result.ran_on) is in_stage
        # The tool that looked is known by its version, and what it looked at is what ships.
        assert result.shipped.startswith("same: ") is in_stage, result.shipped
        assert bool(result.report.version) is in_stage
        assert result.kind != "lint" or result.report.files


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.id)
def test_each_fault_fails_its_check_alone(sample: Sample, variant: Variant) -> None:
    folder = sample(variant.sample, variant)
    run = checked(folder, built(folder, variant.id))
    assert [str(result.name) for result in run.results if not result.state.met] == [variant.check], told(run)
    result = run.result(variant.check)
    assert result is not None
    assert result.state is CheckState.FAILED
    found = [
        finding
        for finding in result.report.findings
        if finding.severity is Severity.ERROR
        and variant.rule in finding.rule
        and (finding.file, finding.line) == (variant.file, variant.number(folder))
        and variant.says in f"{finding.message} {finding.expected} {finding.actual}"
    ]
    assert found, result.report.findings
    if variant.line:
        assert variant.line in {text.strip() for number, text in found[0].context if number == found[0].line}


def test_a_rebuilt_image_makes_evidence_stale(sample: Sample) -> None:
    folder = sample(SERVER)
    before = built(folder, "rebuilt")
    run = checked(folder, before, "snapshot")
    after = built(folder, "rebuilt", revision="1" * 40)
    assert after != before
    now, evidence = datetime.now(UTC), Evidence(run)
    (same,) = judged(evidence, frozenset({before}), run.plan_digest, now)
    assert same.state is CheckState.PASSED
    (stale,) = judged(evidence, frozenset({after}), run.plan_digest, now)
    assert stale.state is CheckState.STALE
    assert short(before) in stale.reason
    assert short(after) in stale.reason


def test_an_accepted_snapshot_is_met_and_makes_older_evidence_stale(sample: Sample) -> None:
    folder = sample(SERVER, next(each for each in VARIANTS if each.id == f"{SERVER}-other-model"))
    image = built(folder, "accepted")
    before = checked(folder, image, "snapshot")
    assert before.results[0].state is CheckState.FAILED
    again = checked(folder, image, "snapshot")
    assert again.plan_digest == before.plan_digest, "nothing was accepted, whatever the answer was"
    for case in ("flat", "nested"):
        accept(folder / "checks/snapshots", case, Acceptance("retrained on wet roads", "maria", frozenset({image})))
    after = checked(folder, image, "snapshot")
    assert after.results[0].state is CheckState.PASSED, told(after)
    (stale,) = judged(Evidence(before), frozenset({image}), after.plan_digest, datetime.now(UTC))
    assert stale.state is CheckState.STALE
    assert short(before.plan_digest) in stale.reason
    assert short(after.plan_digest) in stale.reason


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and evidence of the test's own."""
    for name in ("config", "state", "cache", "data"):
        monkeypatch.setenv(f"XDG_{name.upper()}_HOME", str(tmp_path / "home" / name))
    for name in ("config", "state"):
        monkeypatch.setenv(f"MLCD_{name.upper()}_DIR", str(tmp_path / "home" / name))


@pytest.mark.usefixtures("own_home")
def test_the_command_ends_with_1_and_annotates_the_line(sample: Sample) -> None:
    variant = next(each for each in VARIANTS if each.id == f"{SERVER}-unused-import")
    folder = sample(SERVER, variant)
    image = built(folder, "annotated")
    plan = ("--plan", str(folder / "checks.yaml"), "--quiet")
    said = mlcd("checks", "run", image, *plan, "--only", "lint", "--only", "snapshot", "-o", "github", seconds=300)
    assert said.code == 1, said.err
    (finding,) = [line for line in said.out.splitlines() if line.startswith("::error file=")]
    assert finding.startswith(f"::error file={variant.file},line={variant.number(folder)},")
    met_alone = mlcd("checks", "run", image, *plan, "--only", "snapshot", "-o", "json", seconds=300)
    assert met_alone.code == 0, met_alone.err
    assert [result["state"] for result in met_alone.json["results"]] == ["passed"]
    assert met_alone.json["image"]["configDigest"] == image


@pytest.mark.usefixtures("own_home")
def test_a_retrained_model_is_accepted_by_command(sample: Sample) -> None:
    folder = sample(SERVER, next(each for each in VARIANTS if each.id == f"{SERVER}-other-model"))
    image, plan = built(folder, "by-command"), ("--plan", str(folder / "checks.yaml"))
    run = ("checks", "run", image, *plan, "--quiet", "--only", "snapshot")
    assert mlcd(*run, seconds=300).code == 1
    accepted = mlcd("checks", "accept", "snapshot", "--reason", "retrained on wet roads", *plan, seconds=120)
    assert accepted.code == 0, accepted.err
    assert mlcd(*run, seconds=300).code == 0
    note = json.loads((folder / "checks/snapshots/flat.approved-by.json").read_text(encoding="utf-8"))
    assert note["reason"] == "retrained on wet roads"
    assert note["to_image"]["config"] == image
    kept = mlcd("checks", "show", "-o", "json", seconds=120)
    assert len(kept.json["items"]) == 2
