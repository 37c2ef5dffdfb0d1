"""Copies of the sample models that an engine without a network can build, and their images."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from mlcd_tui.checks.runner import leavings
from mlcd_tui.checks.runner.belongings import STAGE

SAMPLES = Path(__file__).parents[3] / "sample_configs" / "checks"
NAMES = ("fastapi-scorer", "mlflow-model", "oip-server")
_SCRIPT = Path(__file__).parents[1] / "docker" / "samples.sh"
OWNER = "mlcd.owner=mlcd-tui-e2e"
REPOSITORY = f"mlcd-e2e-sample-{os.getpid()}"
"""Of this test run alone: another one may use the same engine."""


@dataclass(frozen=True, slots=True)
class Bases:
    """The images of this engine that stand for python:3.11-slim."""

    base: str
    builder: str


def bases() -> Bases:
    """Made by the script where they are missing: half a minute the first time, at once afterwards."""
    done = subprocess.run([str(_SCRIPT)], capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stderr
    told = dict(line.split("=", 1) for line in done.stdout.splitlines())
    return Bases(told["BASE"], told["BUILDER"])


def copied(name: str, into: Path, images: Bases) -> Path:
    """A sample that builds from `images`, all else as it ships."""
    folder = Path(
        shutil.copytree(SAMPLES / name, into / name, ignore=shutil.ignore_patterns("__pycache__", ".ruff_cache"))
    )
    dockerfile = folder / "Dockerfile"
    text = dockerfile.read_text(encoding="utf-8")
    for argument, image in (("BASE", images.base), ("BUILDER", images.builder)):
        text, count = re.subn(rf"(?m)^ARG {argument}=.*$", f"ARG {argument}={image}", text)
        assert count == 1, f"{name}: no ARG {argument}"
    dockerfile.write_text(text, encoding="utf-8")
    return folder


def built(folder: Path, tag: str, revision: str = "0" * 40) -> str:
    """The image that would ship, by the docker command as its users build it; its digest."""
    arguments = ("--label", OWNER, "--tag", f"{REPOSITORY}:{tag}", "--build-arg", f"REVISION={revision}")
    return _docker("build", "--quiet", "--network", "none", *arguments, str(folder)).splitlines()[-1]


def forget(folder: Path) -> None:
    """Remove this run's images of samples, and those of stages that were built from copies below `folder`."""
    tags = _docker("images", "--format", "{{.Repository}}:{{.Tag}}", REPOSITORY).splitlines()
    stages = _docker("images", "--all", "--quiet", "--no-trunc", "--filter", f"label={STAGE}").splitlines()
    marks: list[str] = []
    for image in dict.fromkeys(stages):
        mark = _docker("image", "inspect", "--format", f'{{{{index .Config.Labels "{STAGE}"}}}}', image)
        if mark.startswith(f"{folder.resolve()}/"):
            tags.append(image)
            marks.append(mark)
    for mark in marks:
        start = f"{leavings.REPOSITORY}:{leavings.prefix(Path(mark).parents[1])}"
        names = _docker("images", "--format", "{{.Repository}}:{{.Tag}}", leavings.REPOSITORY).splitlines()
        tags += [name for name in names if name.startswith(start)]
    tags = list(dict.fromkeys(tags))
    if tags:
        _docker("rmi", "--force", *tags)


def _docker(*arguments: str) -> str:
    environment = {**os.environ, "DOCKER_BUILDKIT": "0"}
    command = ["docker", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()
