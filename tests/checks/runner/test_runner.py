"""The parts of the runner that need no engine: contexts, budgets, whose things are whose, and a run's bookkeeping."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from docker.errors import APIError
from requests import Response

from mlcd_tui.checks.runner.belongings import is_dead, labels, session
from mlcd_tui.checks.runner.budget import Budget
from mlcd_tui.checks.runner.container import rest
from mlcd_tui.checks.runner.context import Context
from mlcd_tui.checks.runner.engine import asked, connect
from mlcd_tui.domain.check_ports import Limits
from mlcd_tui.domain.errors import BadConfig, Missing, Problem, ServerFault, Unreachable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "app.py").write_bytes(b"x" * 1000)
    for name in ("data/train.bin", "data/keep.bin", ".git/objects/pack"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        with (tmp_path / name).open("wb") as sparse:
            sparse.truncate(2 << 30)
    return tmp_path


@pytest.mark.parametrize(
    ("ignore", "gigabytes"),
    [("", 6), ("data\n.git\n", 0), ("# a comment\ndata/\n.git", 0), ("**\n!data/keep.bin\n", 2), ("*/train.bin\n", 4)],
)
def test_a_context_is_measured_as_it_would_be_sent(folder: Path, ignore: str, gigabytes: int) -> None:
    (folder / ".dockerignore").write_text(ignore)
    assert Context(folder, limit=99 << 30).measure() >> 30 == gigabytes


def test_one_that_is_too_large_names_the_largest_of_it(folder: Path) -> None:
    with (folder / "data/train.bin").open("wb") as sparse:
        sparse.truncate(3 << 30)
    with pytest.raises(
        BadConfig, match=r"has 7\.0 GiB, 3\.0 GiB of them in data/train\.bin; at most 1\.0 GiB are sent"
    ):
        Context(folder).measure()


def test_a_link_counts_as_a_link(tmp_path: Path, folder: Path) -> None:
    (folder / ".dockerignore").write_text("data\n.git\n")
    (folder / "loop").symlink_to(folder, target_is_directory=True)
    assert Context(folder).measure() < 10_000


def test_a_budget_lets_in_what_fits_in_the_order_of_coming() -> None:
    budget = Budget(cpus=2, memory=4 << 30)
    order: list[str] = []
    go = {name: threading.Event() for name in ("a", "b", "large", "c")}

    def check(name: str, cpus: float) -> None:
        with budget.share(Limits(cpus=cpus), lambda: False) as mine:
            assert mine
            order.append(name)
            go[name].wait(10)

    threads = []
    for name, cpus in (("a", 1), ("b", 1), ("large", 8), ("c", 1)):
        threads.append(threading.Thread(target=check, args=(name, cpus)))
        threads[-1].start()
        time.sleep(0.05)
    assert order == ["a", "b"]
    go["a"].set()
    time.sleep(0.3)
    assert order == ["a", "b"]  # c would fit, but the large one was there before
    go["b"].set()
    _until(lambda: order[2:] == ["large"])
    go["large"].set()
    _until(lambda: order[3:] == ["c"])
    go["c"].set()
    for thread in threads:
        thread.join()
    assert (budget.cpus, budget.memory, budget.checks) == (2, 4 << 30, 64)


def test_who_waits_can_be_called_off() -> None:
    budget = Budget(cpus=1, memory=1 << 30)
    with budget.share(Limits(), lambda: False) as mine, budget.share(Limits(), lambda: True) as other:
        assert (mine, other) == (True, False)
    with budget.share(Limits(), lambda: False) as after:
        assert after


def _until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_only_what_is_surely_dead_is_dead() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True, check=True
    )
    host, pid, start = session().rsplit(":", 2)
    assert labels("r", "lint")["dev.mlcd.session"] == session()
    name, machine, pids = host.split("/")
    assert (name, int(pid)) == (socket.gethostname(), os.getpid())
    assert f"pid:[{pids}]" == str(Path("/proc/self/ns/pid").readlink())
    assert not is_dead(session())
    assert is_dead(f"{host}:{ended.stdout.strip()}:1")
    assert is_dead(f"{host}:{pid}:{int(start) + 1}")  # the pid was given to another process
    free = f"{ended.stdout.strip()}:1"
    # Of a container with its host's name that uses the same engine, and of a machine that has the name of this one.
    for other in (f"{name}/{machine}/{int(pids) + 1}", f"{name}/{machine}x/{pids}", name):
        assert not is_dead(f"{other}:{free}")
    for other in ("", "nonsense", f"another-host:{ended.stdout.strip()}:1", f"{host}:x:1", f"{host}:1"):
        assert not is_dead(other)


@pytest.mark.parametrize(
    "place", ["tcp://10.0.0.7:2375", "ssh://me@engine", "tcp://127.0.0.1.example.com:1", "https://x"]
)
def test_an_engine_elsewhere_is_not_used_by_accident(place: str) -> None:
    with pytest.raises(BadConfig, match="is on another machine"):
        connect(place)


def test_an_engine_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="there is no socket") as caught:
        connect(f"unix://{tmp_path}/none")
    assert not caught.value.sent
    assert caught.value.advice
    with pytest.raises(Unreachable, match=r"No Docker Engine at tcp://127\.0\.0\.1:1: .*[Cc]onnection refused"):
        connect("tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    ("status", "words", "kind", "said"),
    [
        (500, "write /x: no space left on device", ServerFault, "The disk of the Docker Engine is full"),
        (404, "No such image: sha256:1", Missing, "The image is gone"),
        (
            400,
            'failed to create shim task: OCI runtime create failed: runc create failed: exec: "x": \x1b[31mnot found: unknown',
            Problem,
            'refused while starting: exec: "x": ␛[31mnot found.',
        ),
    ],
)
def test_the_engine_s_words_become_one_sentence(status: int, words: str, kind: type[Problem], said: str) -> None:
    response = Response()
    response.status_code = status
    with pytest.raises(kind) as caught, asked("starting"):
        raise APIError("x", response, words)
    assert said in caught.value.sentence


@pytest.mark.parametrize(
    ("size", "read", "took", "rests"),
    [
        (40_000, 40_000, 0.0, 0.0),  # what most checks write is read as it comes
        (9_000_000, 0, 0.1, 0.0),  # nothing came: it was waited for already
        (9_000_000, 4_096, 0.0, 0.01),
        (90_000_000, 200_000, 0.0, 0.01),
        (90_000_000, 1 << 20, 0.0, 1 / 32),  # a flood, no faster than 32 MiB/s
        (90_000_000, 1 << 20, 0.03, 0.01),
    ],
)
def test_the_reader_of_much_output_wakes_seldom(size: int, read: int, took: float, rests: float) -> None:
    assert rest(size, read, took) == pytest.approx(rests)
