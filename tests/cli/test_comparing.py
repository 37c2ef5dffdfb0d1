"""`rollouts compare` as a user runs it: two real model servers on loopback, files, and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from mlcd_tui.cli.main import cli
from tests.cli.conftest import Cli
from tests.comparison.models import as_json, model


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cluster and no settings but the test's own."""
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "home"))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "none"))


def _compare(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(cli, ["rollouts", "compare", *map(str, arguments)], prog_name="mlcd-tui")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def _requests(path: Path, count: int = 60) -> Path:
    headers = {"Authorization": "Bearer hush-hush", "Content-Type": "application/json"}
    lines = (
        {"id": f"r{n}", "path": "/v1/models/m:predict", "headers": headers, "body": {"x": n}} for n in range(count)
    )
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def _pairs(path: Path, off: int = 0, count: int = 1000, **shadow: Any) -> Path:
    with path.open("w") as file:
        for n in range(count):
            answer = {"predictions": [n + 0.5]}
            other = {"predictions": [n + 0.5 + (n < off)]}
            sides = {
                "production": {"status": 200, "ms": 5.0 + n % 3, "body": answer},
                "shadow": {"status": 200, "ms": 5.0 + n % 3, "body": other, **shadow},
            }
            file.write(json.dumps({"id": str(n), **sides}) + "\n")
    return path


@pytest.fixture(name="servers")
def _servers() -> Iterator[tuple[str, str, str]]:
    """Production, an equal shadow, and one that is wrong in one answer of ten."""

    def wrong(body: Any) -> tuple[int, bytes]:
        return as_json({"predictions": [body["x"] + (body["x"] % 10 == 0)]})

    def right(body: Any) -> tuple[int, bytes]:
        return as_json({"predictions": [body["x"]]})

    with model(right) as one, model(right) as two, model(wrong) as three:
        yield one.address, two.address, three.address


_QUICK = ("--rate", "5000", "--latency-limit", "10m", "--max-mismatch", "7%")


def test_equal_versions_end_with_0_and_a_verdict_first(tmp_path: Path, servers: tuple[str, str, str]) -> None:
    requests = _requests(tmp_path / "requests.jsonl")
    result = _compare("--requests", requests, "--production", servers[0], "--shadow", servers[1], *_QUICK)
    assert result.exit_code == 0, result.output
    first = result.stdout.splitlines()[0]
    assert "equal within limits: 0 of 60 (0 %, 95 %: 0 to 5.96 %) answers differ" in first
    assert "production differs from itself in 0 of 60" in first
    assert "replay of 60 requests from requests.jsonl" in result.stdout
    assert "hush-hush" not in result.output


def test_a_wrong_version_ends_with_1_and_shows_where(tmp_path: Path, servers: tuple[str, str, str]) -> None:
    requests = _requests(tmp_path / "requests.jsonl")
    arguments = ("--requests", requests, "--production", servers[0], "--shadow", servers[2], *_QUICK)
    result = _compare(*arguments, "--max-mismatch", "0.5%", "--no-noise")
    assert result.exit_code == 1
    assert "different: " in result.stdout.splitlines()[0]
    assert "6 (10 %)" in result.stdout
    assert "$.predictions[0] 10 → 11" in result.stdout
    assert "hush-hush" not in result.output
    document = json.loads(_compare(*arguments, "-o", "json").stdout)
    assert document["kind"] == "ComparisonReport"
    assert "hush-hush" not in json.dumps(document)
    assert document["mismatch"]["count"] == 6


def test_recorded_pairs_need_no_cluster_and_no_server(tmp_path: Path) -> None:
    result = _compare("--pairs", _pairs(tmp_path / "pairs.jsonl"), "-o", "json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    assert (document["verdict"], document["pairs"]) == ("equal within limits", 1000)
    assert document["mismatch"]["high"] == pytest.approx(0.00368, abs=1e-5)
    as_yaml = yaml.safe_load(_compare("--pairs", tmp_path / "pairs.jsonl", "-o", "yaml").stdout)
    assert as_yaml["verdict"] == "equal within limits"


@pytest.mark.parametrize(
    ("made", "options", "told"),
    [
        ({"off": 30}, (), "different"),
        ({"ms": 60.0}, (), "slower"),
        ({"body": {"predictions": ["1"]}}, (), "answers break the schema"),
        ({"count": 100}, (), "not enough data"),
        ({"off": 5}, (), "not enough data"),
    ],
)
def test_every_other_verdict_ends_with_1(tmp_path: Path, made: Any, options: Any, told: str) -> None:
    result = _compare("--pairs", _pairs(tmp_path / "pairs.jsonl", **made), *options)
    assert result.exit_code == 1
    assert told in result.stdout.splitlines()[0]


def test_limits_and_rules_are_the_users(tmp_path: Path) -> None:
    pairs = _pairs(tmp_path / "pairs.jsonl", off=30)
    assert _compare("--pairs", pairs, "--max-mismatch", "5 %").exit_code == 0
    rules = tmp_path / "rules.yaml"
    rules.write_text("rtol: 0\natol: 2\n")
    assert _compare("--pairs", pairs, "--rules", rules).exit_code == 0
    slow = _pairs(tmp_path / "slow.jsonl", ms=60.0)
    assert _compare("--pairs", slow, "--latency-limit", "100ms").exit_code == 0
    assert "different: $.predictions[*]; 30 of 100" in _compare("--pairs", pairs, "--limit", "100").stdout


def test_logs_of_both_sides_in_two_files(tmp_path: Path) -> None:
    for name in ("production", "shadow"):
        lines = ({"rid": str(n), "status": 200, "ms": 3, "req_sha256": "a", "resp": {"y": n}} for n in range(1000))
        (tmp_path / name).write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = _compare("--pairs", tmp_path / "production", "--pairs", tmp_path / "shadow")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "either --requests FILE or --pairs FILE"),
        (("--requests", "a", "--pairs", "b"), "either --requests FILE or --pairs FILE"),
        (("--pairs", "{}/pairs.jsonl", "--shadow", "http://127.0.0.1:1"), "logs have --production-name"),
        (("--pairs", "{}/none.jsonl"), "cannot be read: No such file"),
        (("--requests", "{}/requests.jsonl"), "Where the requests are to be sent is not known"),
        (("--requests", "{}/requests.jsonl", "--production", "x", "--shadow", "y"), "no address of the production"),
        (("--pairs", "{}/pairs.jsonl", "--max-mismatch", "0.5"), "is no share; write it as 0.5%"),
        (("--pairs", "{}/pairs.jsonl", "--max-mismatch", "0%"), "can never be shown"),
        (("--pairs", "{}/pairs.jsonl", "--rules", "{}/none"), "none cannot be read"),
        (("--pairs", "{}/pairs.jsonl", "--format", "har"), "no JSON"),
        (("--pairs", "{}/bad.jsonl"), "bad.jsonl, line 2: no JSON"),
    ],
)
def test_bad_usage_ends_with_2(tmp_path: Path, arguments: tuple[str, ...], told: str) -> None:
    _pairs(tmp_path / "pairs.jsonl", count=3)
    _requests(tmp_path / "requests.jsonl", 3)
    (tmp_path / "bad.jsonl").write_text('{"path": "/x"}\n{"path"\n{"path": "/x"}\n')
    result = _compare(*(one.format(tmp_path) for one in arguments))
    assert result.exit_code == 2
    assert told in result.stderr


def test_who_cannot_be_reached_ends_with_4(tmp_path: Path, servers: tuple[str, str, str]) -> None:
    import socket

    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        gone = f"http://me:hush-hush@127.0.0.1:{held.getsockname()[1]}"
        requests = _requests(tmp_path / "requests.jsonl")
        result = _compare("--requests", requests, "--production", servers[0], "--shadow", gone, *_QUICK)
    assert result.exit_code == 4
    assert "The shadow at http://127.0.0.1:" in result.stderr
    assert "hush-hush" not in result.output


def test_hostile_answers_reach_no_terminal(tmp_path: Path) -> None:
    evil = {"\x1b]0;owned\x07": "\x9b31m", "score": "\u202e\x1b[2J"}
    result = _compare("--pairs", _pairs(tmp_path / "pairs.jsonl", body=evil, error="\x1b[31m"))
    assert result.exit_code == 1
    assert not set("\x1b\x9b\u202e\x07") & set(result.output)


def test_a_rollout_binds_the_result_to_its_images(seen: Cli, tmp_path: Path) -> None:
    """On the simulated cluster: whether both images are known there is the scenario's to say."""
    fleet = seen.json("rollouts", "list", "-A")
    moving = [row for row in fleet["items"] if row["inFlight"]]
    pairs = _pairs(tmp_path / "pairs.jsonl")
    documents = []
    for row in moving:
        result = seen("rollouts", "compare", f"{row['namespace']}/{row['name']}", "--pairs", str(pairs), "-o", "json")
        if result.exit_code == 0:
            documents.append(json.loads(result.stdout))
    bound = [one for one in documents if one["productionDigest"] and one["shadowDigest"]]
    assert bound
    assert bound[0]["subject"]
    kept = list((seen.home / "comparisons").glob("*.json"))
    assert len(kept) == len(bound)
    missing = seen("rollouts", "compare", "nobody", "--pairs", str(pairs))
    assert missing.exit_code == 1
    assert "nobody is not known" in missing.stderr
