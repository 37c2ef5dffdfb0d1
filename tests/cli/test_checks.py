"""`checks run|show|accept|init|keygen|schema`: without a cluster where none is needed, with exit codes for CI."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckRun, CheckState
from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_desk import Checks, store_here
from tests.checks.runs_made import result, run
from tests.cli.conftest import Cli, Command
from tests.cli.registry_made import good

_PLAN = """\
apiVersion: mlcd.dev/v1
kind: CheckPlan
image: churn:1
serve: {port: 8000}
checks:
  - name: snapshot
    kind: snapshot
    cases: cases
    request: {path: /predict}
"""


def told(monkeypatch: pytest.MonkeyPatch, *steps: Progress | BaseException) -> list[tuple[Any, ...]]:
    """What the runner does, in place of one on a Docker Engine."""
    asked: list[tuple[Any, ...]] = []

    def here(image: str, plan: str, only: Any, _off: Any, _by: str) -> Iterator[Progress]:
        asked.append((image, plan, tuple(only)))
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            yield step

    defaults = Checks.__init__.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "runner", here)
    return asked


# Running --------------------------------------------------------------------------------------------------------------


def test_a_run_prints_its_table_and_findings_tells_progress_beside_and_exits_by_the_outcome(
    alone: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = run()
    asked = told(
        monkeypatch,
        Progress("lint", CheckState.WAITING),
        Progress("lint", CheckState.RUNNING),
        Progress("lint", line=Clean("a line")),
        Progress("lint", CheckState.FAILED, result=made.results[0]),
        Progress("", run=made),
    )
    found = alone("run", "churn:1", "--plan", "p.yaml", "--only", "lint")
    assert found.exit_code == 1
    assert asked == [("churn:1", "p.yaml", ("lint",))]
    assert "app/main.py:3:8: error: F401 `os` imported but unused" in found.stdout
    assert found.stderr.splitlines() == ["lint: running", "lint: failed after 1.5 s, 1 finding in 1 file"]
    assert "lint: a line" in alone("run", "--logs").stderr
    told(monkeypatch, Progress("lint", CheckState.RUNNING), Progress("", run=good(made)))
    quiet = alone("run", "--quiet")
    assert (quiet.exit_code, quiet.stderr) == (0, "")
    assert json.loads(alone("show", "-o", "json").stdout)["items"][0]["id"] in {"good", made.id}


@pytest.mark.parametrize(
    ("form", "sign"),
    [
        ("json", '"kind": "CheckRun"'),
        ("junit", "<testsuites"),
        ("sarif", '"version": "2.1.0"'),
        ("intoto", "in-toto.io"),
        ("github", "::error"),
    ],
)
def test_standard_output_carries_the_form_alone(
    alone: Command, monkeypatch: pytest.MonkeyPatch, form: str, sign: str
) -> None:
    made = run()
    told(monkeypatch, Progress("lint", CheckState.RUNNING), Progress("", run=made))
    found = alone("run", "-o", form)
    assert found.exit_code == 1
    assert sign in found.stdout
    assert "running" not in found.stdout


def test_without_an_engine_it_exits_4_with_one_sentence_and_a_bad_plan_with_2(alone: Command, home: Path) -> None:
    found = alone("run")
    assert (found.exit_code, found.stdout) == (2, "")
    assert "checks.yaml" in found.stderr
    (home / "cases").mkdir()
    (home / "checks.yaml").write_text(_PLAN, "utf-8")
    found = alone("run")
    assert (found.exit_code, found.stdout) == (4, "")
    assert len(found.stderr.splitlines()) == 1
    assert alone("run", "--only", "nobody").exit_code == 2
    (home / "checks.yaml").write_text(_PLAN.replace("cases: cases", "cases: cases\n    colour: red"), "utf-8")
    found = alone("run")
    assert found.exit_code == 2
    assert "colour" in found.stderr


def test_problems_of_a_run_exit_by_their_kind_and_ctrl_c_ends_it(
    alone: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, Progress("lint", CheckState.RUNNING), Unreachable("The Docker Engine went away."))
    found = alone("run")
    assert found.exit_code == 4
    assert "The Docker Engine went away." in found.stderr
    told(monkeypatch, KeyboardInterrupt())
    assert alone("run").exit_code == 130
    assert not [thread for thread in threading.enumerate() if thread.name == "checks" and thread.is_alive()]


# What is kept ---------------------------------------------------------------------------------------------------------


def test_runs_are_listed_and_one_is_shown_in_any_form(alone: Command, kept: CheckRun) -> None:
    listed = alone("show")
    assert listed.exit_code == 0
    assert f"{kept.id}   registry.example/churn:1.4.2" in listed.stdout
    assert "1/2   lint" in listed.stdout
    assert "F401" in alone("show", kept.id).stdout
    assert json.loads(alone("show", kept.id, "-o", "json").stdout)["id"] == kept.id
    assert alone("show", kept.id, "-o", "junit").stdout.count("<testcase") >= 2
    assert alone("show", "-o", "junit").exit_code == 2
    missing = alone("show", "nobody")
    assert missing.exit_code == 1
    assert "No run nobody" in missing.stderr


def test_what_a_check_received_is_accepted_with_a_reason(alone: Command, home: Path, kept: CheckRun) -> None:
    assert alone("accept", "snapshot").exit_code == 2
    (home / "cases").mkdir()
    (home / "checks.yaml").write_text(_PLAN, "utf-8")
    found = alone("accept", "lint", "--reason", "because")
    assert found.exit_code == 2
    assert "no check called lint" in found.stderr
    store = EvidenceStore(home / "checks")
    store.add(replace(kept, id="snap", results=(result("snapshot", CheckState.FAILED),)))
    found = alone("accept", "snapshot", "--reason", "because")
    assert found.exit_code == 1
    assert "Nothing waits to be accepted" in found.stderr


def test_a_first_plan_is_written_once_and_the_schema_is_printed(alone: Command, home: Path) -> None:
    model = home / "model"
    model.mkdir()
    (model / "pyproject.toml").write_text("[tool.ruff]\n", "utf-8")
    (model / "Dockerfile").write_text("FROM scratch AS test\n", "utf-8")
    found = alone("init", str(model), "--image", "churn:1")
    assert found.exit_code == 0, found.output
    assert "image: churn:1" in (model / "checks.yaml").read_text("utf-8")
    again = alone("init", str(model))
    assert again.exit_code == 2
    assert "is there already" in again.stderr
    assert alone("init", str(home), "--from-image").exit_code == 2
    assert json.loads(alone("schema").stdout)["title"] == "mlcd check plan"


# The key --------------------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_signs_from_then_on_and_is_moved_aside_only_by_force(alone: Command, home: Path) -> None:
    made = alone("keygen")
    assert made.exit_code == 0, made.output
    key, public = home / "evidence_key.pem", home / "evidence_key.pub"
    assert str(public) in made.stdout
    assert "trusted_keys/" in made.stdout
    assert key.stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in made.output
    store_here().add(good(run(finished=datetime.now(UTC))))
    assert alone("verify", "good", "--signed").exit_code == 0
    before = key.read_bytes()
    again = alone("keygen")
    assert (again.exit_code, again.stdout) == (3, "")
    assert "--force" in again.stderr
    assert key.read_bytes() == before
    forced = alone("keygen", "--force", "-o", "json")
    document = json.loads(forced.stdout)
    aside = Path(document["replaced"])
    assert (aside.read_bytes(), aside.stat().st_mode & 0o777) == (before, 0o600)
    assert key.read_bytes() != before
    assert alone("verify", "good", "--signed").exit_code == 1
    (home / "trusted_keys").mkdir()
    aside.with_suffix(".pub").rename(home / "trusted_keys" / "before.pub")
    assert alone("verify", "good", "--signed").exit_code == 0
    assert alone("keygen", "--force").exit_code == 0
    assert aside.read_bytes() == before  # a second one goes elsewhere


# A rollout ------------------------------------------------------------------------------------------------------------


def test_the_checks_of_a_rollout_are_shown_and_none_is_no_pass(acted: Cli) -> None:
    shown = acted("checks", "show", "--rollout", "search/ranker")
    assert shown.exit_code == 1, shown.output
    assert "candidate:" in shown.stdout
    assert "no checks are recorded" in shown.stdout
    document = json.loads(acted("checks", "show", "--rollout", "search/ranker", "-o", "json").stdout)
    assert document["kind"] == "RolloutChecks"
    assert document["candidate"]["checks"] == []
