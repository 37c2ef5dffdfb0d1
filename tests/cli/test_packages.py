"""`packages list|show|diff|validate|publish`: without a cluster where none is needed, and on the simulated one."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, given, settings

from mlcd_tui.cli.blocks import Block, escaped, print_blocks
from mlcd_tui.cli.diff_blocks import diff_blocks
from mlcd_tui.cli.main import cli
from mlcd_tui.cli.package_blocks import package_blocks
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_diff import diff
from mlcd_tui.domain.package_document import package_document, package_from_document
from mlcd_tui.domain.package_merge import merge
from mlcd_tui.domain.schema import Schema, SchemaKind
from mlcd_tui.domain.text import clean
from tests.cli.conftest import Cli, Terminal
from tests.domain.packages_made import PARTS

DOCS = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
MODEL = Path(__file__).parents[1] / "fixtures" / "packages" / "mlflow" / "churn-model"


@pytest.fixture
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line of somebody who has no kubeconfig at all."""
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "there-is-none"))
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(*arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(cli, ["packages", *arguments], input=typed, prog_name="mlcd-tui")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result

    return run


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of a real MLflow model."""
    folder = tmp_path / "models" / "churn"
    shutil.copytree(MODEL, folder)
    return folder


def _changed(model: Path, old: str, new: str) -> Path:
    other = model.parent / "other"
    shutil.copytree(model, other)
    text = (other / "MLmodel").read_text("utf-8")
    assert old in text
    (other / "MLmodel").write_text(text.replace(old, new), "utf-8")
    return other


def test_show_prints_what_goes_in_and_what_lacks(alone: Any, model: Path) -> None:
    result = alone("show", str(model))
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    inputs = next(number for number, line in enumerate(lines) if "inputs (columns" in line)
    assert lines[inputs + 1].split()[:2] == ["NAME", "TYPE"]
    assert lines[inputs + 2].split()[:3] == ["tenure_months", "int64", "long"]
    assert "\x1b" not in result.stdout
    for title in ("Training", "Data", "Artifacts", "Dependencies", "Lacks", "Sources"):
        assert title in lines, title
    assert any("lineage" in line and "code 4be1f0c" in line and "model.skops" in line for line in lines)


def test_show_as_json_can_be_read_back_and_yaml_says_the_same(alone: Any, model: Path) -> None:
    document = json.loads(alone("show", str(model), "-o", "json").stdout)
    package = package_from_document(document)
    assert package.endpoints[0].inputs.fields[0].name == "tenure_months"
    assert package_document(package)["endpoints"] == document["endpoints"]
    assert yaml.safe_load(alone("-o", "yaml", "show", str(model)).stdout)["endpoints"] == document["endpoints"]


def test_what_cannot_be_read_is_one_sentence(alone: Any, tmp_path: Path) -> None:
    for arguments, word in (
        (("show", "nonsense"), "is no package address"),
        (("show",), "ADDRESS is missing"),
        (("show", "a", "--rollout", "b"), "exclude each other"),
        (("diff", "a"), "is missing"),
        (("show", str(tmp_path)), "no model package"),
        (("list",), "no place is known"),
    ):
        result = alone(*arguments)
        assert result.exit_code == 2, arguments
        assert word in result.stderr
        assert len(result.stderr.splitlines()) == 1
        assert result.stdout == ""


def test_precisions_are_shown_without_a_number_of_weights(alone: Any) -> None:
    shown = alone("show", str(MODEL.parents[1] / "modelpack")).stdout
    (line,) = [line for line in shown.splitlines() if line.lstrip().startswith("churn.safetensors")]
    assert line.endswith("float32 float16")


def test_diff_says_the_verdict_first_and_fails_on_what_it_is_told(alone: Any, model: Path) -> None:
    other = _changed(model, "tenure_months", "tenure_years")
    result = alone("diff", str(model), str(other))
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"  Schema breaking: .* will fail.*", result.stdout.splitlines()[1])
    (other / "MLmodel").write_text((other / "MLmodel").read_text("utf-8").replace("monthly_fee", "fee"), "utf-8")
    assert alone("diff", str(model), str(other)).stdout.splitlines()[1].endswith(" (and 1 more)")
    assert alone("diff", str(model), str(other), "--fail-on", "breaking").exit_code == 1
    assert alone("diff", str(model), str(model), "--fail-on", "unknown", "--fail-on", "worse").exit_code == 0
    document = json.loads(alone("diff", str(model), str(other), "-o", "json").stdout)
    assert (document["kind"], document["verdict"]) == ("PackageDiff", "breaking")
    assert any("tenure_years" in one["sentence"] for one in document["compatibility"]["findings"])


def test_declared_only_is_said_for_one_comparison(alone: Any, tmp_path: Path) -> None:
    """Whether a caller sends a `plan` already, which nothing declared and the candidate takes as a number only."""
    age: dict[str, Any] = {"age": {"type": "number"}}
    for name, fields in (("old", age), ("new", {**age, "plan": {"type": "number"}})):
        taken, given = (
            {"content": {"application/json": {"schema": {"type": "object", "properties": properties}}}}
            for properties in (fields, age)
        )
        asked = {"operationId": "predict", "requestBody": {**taken, "required": True}, "responses": {"200": given}}
        document = {"openapi": "3.1.0", "info": {"title": name}, "paths": {"/predict": {"post": asked}}}
        (tmp_path / name).mkdir()
        (tmp_path / name / "openapi.json").write_text(json.dumps(document), "utf-8")
    places = (str(tmp_path / "old"), str(tmp_path / "new"))
    assert alone("diff", *places, "--fail-on", "unknown").exit_code == 1
    assert alone("diff", *places, "--fail-on", "unknown", "--declared-only").exit_code == 0


def test_fail_on_unknown_when_there_is_no_schema(alone: Any, model: Path) -> None:
    other = model.parent / "bare"
    other.mkdir()
    shutil.copy(model / "model.skops", other)
    assert alone("diff", str(model), str(other), "--fail-on", "breaking").exit_code == 0
    assert alone("diff", str(model), str(other), "--fail-on", "unknown").exit_code == 1


def test_markdown_for_a_pull_request(alone: Any, model: Path) -> None:
    other = _changed(model, "churn-2026q3", '"@team see https://evil.example #12 <b>"')
    text = alone("diff", str(model), str(other), "-o", "markdown").stdout
    lines = text.splitlines()
    assert lines[0].startswith("## ")
    assert lines[2].startswith("- Schema compatible: ")
    assert "@<!-- -->team see https&#58;//evil.example #<!-- -->12 &lt;b&gt;" in text
    assert not re.search(r"@team|https://|#12|<b>", text)
    tables = [line for line in lines if line.startswith("|")]
    assert tables
    assert all(line.endswith("|") for line in tables)


@pytest.mark.parametrize(
    "text", ["a|b", "`code`", "[x](y)", "*bold*", "1. one", "- dash", "<script>", "@alice", "#1", "www.x.y", "a&b"]
)
def test_markdown_shows_foreign_text_as_it_is(text: str) -> None:
    shown = escaped(text)
    for mark in ("|", "`", "[", "*", "_"):
        assert not re.search(rf"(?<!\\){re.escape(mark)}", shown)
    assert "<script" not in shown
    assert "@alice" not in shown
    assert "#1" not in shown.replace("&#", "")


def test_empty_blocks_and_columns_are_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = [Block("None"), Block("Table", head=("a", "b"), rows=(("1", ""), ("2", "")))]
    print_blocks(blocks, "table")
    assert capsys.readouterr().out == "Table\n  A\n  1\n  2\n"


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(PARTS, PARTS)
def test_any_package_and_any_diff_can_be_printed(
    capsys: pytest.CaptureFixture[str], one: ModelPackage, other: ModelPackage
) -> None:
    package = merge([one, other])
    for form in ("table", "markdown"):
        print_blocks(package_blocks(package), form)
        print_blocks(diff_blocks(diff(one, package)), form)
        lines = capsys.readouterr().out.splitlines()
        assert lines
        assert all(clean(line, limit=100_000) == line for line in lines)
    width = None
    for line in lines:
        bars = len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) if line.startswith("|") else None
        assert bars is None or width in {None, bars}, line
        width = bars


def test_validate_takes_a_good_package_and_strict_asks_for_more(alone: Any, model: Path) -> None:
    result = alone("validate", str(model))
    assert result.exit_code == 0, result.output
    assert "input_example.json fits the input schema" in result.stdout
    strict = alone("validate", str(model), "--strict")
    assert strict.exit_code == 1
    assert "No licence" in strict.stdout


def test_validate_names_what_is_required(alone: Any, model: Path) -> None:
    other = model.parent / "bare"
    other.mkdir()
    shutil.copy(model / "model.skops", other)
    result = alone("validate", str(other), "-o", "json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["ok"] is False
    assert {one["field"] for one in document["lacks"] if one["required"]} >= {"endpoints.inputs", "endpoints.outputs"}
    assert document["example"] is None


@pytest.mark.parametrize(
    ("example", "word"),
    [
        ({"columns": ["tenure_months"], "data": [[1]]}, "monthly_fee is missing"),
        (
            {"columns": ["tenure_months", "monthly_fee", "support_calls", "usage_ratio"], "data": [["x", 1, 1, 1]]},
            "whole",
        ),
        (["no", "table"], "no table"),
        ("{", "input_example.json"),
    ],
)
def test_validate_holds_the_example_against_the_schema(alone: Any, model: Path, example: Any, word: str) -> None:
    text = example if isinstance(example, str) else json.dumps(example)
    (model / "input_example.json").write_text(text, "utf-8")
    result = alone("validate", str(model))
    assert result.exit_code == 1, result.output
    assert word in result.stdout


def test_list_streams_what_lies_in_a_folder(alone: Any, model: Path) -> None:
    result = alone("list", str(model.parent))
    assert result.exit_code == 0, result.output
    head, row = result.stdout.splitlines()
    assert head.split() == ["NAME", "VERSION", "FORMAT", "CREATED", "AUTHOR", "ALIASES", "STATUS", "ADDRESS"]
    assert row.startswith("churn ")
    address = row.split()[-1]
    assert alone("show", address).exit_code == 0
    document = json.loads(alone("list", str(model.parent), "-o", "json").stdout)
    assert (document["kind"], [one["address"] for one in document["items"]]) == ("PackageList", [address])


def test_list_goes_on_after_a_place_that_fails(alone: Any, model: Path, tmp_path: Path) -> None:
    gone, there = tmp_path / "gone", model.parent
    (tmp_path / "config.toml").write_text(f'[packages]\nsources = ["folder:{gone}", "folder:{there}"]\n', "utf-8")
    result = alone("list")
    assert result.exit_code != 0
    assert "churn" in result.stdout
    assert "gone" in result.stderr


# --- on a cluster ---------------------------------------------------------------------------------------------


def _image(acted: Cli, name: str = "payments/fraud-scorer") -> str:
    images = acted.json("rollouts", "get", name)["images"]
    found = next(one for one in images if "canary" in one["roles"] and one["digest"])
    return f"{found['image'].partition(':')[0]}@{found['digest'].rpartition('@')[2]}"


def test_publish_shows_the_plan_and_sends_nothing_unasked(acted: Cli, model: Path) -> None:
    before = acted.json("packages", "list", "cluster:payments")["items"]
    wish = ("packages", "publish", str(model), "--image", "repo@sha256:" + "a" * 64, "-n", "payments")
    planned = acted(*wish, "--dry-run")
    assert planned.exit_code == 0, planned.output
    assert "POST /api/v1/namespaces/payments/configmaps" in planned.stdout
    unasked = acted(*wish)
    assert unasked.exit_code == 3
    assert "add --yes" in unasked.stderr
    document = acted.json(*wish, "--dry-run")
    assert (document["kind"], document["method"]) == ("Publication", "POST")
    assert acted.json("packages", "list", "cluster:payments")["items"] == before


def test_publish_asks_and_takes_no_for_an_answer(acted: Cli, model: Path, terminal: Terminal) -> None:
    wish = ("packages", "publish", str(model), "--image", "sha256:" + "a" * 64, "-n", "payments")
    terminal()
    assert acted(*wish, typed="n\n").exit_code == 3
    assert acted.stages == ["refused"], "what was shown and not wanted is in the log"
    done = acted(*wish, typed="y\n")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].startswith("done: ")


def test_without_a_place_the_cluster_is_looked_at_and_what_was_is_told(acted: Cli) -> None:
    everything = acted("packages", "list")
    assert everything.exit_code == 0, everything.output
    assert "configmap:recs/" in everything.stdout
    assert everything.stderr == "Looked at cluster:.\n"
    one = acted("packages", "list", "-n", "payments")
    assert "configmap:payments/" in one.stdout
    assert "configmap:recs/" not in one.stdout
    assert acted("packages", "list", "-n", "kube-system").stderr == "No packages at cluster:kube-system.\n"
    gone = acted("packages", "show", "configmap:payments/nope")
    assert (gone.exit_code, "List what is published there: cluster:payments." in gone.stderr) == (1, True)


def test_a_published_package_is_found_from_the_rollout(acted: Cli, model: Path) -> None:
    image = _image(acted)
    wish = ("packages", "publish", str(model), "--image", image, "-n", "payments", "--yes", "--reason", "release")
    outcome = acted.json(*wish)
    assert (outcome["kind"], outcome["result"]) == ("PublishOutcome", "done")
    assert "intended" in acted.stages
    shown = acted.json("packages", "show", "--rollout", "payments/fraud-scorer")
    assert shown["kind"] == "RolloutPackages"
    assert shown["rollout"]["name"] == "fraud-scorer"
    candidate = shown["candidate"]
    assert candidate["digest"] == image.rpartition("@")[2]
    assert candidate["package"]["endpoints"][0]["inputs"]["fields"][0]["name"] == "tenure_months"
    text = acted("packages", "show", "--rollout", "payments/fraud-scorer")
    assert "tenure_months" in text.stdout


def test_the_page_names_the_fields_of_all_documents(seen: Cli, model: Path) -> None:
    image = ("--image", "sha256:" + "a" * 64, "-n", "payments", "--dry-run")
    documents = (
        seen.json("packages", "validate", str(model)),
        {**seen.json("packages", "publish", str(model), *image), "body": None},
        {**seen.json("packages", "show", "--rollout", "payments/churn"), "serving": None},
    )
    documents[2]["candidate"]["package"] = None
    named = set(re.findall(r"[A-Za-z]+", " ".join(re.findall(r"`([^`]+)`", DOCS))))
    for document in documents:
        keys = {key for value in (document, *document.values()) if isinstance(value, dict) for key in value}
        assert document["kind"] in named
        assert keys - named == set()


def test_publish_needs_a_namespace_and_a_digest(seen: Cli, model: Path) -> None:
    without = seen("packages", "publish", str(model), "--image", "sha256:" + "a" * 64)
    assert (without.exit_code, "-n NAME" in without.stderr) == (2, True)
    tag = seen("packages", "publish", str(model), "--image", "model:latest", "-n", "payments")
    assert (tag.exit_code, "no image digest" in tag.stderr) == (2, True)
    readonly = seen(
        "packages", "publish", str(model), "--image", "sha256:" + "a" * 64, "-n", "payments", "--yes", "--readonly"
    )
    assert (readonly.exit_code, "Denied" in readonly.stderr) == (3, True)


def test_diff_of_a_rollout(seen: Cli) -> None:
    result = seen("packages", "diff", "--rollout", "payments/churn", "--fail-on", "breaking")
    assert result.exit_code == 1, result.output
    assert "Schema breaking: input `contract_type` became required" in result.stdout
    assert "| breaking |" in seen("packages", "diff", "--rollout", "payments/churn", "-o", "markdown").stdout
    assert seen("packages", "diff", "--rollout", "payments/fraud-scorer", "--fail-on", "unknown").exit_code == 0


def test_diff_of_a_rollout_whose_packages_nobody_published(seen: Cli) -> None:
    result = seen("packages", "diff", "--rollout", "vision/nsfw")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no package is published for sha256:" in result.stderr


def test_examples_of_json_schemas(tmp_path: Path) -> None:
    from mlcd_tui.packages.example import _json

    root = {"components": {"schemas": {"In": {"type": "object", "required": ["a"]}}}}
    schema = Schema(SchemaKind.JSON, document={"$ref": "#/components/schemas/In"}, root=root, dialect="openapi-3.0")
    assert list(_json({"a": 1}, schema)) == []
    assert "required" in next(_json({}, schema))
    remote = replace(schema, root={}, document={"$ref": "http://127.0.0.1:1/never-asked"})
    assert "not in it" in next(_json({}, remote))
    nullable = replace(schema, root={}, document={"type": "string", "nullable": True, "pattern": "(a+)+$"})
    assert list(_json(None, nullable)) == []
    assert list(_json("a" * 60 + "!", nullable)) == []
