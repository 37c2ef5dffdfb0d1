"""A plan's checks on a real Docker Engine: side by side, and whatever goes wrong is one sentence of one check."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import docker
import pytest

from mlcd_tui.checks.plan import BudgetPart, BuildPart, Plan, PlannedCheck
from mlcd_tui.checks.plan_model import CheckPart, LimitsPart
from mlcd_tui.checks.run import run_plan
from mlcd_tui.checks.runner.belongings import OURS, OWNER
from mlcd_tui.checks.runner.engine import connect
from mlcd_tui.domain.check_ports import Bench, Command, Limits, Progress, Serve
from mlcd_tui.domain.checks import CheckResult, CheckRun, CheckState
from mlcd_tui.domain.errors import BadConfig, Missing, Unreachable
from mlcd_tui.domain.text import clean
from tests.e2e.docker.engine import base_image, own_engine

Doing = Callable[[Bench, Callable[[str], None]], CheckState]


@dataclass(frozen=True, slots=True)
class Kind:
    """A check that does what a test wants; what it returns is its sentence."""

    do: Doing
    name: str = "tried"
    title: str = "Tried"
    model: type[Any] = CheckPart

    def files(self, spec: Any) -> tuple[str, ...]:
        return ()

    def run(self, spec: Any, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        return CheckResult(clean(spec.name), "tried", self.do(bench, log), clean("as it came"))


def python(code: str, **limits: Any) -> Doing:
    """A check that passes when a line of Python ends with 0."""

    def do(bench: Bench, log: Callable[[str], None]) -> CheckState:
        ran = bench.run(Command(("python3", "-c", code), LimitsPart(**limits).limits()), log)
        if ran.cancelled:
            return CheckState.CANCELLED
        if ran.timed_out:
            return CheckState.TIMED_OUT
        if ran.out_of_memory:
            return CheckState.OUT_OF_MEMORY
        return CheckState.FAILED if ran.exit_code else CheckState.PASSED

    return do


def plan_of(folder: Path, image: str = "", **checks: Doing) -> Plan:
    made = [
        PlannedCheck(
            name, "tried", CheckPart(name=name, kind="tried", limits=LimitsPart(cpus=0.4)), Kind(do), "sha256:c", {}
        )
        for name, do in checks.items()
    ]
    return Plan("checks.yaml", str(folder), image, BuildPart(), BudgetPart(), None, tuple(made), "sha256:plan")


def ran(told: Iterator[Progress]) -> tuple[CheckRun, list[Progress]]:
    """The whole run, and everything that was told."""
    every = list(told)
    assert every[-1].run is not None
    return every[-1].run, every


def states(run: CheckRun) -> dict[str, str]:
    return {str(result.name): result.state.value for result in run.results}


def test_one_check_s_fault_never_ends_another(
    docker_host: str, docker_base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", docker_host)

    def broken(bench: Bench, log: Callable[[str], None]) -> CheckState:
        raise ZeroDivisionError("a kind with\na fault")

    def unready(bench: Bench, log: Callable[[str], None]) -> CheckState:
        with bench.serve(Serve(8000, seconds=5, argv=("python3", "-c", "raise SystemExit('no weights')")), log):
            return CheckState.PASSED

    plan = plan_of(
        tmp_path,
        docker_base,
        good=python("print('hello')"),
        broken=broken,
        starving=python("x = b'x' * (300 << 20)", memory=64 << 20),
        slow=python("import time; time.sleep(99)", seconds=2),
        flooding=python("while True: print('x' * 999)", seconds=3),
        unready=unready,
    )
    begun = time.monotonic()
    run, told = ran(run_plan(plan, by="maria"))
    assert time.monotonic() - begun < 60
    assert states(run) == {
        "good": "passed",
        "broken": "error",
        "starving": "out of memory",
        "slow": "timed out",
        "flooding": "timed out",
        "unready": "failed",
    }
    assert [one.check for one in told[:6]] == ["good", "broken", "starving", "slow", "flooding", "unready"]
    assert {one.state for one in told[:6]} == {CheckState.WAITING}
    assert Progress("good", line=clean("hello")) in told
    problem, dead = run.result("broken"), run.result("unready")
    assert problem is not None
    assert problem.sentence == "the check itself failed: ZeroDivisionError: a kind with a fault"
    assert dead is not None
    assert "no weights" in dead.sentence
    assert run.image.config_digest.startswith("sha256:")
    assert (run.by, run.plan_digest) == ("maria", "sha256:plan")
    assert run.engine.startswith("Docker Engine ")
    assert all(result.plan_digest == "sha256:c" and result.started for result in run.results)


def test_they_run_side_by_side(docker_host: str, docker_base: str, tmp_path: Path) -> None:
    wait = python("import time; time.sleep(3)")
    engine = connect(docker_host)
    try:
        begun = time.monotonic()
        run, _ = ran(run_plan(plan_of(tmp_path, a=wait, b=wait, c=wait, d=wait), docker_base, engine=engine))
        assert set(states(run).values()) == {"passed"}
        assert time.monotonic() - begun < 9
    finally:
        engine.close()


def test_one_is_called_off_alone_and_the_end_of_listening_calls_off_all(
    docker_host: str, docker_base: str, tmp_path: Path
) -> None:
    engine = connect(docker_host)
    try:
        off: set[str] = set()
        plan = plan_of(tmp_path, long=python("import time; time.sleep(99)"), short=python("import time; time.sleep(4)"))
        threading.Timer(2, off.add, ["long"]).start()
        run, _ = ran(run_plan(plan, docker_base, called_off=off, engine=engine))
        assert states(run) == {"long": "cancelled", "short": "passed"}
        telling = run_plan(plan, docker_base, engine=engine)
        for one in telling:
            if one.state is CheckState.RUNNING:
                break
        begun = time.monotonic()
        telling.close()  # type: ignore[attr-defined]
        assert time.monotonic() - begun < 15
        ours = engine.api.containers(filters={"label": f"{OWNER}={OURS}"})
        assert not [one for one in ours if "time.sleep(99)" in one["Command"]]
    finally:
        engine.close()


def test_no_engine_no_image_no_check(
    docker_host: str, docker_base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(tmp_path, docker_base, good=python("pass"))
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    with pytest.raises(Unreachable, match=r"No Docker Engine: there is no socket .*none\.sock"):
        list(run_plan(plan))
    monkeypatch.setenv("DOCKER_HOST", "tcp://engine.example:2376")
    with pytest.raises(BadConfig, match="is on another machine"):
        list(run_plan(plan))
    monkeypatch.setenv("DOCKER_HOST", docker_host)
    with pytest.raises(Missing, match=r"has no image nope:1.*checks never pull"):
        list(run_plan(plan, "nope:1"))
    with pytest.raises(BadConfig, match="The plan has no check called lnit"):
        list(run_plan(plan, only=["lnit"]))


def test_an_image_that_goes_in_the_middle(docker_host: str, docker_base: str, tmp_path: Path) -> None:
    client = docker.DockerClient(base_url=docker_host, timeout=60)
    engine = connect(docker_host)
    try:
        made = client.containers.create(docker_base, ["true"])
        name = "mlcd-e2e-going"
        made.commit(name, "1")
        made.remove()

        def going(bench: Bench, log: Callable[[str], None]) -> CheckState:
            client.api.remove_image(f"{name}:1", force=True)
            return python("pass")(bench, log)

        run, _ = ran(run_plan(plan_of(tmp_path, going=going), f"{name}:1", engine=engine))
        (result,) = run.results
        assert result.state is CheckState.ERROR
        assert result.sentence.startswith("The image is gone from the Docker Engine")
    finally:
        engine.close()
        client.close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_ends_in_the_middle(tmp_path: Path) -> None:
    """The library leaves sockets unclosed that found nobody to connect to; they are collected here."""
    with own_engine() as dockerd:
        base = base_image(dockerd.address)
        engine = connect(dockerd.address)
        try:
            plan = plan_of(
                tmp_path, one=python("import time; time.sleep(99)"), other=python("import time; time.sleep(99)")
            )
            begun = 0.0
            run = None
            running = 0
            for told in run_plan(plan, base, engine=engine):
                running += told.state is CheckState.RUNNING
                if running == 2 and not begun:
                    time.sleep(2)
                    dockerd.stop()
                    begun = time.monotonic()
                run = told.run or run
            assert time.monotonic() - begun < 30
            assert run is not None
            assert states(run) == {"one": "error", "other": "error"}
            assert all("The Docker Engine stopped answering while" in result.sentence for result in run.results)
        finally:
            engine.close()
            gc.collect()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_engine_that_answers_nothing_any_more(tmp_path: Path) -> None:
    """It is there and takes connections, but stands still: neither the checks nor the cleaning up wait for ever."""
    with own_engine() as dockerd:
        base = base_image(dockerd.address)
        engine = connect(dockerd.address)
        try:
            code = "import time; print('up', flush=True); time.sleep(99)"
            run, begun = None, 0.0
            for told in run_plan(plan_of(tmp_path, one=python(code, seconds=2)), base, engine=engine):
                if told.line == "up":
                    dockerd.process.send_signal(signal.SIGSTOP)
                    begun = time.monotonic()
                run = told.run or run
            assert begun
            assert time.monotonic() - begun < 100
            assert run is not None
            (result,) = run.results
            assert result.state is CheckState.ERROR
            assert result.sentence == "The Docker Engine did not end the container of running one within 10 s."
        finally:
            dockerd.process.send_signal(signal.SIGCONT)
            engine.close()
            gc.collect()


def test_a_full_disk(tmp_path: Path) -> None:
    """The engine's data on a disk of 700 MB of its own; a check that fills it is ended, the next one still runs."""
    with own_engine(megabytes=700) as dockerd:
        base = base_image(dockerd.address)
        engine = connect(dockerd.address)
        fill = "import time\nfor n in range(99):\n open(f'/out/{n}', 'wb').write(bytes(20 << 20)); time.sleep(0.1)"

        def filling(bench: Bench, log: Callable[[str], None]) -> CheckState:
            limits = LimitsPart(seconds=60).limits()
            bench.run(Command(("python3", "-c", fill), limits, report="/out/report"), log)
            return CheckState.PASSED

        def serving(bench: Bench, log: Callable[[str], None]) -> CheckState:
            limits = Limits(seconds=60, user="0:0", read_only=False)
            with bench.serve(Serve(8000, argv=("python3", "-c", fill.replace("/out", "/srv")), limits=limits), log):
                return CheckState.PASSED

        try:
            for check in (filling, serving):
                run, _ = ran(run_plan(plan_of(tmp_path, check=check), base, engine=engine))
                (result,) = run.results
                assert result.state is CheckState.ERROR
                assert "The disk of the Docker Engine is " in result.sentence
                assert "full" in result.sentence
            after, _ = ran(run_plan(plan_of(tmp_path, after=python("pass")), base, engine=engine))
            assert states(after) == {"after": "passed"}
        finally:
            engine.close()
