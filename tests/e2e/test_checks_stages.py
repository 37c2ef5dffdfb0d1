"""Build stages on a real Docker Engine, by the classic builder and by the best one that this machine has."""

from __future__ import annotations

import hashlib
import io
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from docker.errors import APIError

from mlcd_tui.checks.plan import load_plan
from mlcd_tui.checks.run import run_plan
from mlcd_tui.checks.runner import leavings
from mlcd_tui.checks.runner.belongings import OURS, OWNER
from mlcd_tui.checks.runner.builder import ClassicBuilder, Order
from mlcd_tui.checks.runner.buildx import best_builder
from mlcd_tui.checks.runner.context import Context
from mlcd_tui.checks.runner.engine import connect
from mlcd_tui.checks.runner.output import Lines, Output
from mlcd_tui.checks.runner.trees import tree
from mlcd_tui.domain.check_ports import Command, Limits, Ran
from mlcd_tui.domain.checks import CheckResult, CheckState
from mlcd_tui.domain.errors import BadConfig, Missing, Unreadable
from tests.e2e.docker.bench import Tried, trying

DOCKERFILE = """FROM {base} AS base
WORKDIR /app
COPY . .
FROM base AS lint
RUN mkdir /out && echo '[]' > /out/lint.json && echo linted {salt}
FROM base AS tests
RUN echo 'E   assert 1 == 2'; exit 3
FROM base AS slow
RUN sleep 99
FROM base AS outward
RUN python3 -c "import socket; socket.create_connection(('192.0.2.1', 80), 2)"
FROM base
CMD ["python3"]
"""


@pytest.fixture(params=[ClassicBuilder, best_builder], ids=["classic", "best"])
def tried(request: pytest.FixtureRequest, docker_host: str, docker_base: str, tmp_path: Path) -> Iterator[Tried]:
    salt = f"{os.getpid()}-{tmp_path.name}-{time.time_ns()}"
    (tmp_path / "Dockerfile").write_text(DOCKERFILE.format(base=docker_base, salt=salt))
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "secret.key").write_text("not for the engine")
    (tmp_path / ".dockerignore").write_text("# what nobody needs\n*.key\ndata\n")
    with trying(docker_host, docker_base, tmp_path, request.param) as it:
        yield it
        for stage in it.workshop._stages.values():
            if stage.image:
                it.workshop.engine.api.remove_image(stage.image, force=True)
        leavings.forget(it.workshop.engine, leavings.prefix(tmp_path))


def stage(target: str, seconds: float = 120, report: str = "") -> Command:
    return Command((), Limits(seconds=seconds), target, report=report)


def test_a_stage_is_a_check_with_its_report_and_says_when_it_was_cached(tried: Tried) -> None:
    assert tried.workshop.builder is not None
    ran = tried.run(stage("lint", report="/out/lint.json"))
    assert (ran.exit_code, ran.report, ran.from_cache) == (0, b"[]\n", False)
    assert f"build stage lint: {tried.workshop.builder.name}" in tried.lines
    assert any("linted" in line for line in tried.lines)
    tried.workshop._stages.clear()  # as the next run would
    again = tried.run(stage("lint", report="/out/lint.json"))
    assert (again.report, again.from_cache, again.ran_on) == (b"[]\n", True, ran.ran_on)


def test_a_report_that_came_with_the_build_context_is_none_of_the_stage(tried: Tried) -> None:
    """One of an earlier run on the developer's machine would pass for ever."""
    assert tried.workshop.context is not None
    folder = tried.workshop.context.folder
    (folder / "junit.xml").write_text("<testsuite><testcase name='old'/></testsuite>")
    with pytest.raises(Unreadable, match=r"is junit.xml of the build context, byte for byte"):
        tried.run(stage("lint", report="/app/junit.xml"))
    (folder / ".dockerignore").write_text("junit.xml\n")
    tried.workshop._stages.clear()
    assert tried.run(stage("lint", report="/app/junit.xml")).report is None


BAKED = """FROM {base} AS base
RUN mkdir /out && echo '<testsuite><testcase name="old"/></testsuite>' > /out/junit.xml
"""


@pytest.fixture
def baked(tried: Tried, docker_base: str) -> Iterator[str]:
    """An image from elsewhere with a report in it, written by a RUN of its own only just now."""
    api = tried.workshop.engine.api
    name = f"mlcd-e2e-baked-{os.getpid()}:1"
    dockerfile = io.BytesIO(BAKED.format(base=docker_base).encode())
    for event in api.build(fileobj=dockerfile, tag=name, rm=True, network_mode="none", decode=True):
        assert "error" not in event, event
    yield name
    api.remove_image(name, force=True)


def test_a_report_that_the_base_or_the_context_brings_along_is_none_of_the_stage(
    tried: Tried, baked: str, docker_base: str
) -> None:
    """Under whatever name it was copied; one of the stage's own counts, from the cache as well."""
    assert tried.workshop.context is not None
    folder = tried.workshop.context.folder
    salt = f"{time.time_ns()}"

    def reports(dockerfile: str) -> Ran:
        (folder / "Dockerfile").write_text(dockerfile)
        tried.workshop._stages.clear()
        return tried.run(stage("tests", report="/out/junit.xml"))

    time.sleep(4)  # longer than what clocks may differ by
    with pytest.raises(Unreadable, match="was there before: no RUN instruction of the stage has written it"):
        reports(f"FROM {baked} AS tests\nRUN echo {salt}\n")
    old = folder / "last-week.xml"
    old.write_text("<testsuite/>")
    os.utime(old, (time.time() - 600_000,) * 2)
    with pytest.raises(Unreadable, match="no RUN instruction of the stage has written it"):
        reports(f"FROM {docker_base} AS tests\nCOPY last-week.xml /out/junit.xml\nRUN echo {salt}\n")
    old.write_text("<testsuite>" + "<testcase name='a'/>" * 9 + "</testsuite>")
    with pytest.raises(Unreadable, match=r"is last-week.xml of the build context, byte for byte"):
        reports(f"FROM {docker_base} AS tests\nCOPY last-week.xml /a.xml\nRUN mkdir /out; cp /a.xml /out/junit.xml\n")
    own = f"FROM {baked} AS tests\nRUN echo '<new/> {salt}' > /out/junit.xml\n"
    assert reports(own).report == f"<new/> {salt}\n".encode()
    time.sleep(4)
    again = reports(own)
    assert (again.report, again.from_cache) == (f"<new/> {salt}\n".encode(), True)


def test_a_tool_runs_in_a_stage_and_not_in_the_image(tried: Tried) -> None:
    ran = tried.run(Command(("python3", "-c", "import os; print(sorted(os.listdir('.')))"), target="lint"))
    assert ran.stdout == b"['.dockerignore', 'Dockerfile', 'app.py']\n"
    assert ran.ran_on != tried.workshop.image.config_digest
    assert not ran.from_cache
    assert tried.bench().file("app.py", target="lint") == b"x = 1\n"


def test_a_stage_is_seen_as_it_is_beside_the_image(tried: Tried) -> None:
    """Its own working directory and files, not those of what ships."""
    bench = tried.bench()
    assert bench.config("lint")["Config"]["WorkingDir"] == "/app"
    assert bench.config()["Config"]["WorkingDir"] != "/app"
    found = bench.tree("/app", "lint")
    assert found["/app/app.py"] == f"sha256:{hashlib.sha256(b'x = 1' + bytes([10])).hexdigest()}"
    assert sorted(found) == ["/app/.dockerignore", "/app/Dockerfile", "/app/app.py"]
    assert bench.tree("/etc/alternatives")["/etc/alternatives/awk"].startswith("link:")
    with pytest.raises(Missing, match="has no /app"):
        bench.tree("/app")
    workshop = tried.workshop
    with pytest.raises(Unreadable, match="/usr is too large to be compared"):
        tree(workshop.engine, workshop.reader(workshop.image.config_digest), "/usr", 1 << 20)


SHIPPED = """FROM {base} AS dev
WORKDIR /app
COPY app.py t.py ./
FROM {base}
WORKDIR /app
COPY app.py ./
"""
JUNIT = "open('/out/j.xml', 'w').write('<testsuite><testcase name=\"a\"/></testsuite>')"


def test_tests_of_newer_source_do_not_speak_for_an_older_image(
    docker_host: str, docker_base: str, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(SHIPPED.format(base=docker_base))
    (tmp_path / "app.py").write_text(f"x = {time.time_ns()}\n")
    (tmp_path / "t.py").write_text("import app\n")
    check: dict[str, object] = {
        "name": "t",
        "kind": "tests",
        "target": "dev",
        "parser": "junit",
        "report": "/out/j.xml",
    }
    check["command"] = ["python3", "-c", JUNIT]
    plan = {"apiVersion": "mlcd.dev/v1", "kind": "CheckPlan", "build": {"context": "."}, "checks": [check]}
    (tmp_path / "checks.yaml").write_text(json.dumps(plan))
    engine = connect(docker_host)
    images: list[str] = []
    try:
        context = Context(tmp_path)
        built = ClassicBuilder(engine).build(Order(context, "", {OWNER: OURS}), Output(Lines(print)), lambda: False)
        images.append(str(engine.inspect(built.image)["Id"]))

        def checked() -> CheckResult:
            *_, last = run_plan(load_plan(tmp_path / "checks.yaml"), images[0], engine=engine)
            assert last.run is not None
            images.append(last.run.results[0].ran_on)
            return last.run.results[0]

        same = checked()
        assert (same.state, same.shipped) == (CheckState.PASSED, "same: 1 file")
        (tmp_path / "app.py").write_text("x = 2\n")
        newer = checked()
        assert newer.state is CheckState.STALE
        assert newer.reason == "build stage dev is not what the image ships: /app/app.py differs"
    finally:
        for image in dict.fromkeys(images[::-1]):
            with suppress(APIError):
                engine.api.remove_image(image, force=True)
        leavings.forget(engine, leavings.prefix(tmp_path))
        engine.close()


CHAIN = """FROM {base} AS trained
RUN echo {salt} > /model
FROM {base} AS dev
COPY --from=trained /model /model
"""


def test_what_a_build_leaves_in_between_has_a_name_and_goes_with_the_next_build(tried: Tried, docker_base: str) -> None:
    """Images without name or label could not be told from everybody else's, and would stay for ever."""
    assert tried.workshop.context is not None
    assert tried.workshop.builder is not None
    folder, api = tried.workshop.context.folder, tried.workshop.engine.api

    def nameless() -> set[str]:
        return {one["Id"] for one in api.images(filters={"dangling": True}) if not one["Labels"]}

    def left() -> list[str]:
        start = f"{leavings.REPOSITORY}:{leavings.prefix(folder)}"
        tags = [tag for one in api.images(name=leavings.REPOSITORY) for tag in one["RepoTags"] or ()]
        return [tag for tag in tags if tag.startswith(start)]

    def build(dockerfile: str, target: str) -> Ran:
        (folder / "Dockerfile").write_text(dockerfile)
        tried.workshop._stages.clear()
        return tried.run(stage(target))

    made_by_us = isinstance(tried.workshop.builder, ClassicBuilder)
    before = nameless()
    first = CHAIN.format(base=docker_base, salt=f"a{time.time_ns()}")
    assert build(first, "dev").exit_code == 0
    assert len(left()) == made_by_us
    (kept,) = left() or [""]
    assert build(first, "dev").exit_code == 0
    assert left() == [kept] * made_by_us  # the cache holds
    assert build(CHAIN.format(base=docker_base, salt=f"b{time.time_ns()}"), "dev").exit_code == 0
    assert len(left()) == made_by_us
    assert kept not in left()
    failing = f"FROM {docker_base} AS dev\nRUN echo {time.time_ns()} > /x\nRUN exit 3\n"
    assert build(failing, "dev").exit_code == 3
    assert len(left()) == 2 * made_by_us
    assert nameless() - before == set()


def test_a_stage_that_fails_is_its_check_s_failure_alone(tried: Tried) -> None:
    """The stage above it fails too, and has nothing to do with it."""
    failed = tried.run(stage("tests"))
    assert failed.exit_code == 3
    assert any("E   assert 1 == 2" in line for line in tried.lines)
    outward = tried.run(stage("outward"))
    assert outward.exit_code == 1
    assert any("Network is unreachable" in line for line in tried.lines)


@pytest.mark.parametrize("way", ["deadline", "cancel"])
def test_a_stage_without_an_end_is_ended(tried: Tried, way: str) -> None:
    off = threading.Timer(2, lambda: None)
    off.start()
    begun = time.monotonic()
    ran = tried.run(stage("slow", 2 if way == "deadline" else 60), lambda: way == "cancel" and not off.is_alive())
    assert time.monotonic() - begun < 20
    assert (ran.timed_out, ran.cancelled) == (way == "deadline", way == "cancel")
    for _ in range(100):
        building = [one for one in tried.workshop.engine.api.containers() if "sleep 99" in one["Command"]]
        if not building:
            break
        time.sleep(0.1)
    assert building == []


def test_a_context_of_gigabytes_is_told_before_it_is_sent(tried: Tried) -> None:
    folder = tried.workshop.context.folder if tried.workshop.context else Path()
    (folder / "data").mkdir()
    with (folder / "data" / "train.parquet").open("wb") as sparse:
        sparse.truncate(3 << 30)
    assert tried.run(stage("lint")).exit_code == 0  # .dockerignore names it
    (folder / ".dockerignore").unlink()
    tried.workshop._stages.clear()
    begun = time.monotonic()
    with pytest.raises(BadConfig, match=r"has 3\.0 GiB, 3\.0 GiB of them in data/train\.parquet"):
        tried.run(stage("lint"))
    assert time.monotonic() - begun < 5


def test_a_stage_needs_a_folder_with_a_dockerfile(docker_host: str, docker_base: str, tmp_path: Path) -> None:
    with trying(docker_host, docker_base) as tried, pytest.raises(BadConfig, match="no folder to build it from"):
        tried.run(stage("lint"))
    with trying(docker_host, docker_base, tmp_path, ClassicBuilder) as tried:
        with pytest.raises(Missing, match="no Dockerfile in"):
            tried.run(stage("lint"))
        tried.workshop.context = Context(tmp_path / "nowhere")
        with pytest.raises(Missing, match="There is no folder"):
            tried.run(stage("lint"))
