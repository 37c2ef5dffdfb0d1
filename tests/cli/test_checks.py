"""`checks run|show|accept|init|publish|verify|keygen|link|schema`: without a cluster where none is needed, with exit codes for CI."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from mlcd_tui.checks.evidence.keys import keygen
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.cli.check_desks import ask
from mlcd_tui.cli.main import cli
from mlcd_tui.cli.options import Globals
from mlcd_tui.domain.check_ports import Progress
from mlcd_tui.domain.checks import CheckRun, CheckState
from mlcd_tui.domain.errors import Unreachable
from mlcd_tui.domain.text import Clean
from mlcd_tui.session.check_desk import Checks, store_here
from tests.checks.runs_made import CONFIG, MANIFEST, OTHER, result, run
from tests.cli.conftest import Cli

Command = Callable[..., Result]
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


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of somebody who has no kubeconfig and no Docker Engine."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "there-is-none"))
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def alone(home: Path) -> Command:
    """The command line of that person."""
    del home

    def go(*arguments: str, typed: str | None = None) -> Result:
        found = CliRunner().invoke(cli, ["checks", *arguments], input=typed, prog_name="mlcd-tui")
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return go


@pytest.fixture
def kept(home: Path) -> CheckRun:
    """A run that is kept: lint failed, the tests passed, moments ago."""
    now = datetime.now(UTC)
    made = run(started=now - timedelta(minutes=2), finished=now - timedelta(minutes=1))
    EvidenceStore(home / "checks").add(made)
    return made


def good(made: CheckRun, **more: Any) -> CheckRun:
    return replace(made, results=(result("lint"), result("tests")), **{"id": "good", **more})


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


# Verifying ------------------------------------------------------------------------------------------------------------


def test_evidence_is_judged_for_the_digest_that_runs(alone: Command, home: Path, kept: CheckRun) -> None:
    EvidenceStore(home / "checks").add(good(kept, finished=datetime.now(UTC)))
    assert alone("verify", kept.id).exit_code == 1
    assert alone("verify", "good").exit_code == 0
    assert alone("verify", "good", "--image", f"churn@{MANIFEST}").exit_code == 0
    other = alone("verify", "good", "--image", f"churn@{OTHER}")
    assert other.exit_code == 1
    assert "stale" in other.stdout
    assert alone("verify", "good", "--image", "churn:1").exit_code == 2
    old = alone("verify", "good", "--max-age", "0s", "-o", "json")
    assert old.exit_code == 1
    document = json.loads(old.stdout)
    assert (document["kind"], document["ok"], document["checks"][0]["state"]) == ("CheckVerification", False, "stale")
    assert alone("verify", "--image", f"churn@{CONFIG}").exit_code == 0  # the newest word counts
    assert alone("verify", "--image", f"churn@{OTHER}").exit_code == 1
    assert alone("verify").exit_code == 2
    assert alone("verify", "nobody").exit_code == 1


def test_only_what_a_trusted_key_signed_counts_when_asked_and_forgery_never(
    alone: Command, home: Path, kept: CheckRun
) -> None:
    plain = home / "plain.json"
    plain.write_bytes(EvidenceStore(home / "a").seal(good(kept), 1 << 20))
    assert alone("verify", str(plain)).exit_code == 0
    unsigned = alone("verify", str(plain), "--signed")
    assert unsigned.exit_code == 1
    assert "does not count" in unsigned.stderr
    keygen(home)
    signed = home / "signed.json"
    signed.write_bytes(store_here().seal(good(kept), 1 << 20))
    assert alone("verify", str(signed), "--signed").exit_code == 0
    forged = json.loads(signed.read_text("utf-8"))
    forged["payload"] = json.loads(store_here().seal(good(kept, id="other"), 1 << 20))["payload"]
    (home / "forged.json").write_text(json.dumps(forged), "utf-8")
    assert alone("verify", str(home / "forged.json")).exit_code == 1
    (home / "rubbish").write_bytes(b"\x00\xff{")
    assert alone("verify", str(home / "rubbish")).exit_code == 2


def test_the_settings_hold_where_there_is_no_cluster(alone: Command, home: Path, kept: CheckRun) -> None:
    EvidenceStore(home / "checks").add(good(kept, finished=datetime.now(UTC)))
    image = f"churn@{MANIFEST}"
    assert alone("verify", "--image", image).exit_code == 0
    (home / "config.toml").write_text(
        '[checks]\nrequired_checks = ["licence"]\n[packages]\nregistry = false\n', "utf-8"
    )

    async def asked(desk: Checks) -> bool:
        return (await desk._look()).search.registries

    assert ask(asked, Globals()) is False
    for what in ((), ("good",)):
        found = alone("verify", *what, "--image", image, "-o", "json")
        assert found.exit_code == 1
        states = {each["name"]: each["state"] for each in json.loads(found.stdout)["checks"]}
        assert states == {"lint": "passed", "tests": "passed", "licence": "missing"}
    (home / "config.toml").write_text('[checks]\nplan = "gone.yaml"\n', "utf-8")
    found = alone("verify", "--image", image)
    assert (found.exit_code, found.stdout) == (2, "")
    assert "gone.yaml" in found.stderr
    assert alone("show", "--config", "nowhere.toml").exit_code == 2


# The key, and the push ------------------------------------------------------------------------------------------------


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


def test_what_was_checked_before_the_push_counts_for_what_was_pushed(
    alone: Command, home: Path, kept: CheckRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(home / "no-login"))
    pushed, manifest = in_registry(CONFIG)
    identity = replace(kept.image, config_digest=CONFIG, manifest_digest="")
    EvidenceStore(home / "checks").add(good(kept, image=identity, finished=datetime.now(UTC)))
    assert alone("verify", "--image", f"churn@{pushed}").exit_code == 1
    with serving(manifest) as host:
        linked = alone("link", f"{host}/churn:7")
        again = alone("link", f"{host}/churn:7", "-o", "json")
    assert linked.exit_code == 0, linked.output
    assert f"{host}/churn:7 is {pushed}" in linked.stdout
    document = json.loads(again.stdout)
    assert (document["kind"], document["digest"], document["of"]) == ("CheckLink", pushed, [CONFIG])
    assert alone("verify", "--image", f"churn@{pushed}").exit_code == 0
    assert alone("link", "churn:7").exit_code == 2
    assert alone("link", f"{host}/churn:7").exit_code == 4  # the registry is gone by now


def in_registry(config: str) -> tuple[str, bytes]:
    """The manifest of a push, and its digest."""
    manifest = json.dumps({"schemaVersion": 2, "config": {"digest": config}, "layers": []}).encode()
    return f"sha256:{hashlib.sha256(manifest).hexdigest()}", manifest


@contextmanager
def serving(manifest: bytes) -> Iterator[str]:
    """A registry that has one manifest; its host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # as the library calls it
            self.send_response(200)
            self.send_header("Content-Length", str(len(manifest)))
            self.end_headers()
            self.wfile.write(manifest)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


# The cluster ----------------------------------------------------------------------------------------------------------


def test_a_kept_run_is_published_only_when_it_is_said_so_and_needs_a_digest(acted: Cli) -> None:
    EvidenceStore(acted.home / "checks").add(good(run(finished=datetime.now(UTC))))
    image = f"churn@{MANIFEST}"
    assert acted("checks", "publish", "good", "--image", "churn:1", "-n", "payments").exit_code == 2
    assert acted("checks", "publish", "good", "--image", image).exit_code == 2
    dry = acted("checks", "publish", "good", "--image", image, "-n", "payments", "--dry-run", "-o", "json")
    assert dry.exit_code == 0, dry.output
    assert json.loads(dry.stdout)["kind"] == "CheckPublication"
    assert acted("checks", "publish", "good", "--image", image, "-n", "payments").exit_code == 3
    done = acted("checks", "publish", "good", "--image", image, "-n", "payments", "--yes")
    assert (done.exit_code, done.stdout.splitlines()[-1].partition(":")[0]) == (0, "done"), done.output
    for file in (acted.home / "checks").glob("*/**/*.json"):
        file.unlink()  # another machine knows nothing of the run but what is published
    seen = acted("checks", "verify", "--image", image, "-n", "payments", "-o", "json")
    assert seen.exit_code == 0, seen.output


def test_the_checks_of_a_rollout_are_shown_and_none_is_no_pass(acted: Cli) -> None:
    shown = acted("checks", "show", "--rollout", "payments/fraud-scorer")
    assert shown.exit_code == 1, shown.output
    assert "candidate:" in shown.stdout
    assert "no checks are recorded" in shown.stdout
    document = json.loads(acted("checks", "show", "--rollout", "payments/fraud-scorer", "-o", "json").stdout)
    assert document["kind"] == "RolloutChecks"
    assert document["candidate"]["checks"] == []
