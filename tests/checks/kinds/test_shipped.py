"""A check in a build stage speaks for the image only where the stage holds what ships."""

from __future__ import annotations

from typing import Any

import pytest

from mlcd_tui.checks.kinds._shipped import compare
from mlcd_tui.checks.plan import KINDS
from mlcd_tui.domain.check_ports import Ran
from mlcd_tui.domain.checks import CheckResult, CheckState
from tests.checks.fake_bench import FakeBench

STAGE = "sha256:" + "5a" * 32
XML = b'<testsuite><testcase name="a"/></testsuite>'
SOURCE = {"/app/src/score.py": b"new", "/app/src/__init__.py": b""}
TESTS = {"dev:/app/tests/test_score.py": b"t", "dev:/app/src/__pycache__/score.cpython-311.pyc": b"c"}


def stage(files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"dev:{path}": content for path, content in files.items()}


def run(
    files: dict[str, bytes], *, stage_at: str = "/app", image_at: str = "/app", xml: bytes = XML, **part: Any
) -> CheckResult:
    check = KINDS.load("tests")
    bench = FakeBench(answer=Ran(0, report=xml, ran_on=STAGE), files=files)
    bench.inspection = {"Config": {"WorkingDir": image_at}}
    bench.stages = {"dev": {"Config": {"WorkingDir": stage_at}}}
    spec = check.model.model_validate({"name": "it", "kind": "tests", "tool": "pytest", "target": "dev", **part})
    return check.run(spec, bench, ".", lambda _: None)


def test_a_stage_that_holds_what_ships() -> None:
    """Its tests, and what tools made by themselves, do not ship."""
    result = run({**SOURCE, **stage(SOURCE), **TESTS})
    assert (result.state, result.shipped, result.reason) == (CheckState.PASSED, "same: 2 files", "")


def test_a_stage_of_newer_source_makes_the_check_stale() -> None:
    """Else the tests of today's source would speak for the image of last week."""
    result = run({**SOURCE, "/app/src/score.py": b"old", **stage(SOURCE)})
    assert result.state is CheckState.STALE
    assert result.shipped == "differs: /app/src/score.py differs"
    assert result.reason == "build stage dev is not what the image ships: /app/src/score.py differs"
    borne = run({"/app/src/score.py": b"old", **stage(SOURCE)}, may_differ="the version is stamped in")
    assert borne.state is CheckState.WARNED
    assert borne.reason.endswith("differs; borne: the version is stamped in")


def test_what_failed_stays_failed() -> None:
    xml = b'<testsuite><testcase name="a"><failure message="no"/></testcase></testsuite>'
    result = run({"/app/src/score.py": b"old", **stage(SOURCE)}, xml=xml)
    assert (result.state, result.reason) == (CheckState.FAILED, "")
    assert result.shipped.startswith("differs: ")


def test_code_that_the_stage_has_never_seen_is_a_warning() -> None:
    result = run({**SOURCE, "/app/src/late.py": b"x", "/app/model.bin": b"w", **stage(SOURCE)})
    assert result.state is CheckState.WARNED
    assert result.reason == "build stage dev is not what the image ships: the stage has no /app/src/late.py"


@pytest.mark.parametrize("ships", [None, "/opt/model/code"])
def test_code_at_another_place_is_known_by_its_content(ships: str | None) -> None:
    """As MLflow lays it out."""
    part: dict[str, Any] = {"ships": ships} if ships else {}
    image = {"/opt/model/code/score.py": b"new", "/opt/model/MLmodel": b"m"}
    same = run({**image, **stage(SOURCE)}, image_at="/opt", **part)
    assert same.state is CheckState.PASSED
    assert same.shipped.startswith("same: ")
    image["/opt/model/code/score.py"] = b"old"
    other = run({**image, **stage(SOURCE)}, image_at="/opt", **part)
    assert (other.state, other.shipped) == (CheckState.STALE, "differs: /opt/model/code/score.py differs")


@pytest.mark.parametrize(
    ("files", "stage_at", "image_at", "why"),
    [
        (stage(SOURCE), "/app", "/", "has no /app"),
        ({**SOURCE, **stage(SOURCE)}, "/", "/app", "working directory is its root"),
        ({"/app/model.bin": b"w", **stage({"/app/model.bin": b"w"})}, "/app", "/app", "no code in common"),
    ],
)
def test_what_is_not_known_is_told(files: dict[str, bytes], stage_at: str, image_at: str, why: str) -> None:
    result = run(files, stage_at=stage_at, image_at=image_at)
    assert result.state is CheckState.PASSED
    assert result.shipped.startswith("unknown: ")
    assert why in result.shipped


def test_in_the_image_itself_nothing_is_to_be_compared() -> None:
    check = KINDS.load("tests")
    spec = check.model.model_validate({"name": "it", "kind": "tests", "tool": "pytest"})
    assert check.run(spec, FakeBench(answer=Ran(0, report=XML)), ".", lambda _: None).shipped == ""


def test_findings_are_told_beside_the_stage_s_own_directory() -> None:
    """`WORKDIR` of the stage, not that of the image."""
    xml = b'<testsuite><testcase name="a" file="/src/t.py"><failure>/src/t.py:3: E</failure></testcase></testsuite>'
    result = run({"dev:/src/t.py": b"1\n2\n3\n", **SOURCE}, stage_at="/src", xml=xml)
    assert result.report.findings[0].file == "t.py"


def test_an_empty_init_of_another_package_is_no_difference() -> None:
    assert compare({"/a/x/__init__.py": "1"}, {"/a/y/__init__.py": "2"}).other == ()
