"""`rollouts list|get|describe|status` on the simulated cluster."""

from __future__ import annotations

import json

import pytest
import yaml
from rich.cells import cell_len

from mlcd_tui.demo.access import VIEWER, User
from tests.cli.conftest import Cli

NAMESPACES = {"payments", "ads", "search", "recs", "nlp", "vision", "fraud"}


def test_list_puts_who_waits_first_and_keeps_columns_straight(seen: Cli) -> None:
    result = seen("rollouts", "list")
    assert result.exit_code == 0, result.output
    head, *rows = result.stdout.splitlines()
    assert head.split("   ")[0] == "NAMESPACE"
    assert len(rows) >= 15
    assert {row.split()[0] for row in rows} == NAMESPACES
    waits = [index for index, row in enumerate(rows) if "your promotion" in row or "your switch" in row]
    degraded = [index for index, row in enumerate(rows) if "Degraded" in row]
    healthy = [index for index, row in enumerate(rows) if " Healthy " in row]
    assert max(waits) < min(degraded)
    assert max(degraded) < min(healthy)
    column = head.index("PHASE")
    assert all(row[column - 1] == " " and row[column] != " " for row in rows)


def test_list_of_one_namespace_before_and_behind_the_command(seen: Cli) -> None:
    for arguments in (("-n", "payments", "rollouts", "list"), ("rollouts", "list", "-n", "payments")):
        items = seen.json(*arguments)["items"]
        assert {item["namespace"] for item in items} == {"payments"}
    everywhere = seen.json("-n", "payments", "rollouts", "list", "-A")["items"]
    assert {item["namespace"] for item in everywhere} == NAMESPACES


def test_list_of_an_empty_namespace_says_so(seen: Cli) -> None:
    result = seen("rollouts", "list", "-n", "nobody")
    assert result.exit_code == 0
    assert result.stdout == ""
    assert "No rollouts in namespace nobody" in result.stderr
    assert seen.json("rollouts", "list", "-n", "nobody")["items"] == []


def test_json_and_yaml_say_the_same(seen: Cli) -> None:
    as_json = seen.json("rollouts", "get", "payments/fraud-scorer")
    result = seen("rollouts", "get", "fraud-scorer", "-n", "payments", "-o", "yaml")
    as_yaml = yaml.safe_load(result.stdout)
    assert as_yaml["kind"] == "Rollout"
    for key in ("name", "phase", "step", "weight", "images", "waitingFor", "steps"):
        assert json.loads(json.dumps(as_yaml[key], default=str)) == as_json[key], key


def test_get_draws_the_tree(seen: Cli) -> None:
    result = seen("rollouts", "get", "payments/fraud-scorer")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert "\x1b" not in result.stdout
    assert any(line.startswith("Status:") and "Paused" in line for line in lines)
    assert any(line.startswith("Waiting for:") and "your promotion" in line for line in lines)
    assert any("2/5" in line and "pause until promoted" in line for line in lines)
    assert any("20 % to the new version" in line for line in lines)
    assert any(":v7 (canary)" in line and "sha256:" in line for line in lines)
    tree = [line for line in lines if line.startswith(("fraud-scorer ", "├", "│", "└"))]
    kinds = [
        next(k for k in ("Rollout", "Revision", "ReplicaSet", "Pod", "AnalysisRun") if f" {k} " in f"{line} ")
        for line in tree
    ]
    assert kinds[:4] == ["Rollout", "Revision", "ReplicaSet", "Pod"]
    assert kinds.count("Pod") == 6
    assert "AnalysisRun" in kinds
    assert any("Running" in line and "1/1" in line for line in tree)


def test_get_in_plain_letters(seen: Cli) -> None:
    seen.settings("ascii = true\n")
    shown = seen("rollouts", "get", "payments/fraud-scorer").stdout
    assert "= Paused" in shown
    assert not set("├└│✔Ⅱ◌→") & set(shown)


def test_describe_tells_conditions_and_events(seen: Cli) -> None:
    shown = seen("rollouts", "describe", "payments/fraud-scorer").stdout
    assert "Conditions:" in shown
    assert "Events:" in shown
    assert "RolloutPaused" in shown


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("payments/fraud-scorer", 0, "Paused"), ("ads/ctr-wide", 1, "Degraded"), ("recs/popular", 0, "Healthy")],
)
def test_status_ends_by_where_it_stands(seen: Cli, name: str, code: int, word: str) -> None:
    result = seen("rollouts", "status", name)
    assert (result.exit_code, result.stdout.split()[0]) == (code, word)


def test_status_waits_no_longer_than_told(seen: Cli) -> None:
    result = seen("rollouts", "status", "payments/fraud-scorer", "--watch", "--timeout", "300ms")
    assert result.exit_code == 1
    assert "was not healthy within 0.3 s" in result.stderr
    missing = seen("rollouts", "status", "payments/nobody", "--watch", "--timeout", "2s")
    assert missing.exit_code == 1
    assert "Waiting:" in missing.stderr


def test_status_watch_ends_at_once_when_healthy_or_beyond_repair(seen: Cli) -> None:
    assert seen("rollouts", "status", "recs/popular", "--watch", "--timeout", "20s").exit_code == 0
    assert seen("rollouts", "status", "ads/ctr-wide", "--watch", "--fail-fast", "--timeout", "20s").exit_code == 1


def test_names_that_mean_nothing(seen: Cli) -> None:
    result = seen("rollouts", "get", "fraud-scorer")
    assert result.exit_code == 1
    assert "There is payments/fraud-scorer" in result.stderr
    assert seen("rollouts", "get", "payments/nobody").exit_code == 1
    assert seen("rollouts", "get", "payments/fraud-scorer", "-n", "ads").exit_code == 2
    for name in ("", "payments/", "/fraud-scorer", "a/b/c"):
        assert seen("rollouts", "get", name).exit_code == 2, name
    unknown = seen("rollouts", "get", "payments/fraud-scorer", "--engine", "nothing")
    assert unknown.exit_code == 2
    assert "argo, deployment" in unknown.stderr


def test_name_in_two_engines_asks_which(acted: Cli) -> None:
    with acted.http() as http:
        pods = {
            "metadata": {"labels": {"app": "twin"}},
            "spec": {"containers": [{"name": "c", "image": "registry.example/a:1"}]},
        }
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": "twin"}}, "template": pods}
        body = {"metadata": {"name": "fraud-scorer"}, "spec": spec}
        http.post("/apis/apps/v1/namespaces/payments/deployments", json=body).raise_for_status()
    result = acted("rollouts", "get", "payments/fraud-scorer")
    assert result.exit_code == 2
    assert "argo and deployment" in result.stderr
    assert acted.json("rollouts", "get", "payments/fraud-scorer", "--engine", "deployment")["strategy"] == "rolling"
    assert acted.json("--engine", "argo", "rollouts", "get", "payments/fraud-scorer")["strategy"] == "canary"


def test_namespace_of_the_settings_holds_for_the_present_context(seen: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(seen.contexts("prod-eu", "test")))
    seen.settings('[contexts."prod-*"]\nnamespace = "payments"\n')
    assert {item["namespace"] for item in seen.json("rollouts", "list")["items"]} == {"payments"}
    assert seen.json("rollouts", "get", "fraud-scorer")["name"] == "fraud-scorer"
    assert {i["namespace"] for i in seen.json("rollouts", "list", "--context", "test")["items"]} == NAMESPACES
    assert {i["namespace"] for i in seen.json("rollouts", "list", "-A")["items"]} == NAMESPACES


def test_who_may_not_list_everywhere_is_told_and_lists_with_a_namespace(seen: Cli) -> None:
    path = seen.as_user("limited", User("limited", namespaces=frozenset({"payments"})))
    result = seen("rollouts", "list", "--kubeconfig", str(path))
    assert result.exit_code == 3
    assert "-n" in result.stderr
    items = seen.json("rollouts", "list", "-n", "payments", "--kubeconfig", str(path))["items"]
    assert {item["namespace"] for item in items} == {"payments"}


def test_viewer_sees_and_may_not_act(seen: Cli) -> None:
    path = str(seen.as_user("viewer", VIEWER))
    assert seen.json("rollouts", "get", "payments/fraud-scorer", "--kubeconfig", path)["phase"] == "Paused"
    result = seen("rollouts", "promote", "payments/fraud-scorer", "--yes", "--kubeconfig", path)
    assert result.exit_code == 3
    assert "patch rollouts" in result.stderr
    assert seen.stages == ["refused"]


def test_without_a_terminal_the_program_alone_prints_the_list(seen: Cli) -> None:
    assert "fraud-scorer" in seen().stdout
    assert seen.json()["kind"] == "RolloutList"


def test_demo_needs_no_kubeconfig(seen: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    assert len(seen.json("--demo", "rollouts", "list")["items"]) >= 15


@pytest.mark.parametrize(
    "arguments",
    [
        ("rollouts", "list", "-o", "xml"),
        ("rollouts", "get"),
        ("rollouts", "nonsense"),
        ("nonsense",),
        ("rollouts", "list", "--nonsense"),
        ("rollouts", "status", "a", "--timeout", "soon"),
        ("rollouts", "status", "a", "--timeout", "-1s"),
        ("rollouts", "set-weight", "a", "101"),
        ("rollouts", "set-image", "a", "b"),
        ("rollouts", "undo", "a", "--to-revision", "0"),
        ("rollouts", "list", "--config", "nowhere.toml"),
        ("rollouts", "list", "--context", "nowhere"),
        ("demo", "--serve", "--scenario", "nowhere"),
    ],
)
def test_wrong_usage_is_two(seen: Cli, arguments: tuple[str, ...]) -> None:
    result = seen(*arguments)
    assert result.exit_code == 2, result.output
    assert result.stderr.strip()
    assert result.stdout == ""


def test_wide_characters_stand_straight(seen: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    from mlcd_tui.cli import output

    output.table(("a", "b"), [["模型", "x"], ["e\u0301", "y"], ["plain", "z"], ["🚀", "w"]])
    lines = capsys.readouterr().out.splitlines()
    assert {cell_len(line[: line.rindex(" ") + 1]) for line in lines} == {8}


def test_status_in_json_and_yaml(seen: Cli) -> None:
    document = seen.json("rollouts", "status", "payments/fraud-scorer")
    assert (document["kind"], document["phase"]) == ("Rollout", "Paused")
    shown = seen("rollouts", "status", "recs/popular", "--watch", "--timeout", "20s", "-o", "yaml").stdout
    assert [one["phase"] for one in yaml.safe_load_all(shown)][-1] == "Healthy"


@pytest.mark.parametrize("name", ["Fraud", "payments/a_b", "-x/y", "a" * 64 + "/b", "a b"])
def test_names_that_kubernetes_does_not_know(seen: Cli, name: str) -> None:
    result = seen("rollouts", "get", "--", name)
    assert result.exit_code == 2
    assert "can be no" in result.stderr
    listed = seen("rollouts", "list", "-n", name.replace("/", "."))
    assert (listed.exit_code, "can be no namespace" in listed.stderr) == (2, True)


def test_global_options_between_the_group_and_its_command(seen: Cli) -> None:
    items = seen.json("rollouts", "-n", "payments", "list")["items"]
    assert {item["namespace"] for item in items} == {"payments"}
