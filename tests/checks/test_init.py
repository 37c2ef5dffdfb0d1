"""A first plan, from what lies in a folder or in an image."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.init import write_plan
from mlcd_tui.checks.plan import Plan, load_plan
from mlcd_tui.domain.errors import BadConfig
from tests.checks.fake_bench import FakeBench

DOCKERFILE = """\
FROM base@sha256:aa AS build
FROM build AS dev
FROM base@sha256:aa
LABEL org.opencontainers.image.revision=$REVISION
EXPOSE 9000 9001/udp
"""


def written(folder: Path, image: str = "", bench: FakeBench | None = None) -> tuple[Plan, str]:
    place = write_plan(folder, image, bench)
    return load_plan(place), place.read_text()


def test_a_folder_with_everything(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["fastapi>=0.1"]\n[tool.ruff.format]\n[tool.mypy]\nstrict = true\n'
    )
    (tmp_path / "setup.cfg").write_text("[flake8]\nmax-line-length = 120\n")
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "snapshots").mkdir()
    plan, text = written(tmp_path, "registry.example/churn:1")
    assert plan.image == "registry.example/churn:1"
    assert [(check.name, check.kind, check.spec.stage()) for check in plan.checks] == [
        ("ruff", "lint", "dev"),
        ("ruff-format", "lint", "dev"),
        ("flake8", "lint", "dev"),
        ("typecheck", "typecheck", "dev"),
        ("tests", "tests", "dev"),
        ("image", "image", ""),
        ("schema", "endpoint_schema", ""),
        ("golden", "snapshot", ""),
    ]
    rules = plan.checks[5].spec
    assert (rules.ports, rules.dockerfile) == (("9000", "9001/udp"), "Dockerfile")
    assert plan.checks[6].spec.serving().port == 9000
    assert "# found: [tool.mypy] in pyproject.toml" in text
    assert "FastAPI among its requirements" in text


def test_an_empty_folder_still_has_the_image_to_check(tmp_path: Path) -> None:
    plan, text = written(tmp_path)
    assert [check.kind for check in plan.checks] == ["image"]
    assert "kind: endpoint_schema" in text


@pytest.mark.parametrize(
    ("file", "content", "source", "ready"),
    [
        ("model-settings.json", '{"name": "churn"}', {"openinference": "churn"}, "/v2/health/ready"),
        ("model-settings.json", '{"name": "x: [", "a": 1}', {"openinference": "model"}, "/v2/health/ready"),
        ("MLmodel", "flavors: {}", {"mlflow": "/opt/ml/model/MLmodel"}, "/ping"),
        ("cog.yaml", "", {"openapi": "/openapi.json"}, "/health-check"),
        ("bentofile.yaml", "", {"openapi": "/docs.json"}, "/readyz"),
    ],
)
def test_how_it_serves_is_known_by_its_files(
    tmp_path: Path, file: str, content: str, source: dict[str, str], ready: str
) -> None:
    (tmp_path / file).write_text(content)
    plan, _ = written(tmp_path)
    spec = plan.checks[-1].spec
    assert spec.source.model_dump(exclude_none=True) == source
    assert spec.serving().ready == ready


def test_an_image_tells_of_itself(tmp_path: Path) -> None:
    config = {
        "WorkingDir": "/srv",
        "ExposedPorts": {"5000/tcp": {}},
        "Labels": {"run.cog.openapi_schema": "{}", "org.opencontainers.image.revision": "ab"},
    }
    bench = FakeBench(inspection={"Config": config}, files={"/srv/ruff.toml": b"", "/srv/mypy.ini": b"[mypy]\n"})
    plan, _ = written(tmp_path, "churn", bench)
    assert [check.name for check in plan.checks] == ["lint", "typecheck", "image", "schema"]
    assert plan.checks[2].spec.labels == {"org.opencontainers.image.revision": "[0-9a-f]{40}"}
    assert plan.checks[3].spec.serving().port == 5000


UVICORN = {"Cmd": ["uvicorn", "scorer.app:app", "--port", "8123"], "Env": ["PATH=/opt/venv/bin:/usr/bin"]}
FASTAPI = {"/opt/venv/lib/python3.12": b"", "/opt/venv/lib/python3.12/site-packages/fastapi": b""}
HEALTH = {"Test": ["CMD-SHELL", "curl -f http://localhost:9001/v2/health/ready || exit 1"]}


@pytest.mark.parametrize(
    ("config", "files", "source", "port", "ready"),
    [
        (UVICORN, FASTAPI, {"openapi": "/openapi.json"}, 8123, "/openapi.json"),
        (
            UVICORN | {"Healthcheck": {"Test": ["CMD", "python", "-c", "urlopen('http://127.0.0.1:8000/health')"]}},
            FASTAPI,
            {"openapi": "/openapi.json"},
            8000,
            "/health",
        ),
        (
            {"Entrypoint": ["/bin/sh", "-c"], "Cmd": ["exec mlflow models serve -m /srv/model --port=5001"]},
            {"/srv/model/MLmodel": b""},
            {"mlflow": "/srv/model/MLmodel"},
            5001,
            "/ping",
        ),
        ({"WorkingDir": "/srv"}, {"/srv/model/MLmodel": b""}, {"mlflow": "/srv/model/MLmodel"}, 8080, "/ping"),
        ({"Cmd": ["start"], "Healthcheck": HEALTH}, {}, {"openinference": "model"}, 9001, "/v2/health/ready"),
        ({"Cmd": ["/usr/bin/mlserver", "start", "."]}, {}, {"openinference": "model"}, 8080, "/v2/health/ready"),
        ({"Cmd": ["python", "-m", "cog.server.http"]}, {}, {"openapi": "/openapi.json"}, 8000, "/health-check"),
        ({"Cmd": ["bentoml", "serve", "--port", "3000"]}, {}, {"openapi": "/docs.json"}, 3000, "/readyz"),
    ],
)
def test_how_an_image_serves_is_known_by_its_command_and_its_health_check(
    tmp_path: Path, config: dict[str, Any], files: dict[str, bytes], source: dict[str, str], port: int, ready: str
) -> None:
    plan, text = written(tmp_path, "churn", FakeBench(inspection={"Config": config}, files=files))
    spec = plan.checks[-1].spec
    assert spec.source.model_dump(exclude_none=True) == source
    assert (spec.serving().port, spec.serving().ready) == (port, ready)
    assert ("a guess: nothing says the model's name" in text) is ("openinference" in source)


@pytest.mark.parametrize(
    "config",
    [
        UVICORN,  # any other framework
        {"Cmd": ["mlflow", "models", "serve", "-m", "models:/churn/3"]},
        {"Cmd": ["sh", "-c", "echo 'unclosed"], "Entrypoint": "text", "Env": {"PATH": 3}},
        {"Cmd": [3, None], "Healthcheck": {"Test": "CMD http://localhost/v2/health/ready"}},
        {"Healthcheck": []},
    ],
)
def test_an_image_that_does_not_tell_leaves_it_to_be_said(tmp_path: Path, config: dict[str, Any]) -> None:
    plan, text = written(tmp_path, "churn", FakeBench(inspection={"Config": config}))
    assert [check.kind for check in plan.checks] == ["image"]
    assert "Nothing tells how it serves" in text


def test_hostile_names_do_not_reach_the_plan(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM a AS dev\nEXPOSE 80:\\ x $PORT\n")
    (tmp_path / "pyproject.toml").write_text("[tool\nbroken")
    (tmp_path / "setup.cfg").write_text("no section\n")
    plan, _ = written(tmp_path, "x\nchecks: []")
    assert (plan.image, plan.checks[0].spec.ports) == ("", None)


def test_a_plan_that_is_there_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "checks.yaml").write_text("mine")
    with pytest.raises(BadConfig, match="is there already"):
        write_plan(tmp_path)
    assert (tmp_path / "checks.yaml").read_text() == "mine"
    with pytest.raises(BadConfig, match="cannot be written"):
        write_plan(tmp_path / "absent")


@pytest.mark.parametrize("name", ["Dockerfile", "requirements.txt", "pyproject.toml"])
def test_a_pipe_in_the_folder_is_not_waited_for_and_a_device_not_read(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    (tmp_path / "setup.cfg").symlink_to("/dev/zero")
    plan, _ = written(tmp_path)
    assert [check.name for check in plan.checks] == ["image"]
