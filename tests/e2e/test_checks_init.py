"""`checks init --from-image` on real images: the plan that it writes runs as it stands, and says what it does not know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlcd_tui.checks.plan import Plan, load_plan
from tests.e2e.checks.samples import Bases, bases, built, copied, forget
from tests.e2e.checks.variants import MLFLOW, SCORER, SERVER
from tests.e2e.command import Said, mlcd


@pytest.fixture(scope="module")
def images(docker_host: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bases]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DOCKER_HOST", docker_host)
        yield bases()
        forget(tmp_path_factory.getbasetemp())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of somebody who has an image and nothing else."""
    for name in ("config", "state"):
        monkeypatch.setenv(f"MLCD_{name.upper()}_DIR", str(tmp_path / "home" / name))
    place = tmp_path / "empty"
    place.mkdir()
    return place


def written(folder: Path, image: str) -> tuple[Plan, str]:
    """The plan that the command writes."""
    said = mlcd("checks", "init", str(folder), "--from-image", "--image", image, seconds=120)
    assert said.code == 0, said.err
    return load_plan(folder / "checks.yaml"), (folder / "checks.yaml").read_text("utf-8")


def run(folder: Path) -> Said:
    """All that the plan has, on the image that it names."""
    return mlcd("checks", "run", "--plan", str(folder / "checks.yaml"), "--quiet", "-o", "json", seconds=300)


@pytest.mark.parametrize(
    ("name", "source", "port", "ready"),
    [
        (SCORER, {"openapi": "/openapi.json"}, 8000, "/health"),
        (MLFLOW, {"mlflow": "/opt/ml/model/MLmodel"}, 8080, "/ping"),
        (SERVER, {"openinference": "model"}, 8080, "/v2/health/ready"),
    ],
)
def test_a_served_model_tells_how_it_serves_and_meets_its_first_plan(
    images: Bases, tmp_path: Path, folder: Path, name: str, source: dict[str, str], port: int, ready: str
) -> None:
    image = built(copied(name, tmp_path, images), f"{name}-init")
    plan, text = written(folder, image)
    assert [check.name for check in plan.checks] == ["image", "schema"]
    rules, schema = (check.spec for check in plan.checks)
    assert (rules.ports, rules.labels) == ((f"{port}/tcp",), {"org.opencontainers.image.revision": "[0-9a-f]{40}"})
    assert schema.source.model_dump(exclude_none=True) == source
    assert (schema.serving().port, schema.serving().ready) == (port, ready)
    if name == SERVER:
        assert "a guess: nothing says the model's name" in text
        (folder / "checks.yaml").write_text(text.replace("openinference: model", "openinference: delivery"))
    said = run(folder)
    assert said.code == 0, said.err + said.out
    # the scoring server of MLflow itself answers 500 to a hundred thousand brackets, which is told and no failure
    schema_state = "warned" if name == MLFLOW else "passed"
    assert {each["name"]: each["state"] for each in said.json["results"]} == {"image": "passed", "schema": schema_state}
    again = mlcd("checks", "init", str(folder), "--from-image", "--image", image, seconds=120)
    assert (again.code, again.out) == (2, "")
    assert "is there already" in again.err


def test_a_bare_image_has_only_itself_to_be_checked(docker_base: str, images: Bases, folder: Path) -> None:
    del images  # sets the engine
    plan, text = written(folder, docker_base)
    assert [check.kind for check in plan.checks] == ["image"]
    assert plan.image == docker_base
    assert "Nothing tells how it serves" in text
    said = run(folder)
    assert said.code == 1, said.err
    (result,) = said.json["results"]
    assert "non-root" in {finding["rule"] for finding in result["report"]["findings"]}


def test_an_image_that_is_not_there_is_told_and_nothing_is_written(images: Bases, folder: Path) -> None:
    del images
    said = mlcd("checks", "init", str(folder), "--from-image", "--image", "mlcd-no-such-image:1", seconds=120)
    assert said.code == 1, said
    assert len(said.err.splitlines()) == 1
    assert list(folder.iterdir()) == []
