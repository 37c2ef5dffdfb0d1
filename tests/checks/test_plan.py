"""Reading `checks.yaml`: what is wrong is told with its line, and a digest says by which plan was checked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.checks.plan import Plan, load_plan, parse_plan
from mlcd_tui.checks.plan_schema import written
from mlcd_tui.domain.errors import BadConfig

ROOT = Path(__file__).parents[2]
GOOD = """\
apiVersion: mlcd.dev/v1
image: registry.example/churn:1.4.2
build: {context: ., args: {BASE: slim}}
defaults: {seconds: 2m, memory: 512Mi}
max_age: 7d
checks:
  - {name: lint, kind: lint, tool: ruff, target: dev}
  - name: unit
    kind: tests
    tool: pytest
    bring: {/app/tests: tests}
    limits: {seconds: 600}
  - {name: types, kind: typecheck, tool: mypy, skip: the package has no types yet}
"""


def plan(text: str, folder: Path = ROOT / "tests" / "nowhere") -> Plan:
    return parse_plan(text.encode(), "some/checks.yaml", folder)


def refused(text: str) -> list[str]:
    with pytest.raises(BadConfig) as told:
        plan(text)
    return [line if line.endswith(".") else f"{line}." for line in str(told.value).split(". checks.yaml")]


def test_a_plan_fills_in_what_its_checks_leave_out() -> None:
    read = plan(GOOD)
    lint, unit, types = read.checks
    assert (read.image, read.max_age) == ("registry.example/churn:1.4.2", 7 * 86400)
    limits = [check.spec.limits.limits() for check in read.checks]
    assert [one.seconds for one in limits] == [120, 600, 120]
    assert {one.memory for one in limits} == {512 << 20}
    assert (limits[0].user, limits[0].read_only) == ("10001:10001", True)
    assert (types.skip, types.required) == ("the package has no types yet", True)
    assert (lint.spec.stage(), unit.spec.stage()) == ("dev", "")
    assert read.only(("types", "lint")) == (lint, types)
    with pytest.raises(BadConfig, match="no check called lnt; it has: lint, unit, types"):
        read.only(("lnt",))


def test_all_that_is_wrong_is_told_at_once_with_line_place_and_what_was_meant() -> None:
    told = refused("""\
apiVersion: mlcd.dev/v2
defaults: {memry: 2Gi, seconds: 5x}
serv: {}
checks:
  - name: lint
    kind: lint
    tol: ruff
    limits: {cpu: 3}
  - kind: lnt
    name: x
  - {name: t, kind: tests, tool: pytest, paths: tests, required: maybe}
""")
    assert told == [
        "checks.yaml, line 1: apiVersion: must be 'mlcd.dev/v1', not 'mlcd.dev/v2'.",
        ", line 2: defaults.memry: unknown key, perhaps memory is meant.",
        ", line 2: defaults.seconds: '5x' is no amount; write it as 90, 90s, 5m, 24h or 7d.",
        ", line 3: serv: unknown key, perhaps serve is meant.",
        ", line 7: checks[0].tol: unknown key, perhaps tool is meant.",
        ", line 8: checks[0].limits.cpu: unknown key, perhaps cpus is meant.",
        told[6],
        ", line 11: checks[2].paths: must be a list, not 'tests'.",
        ", line 11: checks[2].required: must be true or false, not 'maybe'.",
    ]
    assert told[6].startswith(", line 9: checks[1]: there is no kind 'lnt', perhaps lint is meant; there is: ")


@pytest.mark.parametrize(
    ("check", "why"),
    [
        ("{name: a, kind: lint}", "say what runs: tool, or command and parser"),
        ("{name: a, kind: lint, command: x, parser: ruff_jsn}", "parser ruff_jsn is not known; there is: "),
        ("{name: a, kind: lint, tool: ruff, target: dev}", "say how it is built: add build"),
        ("{name: a, kind: lint, tool: ruff, built: true}", "built needs target and report"),
        ("{name: a, kind: lint, tool: ruff, limits: {user: 'root:root'}}", "running as root needs a reason: add why"),
        ("{name: a, kind: lint, tool: ruff, limits: {read_only: false}}", "needs a reason: add why"),
        ("{name: a, kind: lint, tool: ruff, bring: {/app/x: ../secret}}", "only files beside the plan can be named"),
        ("{name: a, kind: lint, tool: ruff, skip: ''}", "at least 3 characters"),
        (
            "{name: a, kind: lint, tool: ruff}\n  - {name: a, kind: lint, tool: ruff}",
            "line 4: checks[1].name: two checks are called a",
        ),
        ("{name: a b, kind: lint, tool: ruff}", "must be a name of at most 63 letters, digits"),
    ],
)
def test_what_cannot_be_meant(check: str, why: str) -> None:
    (told,) = refused(f"apiVersion: mlcd.dev/v1\nchecks:\n  - {check}\n")
    assert why in told


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty or no map"),
        ("a: 1\na: 2\n", "line 2: the key a appears twice"),
        ("a: !!python/object:os.system x\n", "line 1: the tag"),
        ("a: 1\n---\nb: 2\n", "line 2: a second document begins"),
        ("[" * 50 + "]" * 50, "nested deeper than 40"),
        ("a: &a [1]\n" + "".join(f"k{i}: *a\n" for i in range(101)), "line 102: more than 100 aliases"),
        ("a: &a [*a]\n", "nested deeper than 40, aliases followed"),
        ("a: [\n", "not valid YAML"),
        ("\x00", "not valid YAML"),
        ("a: " + "x" * (1 << 20), "larger than 1 MiB"),
        ("? [a]\n: 1\n", "a list or map is used as a key"),
    ],
)
def test_yaml_that_is_not_read(text: str, why: str) -> None:
    assert why in refused(text)[0]


def test_aliases_cannot_grow_without_bound() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]\n" for p, n in zip("abcdef", "bcdefg", strict=True)
    )
    assert "values, aliases followed" in refused(bomb)[0]


def test_anchors_and_merges_are_followed_and_words_stay_words() -> None:
    read = plan(
        "apiVersion: mlcd.dev/v1\n"
        "checks:\n"
        "  - &one {name: a, kind: lint, tool: ruff, environment: {FLAG: no, VERSION: 1.20, AT: '12:30'}}\n"
        "  - {<<: *one, name: b}\n"
    )
    assert [check.name for check in read.checks] == ["a", "b"]
    assert read.checks[1].spec.environment == {"FLAG": "no", "VERSION": "1.20", "AT": "12:30"}


def test_the_digest_follows_what_decides_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text("def test_a(): pass\n")
    base = plan(GOOD, tmp_path)
    assert plan(GOOD.replace("churn:1.4.2", "churn:1.4.3"), tmp_path).digest == base.digest
    assert (
        plan(
            "# a comment\n" + GOOD.replace("name: types, kind: typecheck", "kind: typecheck, name: types"), tmp_path
        ).digest
        == base.digest
    )
    limits = plan(GOOD.replace("512Mi", "1Gi"), tmp_path)
    assert all(a.digest != b.digest for a, b in zip(base.checks, limits.checks, strict=True))
    built = plan(GOOD.replace("slim", "full"), tmp_path)
    assert [a.digest == b.digest for a, b in zip(base.checks, built.checks, strict=True)] == [False, True, True]
    (tmp_path / "tests" / "test_a.py").write_text("def test_a(): assert False\n")
    changed = plan(GOOD, tmp_path)
    assert changed.digest != base.digest
    assert [a.digest == b.digest for a, b in zip(base.checks, changed.checks, strict=True)] == [True, False, True]
    (tmp_path / "tests" / "test_b.py").write_text("")
    assert plan(GOOD, tmp_path).digest != changed.digest


def test_a_named_file_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "secret").write_text("s")
    (folder / "tests").symlink_to(tmp_path / "secret")
    with pytest.raises(BadConfig, match="leads out"):
        plan(GOOD, folder)


def test_load_plan(tmp_path: Path) -> None:
    (tmp_path / "checks.yaml").write_text(GOOD)
    assert load_plan(tmp_path / "checks.yaml").folder == str(tmp_path)
    with pytest.raises(BadConfig, match="cannot be read: No such file"):
        load_plan(tmp_path / "absent.yaml")


@pytest.mark.parametrize("device", ["pipe", "/dev/zero"])
def test_a_plan_that_is_no_file_is_refused_at_once(tmp_path: Path, device: str) -> None:
    place = tmp_path / "checks.yaml"
    if device == "pipe":
        os.mkfifo(place)
    else:
        place.symlink_to(device)
    with pytest.raises(BadConfig, match="cannot be read: It is no file"):
        load_plan(place)


def test_a_plan_is_not_read_beyond_its_bound(tmp_path: Path) -> None:
    place = tmp_path / "checks.yaml"
    with place.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(BadConfig, match="cannot be read: It is larger than 1 MiB"):
        load_plan(place)


def test_the_published_schema_is_that_of_the_models() -> None:
    """Written anew by `python -m mlcd_tui.checks.plan_schema > sample_configs/checks.schema.json`."""
    assert (ROOT / "sample_configs" / "checks.schema.json").read_text() == written()


def test_the_schema_accepts_a_good_plan_and_refuses_a_misspelt_one() -> None:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(json.loads(written()))
    good: dict[str, Any] = yaml.safe_load(GOOD)
    assert list(validator.iter_errors(good)) == []
    good["checks"][0]["tol"] = "ruff"
    assert len(list(validator.iter_errors(good))) == 1


@given(
    text=st.one_of(st.binary(max_size=200), st.text(alphabet="ab:-{}[]&*!<>|'\" \n#,?", max_size=80).map(str.encode))
)
@settings(max_examples=300, deadline=None)
def test_whatever_the_bytes_a_sentence(text: bytes) -> None:
    with pytest.raises(BadConfig):
        parse_plan(text, "checks.yaml", ROOT)


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_a_value_a_sentence(data: st.DataObject) -> None:
    document: Any = yaml.safe_load(GOOD)
    here, key = document, data.draw(st.sampled_from(list(document)))
    while isinstance(here[key], dict | list) and here[key] and data.draw(st.booleans()):
        here = here[key]
        key = data.draw(st.sampled_from(list(here) if isinstance(here, dict) else range(len(here))))
    here[key] = data.draw(
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([[]]), st.just({"a": {}})
        )
    )
    try:
        parse_plan(json.dumps(document).encode(), "checks.yaml", ROOT / "tests" / "nowhere")
    except BadConfig as problem:
        sentence = problem.sentence
    else:
        sentence = "."
    assert sentence.endswith(".")
