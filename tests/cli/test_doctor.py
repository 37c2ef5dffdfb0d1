"""`doctor` says what works, what does not, and never a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mlcd_tui.checks.evidence.keys import keygen
from mlcd_tui.cli import doctor_checks
from mlcd_tui.demo.access import VIEWER
from tests.cli.conftest import Cli


def _findings(cli: Cli, *arguments: str, code: int = 0) -> dict[str, list[tuple[bool | None, str]]]:
    document = cli.json("doctor", *arguments, code=code)
    assert document["kind"] == "DoctorReport"
    found: dict[str, list[tuple[bool | None, str]]] = {}
    for item in document["items"]:
        assert item["sentence"]
        found.setdefault(item["about"], []).append((item["ok"], item["sentence"]))
    return found


def test_everything_in_order(seen: Cli) -> None:
    found = _findings(seen)
    assert {"client", "terminal", "docker", "audit log", "context", "server", "clock", "user", "engine"} <= found.keys()
    assert found["context"] == [(True, f"demo, {seen.cluster.server.url}")]
    assert {(True, f"{title}: found") for title in ("Argo Rollouts", "Deployments", "Gateway API")} <= set(
        found["engine"]
    )
    assert all(ok for ok, _ in found["may see"] + found["may act"])
    assert str(seen.log) in found["audit log"][0][1]


def test_formats_say_the_same(seen: Cli) -> None:
    as_text = seen("doctor").stdout
    as_yaml = yaml.safe_load(seen("doctor", "-o", "yaml").stdout)
    assert all(item["about"] in as_text for item in as_yaml["items"])
    assert {line[0] for line in as_text.splitlines()} <= set("✔✘·")
    seen.settings("ascii = true\n")
    assert {line[0] for line in seen("doctor").stdout.splitlines()} <= set("+x-")


def test_missing_rights_are_named(seen: Cli) -> None:
    found = _findings(seen, "--kubeconfig", str(seen.as_user("viewer", VIEWER)))
    assert all(ok is None and "may not patch" in sentence for ok, sentence in found["may act"])
    assert all(ok for ok, _ in found["may see"])


def test_absent_engine_is_off_and_no_failure(acted: Cli) -> None:
    acted.cluster.call(lambda server: server.faults.absent.add("argoproj.io"))
    found = _findings(acted)
    assert any(ok is None and "off" in sentence for ok, sentence in found["engine"])
    listed = acted("rollouts", "list")
    assert listed.exit_code == 0
    assert "ctr" in listed.stdout
    assert not listed.stderr, "an engine that a cluster does not have is no news where others have rollouts"
    nothing = acted("rollouts", "list", "-n", "nowhere")
    assert "Argo Rollouts is off" in nothing.stderr


def test_no_cluster_is_four_and_the_rest_is_told(seen: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = yaml.safe_load(seen.cluster.kubeconfig.read_text("utf-8"))
    config["clusters"][0]["cluster"]["server"] = "http://user:geheim@127.0.0.1:1"
    path = tmp_path / "down.yaml"
    path.write_text(yaml.safe_dump(config), "utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    result = seen("doctor")
    assert result.exit_code == 4
    assert "refused" in result.stdout
    assert "geheim" not in result.output
    assert "client" in result.stdout
    for arguments in (("rollouts", "list"), ("rollouts", "get", "a/b"), ("rollouts", "promote", "a/b", "--yes")):
        shown = seen(*arguments)
        assert shown.exit_code == 4, shown.output
        assert "geheim" not in shown.output


def test_wrong_settings_are_a_finding(seen: Cli) -> None:
    seen.settings("colour = 7\n")
    found = _findings(seen, code=1)
    assert any(ok is False and "colour" in sentence for ok, sentence in found["settings"])


def test_a_log_that_cannot_be_written_or_is_not_whole_is_a_fault(seen: Cli) -> None:
    seen("rollouts", "resume", "payments/ltv", "--yes")
    assert _findings(seen)["audit log"][0][0] is True
    seen.log.write_text(seen.log.read_text("utf-8").replace("ltv", "xxx"), "utf-8")
    ((ok, sentence),) = _findings(seen, code=1)["audit log"]
    assert (ok, "line 1 was changed" in sentence) == (False, True)
    seen.log.unlink()
    seen.log.mkdir()
    ((ok, sentence),) = _findings(seen, code=1)["audit log"]
    assert (ok, "cannot be written" in sentence) == (False, True)


def test_an_engine_that_is_off_has_no_rights_to_tell(acted: Cli) -> None:
    acted.cluster.call(lambda server: server.faults.absent.add("argoproj.io"))
    found = _findings(acted)
    assert not any("Argo Rollouts" in sentence for _, sentence in found["may see"] + found["may act"])


def test_keys_of_evidence_that_are_wrong_are_faults(seen: Cli) -> None:
    found = _findings(seen)
    assert [ok for ok, _ in found["own key"] + found["trusted keys"]] == [None, None]
    own, _ = keygen(seen.home)
    trusted = seen.home / "trusted_keys"
    trusted.mkdir(mode=0o700)
    own.with_suffix(".pub").rename(trusted / "maria.pub")
    found = _findings(seen)
    assert [ok for ok, _ in found["own key"] + found["trusted keys"]] == [True, True]
    assert "2: you, maria" in found["trusted keys"][0][1]
    (trusted / "bob.pem").write_text("no key")
    trusted.chmod(0o777)
    own.chmod(0o644)
    found = _findings(seen, code=1)
    ((ok, sentence),) = found["own key"]
    assert (ok, "chmod 600" in sentence) == (False, True)
    (ok, sentence), *faults = found["trusted keys"]
    assert (ok, sentence) == (True, "1: maria")
    assert [ok for ok, _ in faults] == [False, False]
    assert "bob.pem is not trusted" in faults[0][1]
    assert "can be written by others" in faults[1][1]


def test_plans_in_force_are_read(seen: Cli) -> None:
    (seen.home / "good.yaml").write_text("apiVersion: mlcd.dev/v1\nchecks:\n  - {name: lint, kind: lint, tool: ruff}\n")
    seen.settings('[checks]\nplan = "missing.yaml"\nplans = {"ml/*" = "good.yaml"}\n')
    found = _findings(seen, code=1)["check plan"]
    assert [ok for ok, _ in found] == [True, False]
    assert "good.yaml: 1 check, sha256:" in found[0][1]
    assert "missing.yaml cannot be read" in found[1][1]


@pytest.mark.parametrize(
    ("script", "ok", "words"),
    [
        ("echo github.com/docker/buildx v0.13.1", True, "BuildKit by buildx v0.13.1"),
        ("exit 1", None, "classic builder"),
    ],
)
def test_the_builder_is_told_where_an_engine_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, *, ok: bool | None, words: str
) -> None:
    command = tmp_path / "docker"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr("mlcd_tui.checks.docker_engine.ping", lambda: (True, "Docker Engine 26.1 answers."))
    docker, builder = doctor_checks.engine()
    assert (docker.ok, builder.ok, words in builder.sentence) == (True, ok, True)
    monkeypatch.setattr("mlcd_tui.checks.docker_engine.ping", lambda: (False, "No Docker Engine."))
    assert [each.about for each in doctor_checks.engine()] == ["docker"]
