"""The image itself: each rule finds what it is for, and says nothing of a good image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.kinds._dockerfile import instructions
from mlcd_tui.checks.kinds._reproducible import examine
from mlcd_tui.checks.plan import KINDS
from mlcd_tui.domain.checks import CheckResult, CheckState
from tests.checks.fake_bench import FakeBench

PASSWD = b"root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nmodel:x:10001:10001::/app:/bin/false\n"
GOOD: dict[str, Any] = {
    "User": "model",
    "Env": [
        "PATH=/usr/bin",
        "TOKENIZERS_PARALLELISM=false",
        "TOKEN_FILE=/run/t",
        "DB_PASSWORD_FILE=/run/p",
        "API_KEY=",
    ],
    "Labels": {"org.opencontainers.image.revision": "0" * 40},
    "ExposedPorts": {"8000/tcp": {}},
    "Entrypoint": ["python3", "-m", "churn"],
    "Healthcheck": {"Test": ["CMD", "true"]},
}
ASKED: dict[str, Any] = {
    "labels": {"org.opencontainers.image.revision": "[0-9a-f]{40}"},
    "max_size": "200Mi",
    "ports": ["8000"],
    "platform": "linux/amd64",
    "healthcheck": True,
    "files": ["/etc/passwd"],
}


def run(config: dict[str, Any], folder: str = ".", size: int = 1000, **part: Any) -> CheckResult:
    inspection = {"Config": config, "Size": size, "Os": "linux", "Architecture": "amd64"}
    check = KINDS.load("image")
    spec = check.model.model_validate({"name": "image", "kind": "image", **part})
    return check.run(spec, FakeBench(inspection=inspection, files={"/etc/passwd": PASSWD}), folder, lambda _: None)


def test_a_good_image_meets_every_rule() -> None:
    result = run(GOOD, **ASKED)
    assert (result.state, result.sentence) == (CheckState.PASSED, "9 rules met")
    assert result.report.findings == ()


@pytest.mark.parametrize(
    ("change", "rule", "message"),
    [
        ({"User": ""}, "non-root", "It names no user, so it runs as root"),
        ({"User": "0:1000"}, "non-root", "It runs as root (user 0:1000)"),
        ({"User": "00"}, "non-root", "It runs as root (user 00)"),
        ({"User": "root"}, "non-root", "User root is root (uid 0 in /etc/passwd)"),
        ({"User": "toor:model"}, "non-root", "User toor is root (uid 0 in /etc/passwd)"),
        ({"User": "nobody"}, "non-root", "User nobody is not in /etc/passwd, so the image cannot start"),
        ({"Labels": None}, "label", "It has no label org.opencontainers.image.revision"),
        ({"Labels": {"org.opencontainers.image.revision": "0" * 40 + "-dirty"}}, "label", "does not fit"),
        ({"ExposedPorts": {"8000/tcp": {}, "22/tcp": {}}}, "ports", "Its ports: 22/tcp, 8000/tcp, 8000/tcp expected"),
        ({"Env": ["DB_PASSWORD=hunter2"]}, "secrets", "Variable DB_PASSWORD is called like a secret and is not empty"),
        ({"Env": ["PGPASSWORD=123456"]}, "secrets", "Variable PGPASSWORD is called like a secret and is not empty"),
        ({"Env": ["DB_PASS=hunter2"]}, "secrets", "Variable DB_PASS is called like a secret and is not empty"),
        ({"Env": ["X=AKIA" + "A" * 16]}, "secrets", "Variable X holds an AWS access key"),
        (
            {"Env": ["MLFLOW_URI=https://me:hunter2@mlflow/"]},
            "secrets",
            "Variable MLFLOW_URI holds a password within an address",
        ),
        ({"Labels": {**GOOD["Labels"], "x": "hf_" + "a" * 34}}, "secrets", "Label x holds a Hugging Face token"),
        ({"Entrypoint": ["serve", "--key", "AKIA" + "B" * 16]}, "secrets", "What it starts holds an AWS access key"),
        ({"Entrypoint": None, "Cmd": []}, "command", "It has neither an entrypoint nor a command"),
        ({"Healthcheck": {"Test": ["NONE"]}}, "health check", "It has no health check"),
    ],
)
def test_each_rule_finds_its_fault_and_nothing_else(change: dict[str, Any], rule: str, message: str) -> None:
    result = run({**GOOD, **change}, **ASKED)
    assert result.state is CheckState.FAILED
    (found,) = result.report.findings
    assert found.rule == rule
    assert message in found.message
    assert result.sentence == "8 of 9 rules met"
    assert "hunter2" not in str(result)


def test_size_platform_and_files() -> None:
    part = {**ASKED, "platform": "linux/arm64", "files": ["/opt/model.pkl"]}
    result = run(GOOD, size=300 << 20, **part)
    assert [one.message for one in result.report.findings] == [
        "It has 315 MB, at most 210 are allowed",
        "Its platform: linux/amd64, linux/arm64 expected",
        "/opt/model.pkl is not in it",
    ]


def test_what_is_called_like_a_secret_and_is_none() -> None:
    config = {**GOOD, "Env": ["EOS_TOKEN=</s>", "PAD_TOKEN=[PAD]", "MAX_TOKEN=512", "GPG_KEY=7169605F", "PWD=/app"]}
    assert run(config).state is CheckState.PASSED
    config["Env"] = ["SEP_TOKEN=###"]
    assert run(config).state is CheckState.FAILED
    assert run(config, not_secret=["SEP_TOKEN"]).state is CheckState.PASSED


def test_an_image_without_a_configuration_is_told_not_tripped_over() -> None:
    assert [one.rule for one in run({}).report.findings] == ["non-root", "command"]


DOCKERFILE = r"""# syntax=docker/dockerfile:1
ARG BASE=python:3.12-slim
FROM ${BASE} AS build
ADD https://example.org/model.bin /opt/model.bin
ADD --checksum=sha256:aa https://example.org/other.bin /opt/
RUN apt-get update && apt-get install -y \
    # a comment within
    gcc libfoo=1.2-3
RUN curl -sSL https://example.org/install | sh
RUN pip install --no-cache-dir numpy==2.1.0 "pandas>=2" \
    git+https://example.org/a.git@v1 -i https://index.example/simple
RUN pip install -r requirements.txt
COPY absent.txt src/ /app/
COPY . /app
ENV API_TOKEN=abc MODE=prod
RUN <<EOF
wget -qO- https://example.org/x | bash
EOF
FROM build AS test
FROM python@sha256:aaaa
COPY --from=build /opt /opt
"""


def test_a_dockerfile_that_builds_something_else_every_day(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "requirements.txt").write_text(
        "numpy==2.1.0 \\\n  --hash=sha256:aa\nscipy==1.0\n# no\nrequests\n-r more.txt\n"
    )
    found = examine(DOCKERFILE, "Dockerfile", tmp_path)
    assert [(one.rule, one.file, one.line) for one in found] == [
        ("base-not-pinned", "Dockerfile", 3),
        ("download-without-checksum", "Dockerfile", 4),
        ("system-packages-not-pinned", "Dockerfile", 6),
        ("piped-to-shell", "Dockerfile", 9),
        ("packages-not-pinned", "Dockerfile", 10),
        ("packages-not-pinned", "requirements.txt", 5),
        ("no-hashes", "Dockerfile", 12),
        ("not-at-hand", "Dockerfile", 13),
        ("no-dockerignore", "Dockerfile", 14),
        ("secret-in-dockerfile", "Dockerfile", 15),
        ("piped-to-shell", "Dockerfile", 16),
    ]
    assert "python:3.12-slim" in found[0].message
    assert found[0].context[1] == (2, "ARG BASE=python:3.12-slim")
    assert found[4].message == "Packages without an exact version: pandas>=2, git+https://example.org/a.git@v1"
    assert "abc" not in found[9].message


def test_a_dockerfile_whose_parts_are_pinned_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text("numpy==2.1.0 --hash=sha256:aa\n")
    (tmp_path / "wheels").mkdir()
    text = (
        "# escape=`\nFROM python:3.12@sha256:aa\nCOPY requirements.lock wheels /w/\n"
        "RUN pip install --no-index --find-links /w/wheels `\n  --require-hashes -r /w/requirements.lock\nUSER 10001\n"
    )
    assert examine(text, "Dockerfile", tmp_path) == ()
    assert [(step.line, step.name) for step in instructions(text)][2:] == [(4, "RUN"), (6, "USER")]


def test_remarks_on_the_dockerfile_only_warn(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3\n")
    result = run(GOOD, str(tmp_path), dockerfile="Dockerfile")
    assert (result.state, result.sentence) == (CheckState.WARNED, "3 rules met, 1 remark on Dockerfile")
