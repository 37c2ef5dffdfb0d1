"""Commands of checks in hardened containers of a real Docker Engine."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import docker
import pytest

from mlcd_tui.checks.runner.belongings import RUN, labels, sweep
from mlcd_tui.checks.runner.engine import connect
from mlcd_tui.domain.check_ports import Command, Limits
from mlcd_tui.domain.errors import Missing, Unreadable
from tests.e2e.docker.bench import Tried, left_behind, trying


@pytest.fixture
def tried(docker_host: str, docker_base: str) -> Iterator[Tried]:
    with trying(docker_host, docker_base) as it:
        yield it


def test_output_exit_code_and_digest_are_what_the_tool_gave(tried: Tried) -> None:
    ran = tried.python("import sys; print('out'); sys.stdout.flush(); print('err', file=sys.stderr); sys.exit(3)")
    assert (ran.exit_code, ran.stdout, ran.stderr) == (3, b"out\n", b"err\n")
    assert sorted(tried.lines) == ["err", "out"]
    assert ran.log_bytes == 8
    orders = {f"sha256:{hashlib.sha256(text).hexdigest()}" for text in (b"out\nerr\n", b"err\nout\n")}
    assert ran.log_digest in orders
    assert ran.ran_on == tried.workshop.image.config_digest


def test_bytes_that_are_no_text_are_kept_and_told(tried: Tried) -> None:
    ran = tried.python(r"import sys; sys.stdout.buffer.write(b'\xff\xfe\n')")
    assert ran.stdout == b"\xff\xfe\n"
    assert tried.lines == [r"\xff\xfe"]


LOOK = """
import json, os, socket
def tries(what):
    try:
        what()
    except OSError as error:
        return error.errno
    return 0
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(json.dumps({
    "uid": os.getuid(), "gid": os.getgid(), "root": tries(lambda: open("/usr/x", "w")), "tmp": tries(lambda: open("/tmp/x", "w")),
    "out": tries(lambda: socket.create_connection(("192.0.2.1", 80), 2)), "links": [name for _, name in socket.if_nameindex()],
    "capabilities": status["CapEff"].strip(), "bounding": status["CapBnd"].strip(), "privileges": status["NoNewPrivs"].strip(),
}))
"""


def test_a_container_can_do_nothing_that_a_check_does_not_need(tried: Tried) -> None:
    seen = json.loads(tried.python(LOOK).stdout)
    assert (seen["uid"], seen["gid"]) == (10001, 10001)
    assert seen["root"] == 30  # read-only file system
    assert seen["tmp"] == 0
    assert seen["out"] == 101  # network is unreachable
    assert seen["links"] == ["lo"]
    assert int(seen["capabilities"], 16) == int(seen["bounding"], 16) == 0
    assert seen["privileges"] == "1"


@pytest.mark.parametrize("path", ["/out/report.xml", "/tmp/report.xml", "/srv/new/folder/report.xml", "report.xml"])
def test_a_report_comes_out(tried: Tried, path: str) -> None:
    """Also one that a tool writes beside and then moves into place."""
    code = f"import os; open({path!r} + '.new', 'w').write('<x/>'); os.rename({path!r} + '.new', {path!r})"
    command = Command(("python3", "-c", code), report=path, workdir="/srv")
    assert tried.run(command).report == b"<x/>"


def test_no_report_is_none_and_a_link_leads_nowhere_outside(tried: Tried) -> None:
    assert tried.python("pass", report="/out/report.xml").report is None
    ran = tried.python("import os; os.symlink('/etc/shadow-of-nobody', '/out/report.xml')", report="/out/report.xml")
    assert ran.report is None


@pytest.fixture
def reported(docker_host: str, docker_base: str) -> Iterator[str]:
    """An image that has a report of its build in it, and a volume of its own."""
    client = docker.APIClient(base_url=docker_host, timeout=60)
    made = client.create_container(docker_base, ["-"])["Id"]
    try:
        client.put_archive(made, "/", _tar("reports/junit.xml", b"<of-the-build/>"))
        image = client.commit(made, changes=["VOLUME /data"])["Id"]
        yield image
        client.remove_image(image, force=True)
    finally:
        client.remove_container(made, v=True, force=True)
        client.close()


def test_a_report_that_the_image_brings_along_is_none_of_this_run(docker_host: str, reported: str) -> None:
    """Else a tool that dies without a word passes by what another one has said once. No volume stays either."""
    client = docker.APIClient(base_url=docker_host, timeout=60)
    with trying(docker_host, reported) as tried:
        before = {one["Name"] for one in client.volumes()["Volumes"] or ()}
        path = "/reports/junit.xml"
        assert tried.python("open('/reports/other', 'w')", report=path).report is None
        assert tried.python(f"open('{path}', 'w').write('<new/>')", report=path).report == b"<new/>"
        assert {one["Name"] for one in client.volumes()["Volumes"] or ()} <= before
    client.close()


def test_files_are_put_in_at_any_depth_and_what_is_there_stays(tried: Tried) -> None:
    files = (("/in/a.json", b"[1]"), ("/in/deep/er/b", b"b"), ("/etc/c.txt", b"c"), ("/tmp/d/e", b"e"))
    code = """
for path in ("/in/a.json", "/in/deep/er/b", "/etc/c.txt", "/tmp/d/e", "/etc/hostname"): print(open(path).read()[:3].strip())
print(open("/etc/passwd").read(4))
open("/in/out/r", "w").write("r")
try: open("/etc/new", "w")
except OSError as error: print(error.errno)
"""
    ran = tried.python(code, report="/in/out/r", files=files)
    assert ran.stdout.split()[:4] == [b"[1]", b"b", b"c", b"e"]
    assert ran.stdout.split()[-2:] == [b"root", b"13"]
    assert ran.report == b"r"


@pytest.mark.parametrize(("tool", "code"), [("no-such-tool", 127), ("/etc/passwd", 126)])
def test_a_tool_that_is_not_there_is_told_by_its_name(tried: Tried, tool: str, code: int) -> None:
    ran = tried.run(Command((tool,)))
    assert ran.exit_code == code
    assert tool in ran.stderr.decode()


def test_a_user_that_the_image_does_not_know_is_told(tried: Tried) -> None:
    ran = tried.python("pass", Limits(user="ghost"))
    assert ran.exit_code == 126
    assert "unable to find user ghost" in ran.stderr.decode()


def test_memory_beyond_the_limit_is_told_apart_from_failing(tried: Tried) -> None:
    ran = tried.python("x = b'x' * (300 << 20)", Limits(memory=64 << 20))
    assert ran.out_of_memory
    assert not ran.timed_out


def test_what_ignores_a_polite_signal_ends_in_time(tried: Tried) -> None:
    begun = time.monotonic()
    ran = tried.python(
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(99)",
        Limits(seconds=2),
    )
    assert ran.timed_out
    assert ran.stdout == b"up\n"
    assert time.monotonic() - begun < 15


def test_called_off_it_ends(tried: Tried) -> None:
    off = threading.Timer(1.5, lambda: None)
    off.start()
    ran = tried.run(Command(("python3", "-c", "import time; time.sleep(99)")), lambda: not off.is_alive())
    assert ran.cancelled
    assert not ran.timed_out


def test_a_fork_bomb_stays_within_its_limit(tried: Tried) -> None:
    code = "import os, time\nwhile True:\n try: os.fork()\n except OSError as e: print(e, flush=True); time.sleep(99)"
    ran = tried.python(code, Limits(seconds=3, pids=32))
    assert ran.timed_out
    assert b"Resource temporarily unavailable" in ran.stdout


def test_a_flood_is_hashed_whole_and_kept_in_part(tried: Tried) -> None:
    code = "import sys\nfor n in range(3_000_000): sys.stdout.write(f'line {n}\\n')"
    ran = tried.python(code, Limits(seconds=120))
    whole = hashlib.sha256()
    for n in range(3_000_000):
        whole.update(b"line %d\n" % n)
    assert ran.exit_code == 0
    assert ran.log_digest == f"sha256:{whole.hexdigest()}"
    assert ran.stdout.startswith(b"line 0\n")
    assert ran.stdout.endswith(b"line 2999999\n")
    assert len(ran.stdout) < 6 << 20
    assert b"bytes left out" in ran.stdout
    assert len(tried.lines) < 25_000
    assert tried.lines[-1] == "line 2999999"
    assert any("lines left out" in line for line in tried.lines)


def test_a_flood_without_an_end_is_ended(tried: Tried) -> None:
    begun = time.monotonic()
    ran = tried.python("import sys\nwhile True: sys.stdout.write('x' * 60_000)", Limits(seconds=3))
    assert ran.timed_out
    assert time.monotonic() - begun < 20


def test_an_image_without_a_shell(docker_host: str, docker_base: str) -> None:
    """Nothing but one static program in it, and the program's name in the report."""
    client = docker.DockerClient(base_url=docker_host, timeout=60)
    name = "mlcd-e2e-bare:1"
    try:
        program = subprocess.run(["cat", "/usr/bin/docker-init"], check=True, capture_output=True).stdout
        client.api.import_image_from_data(_tar("tool", program), repository="mlcd-e2e-bare", tag="1")
        with trying(docker_host, name) as tried:
            ran = tried.run(Command(("/tool", "--version"), report="/out/none"))
            assert ran.exit_code == 0
            assert b"tini" in ran.stdout
            assert tried.run(Command(("sh", "-c", "true"))).exit_code == 127
    finally:
        client.api.remove_image(name, force=True)
        client.close()


def _tar(name: str, data: bytes) -> bytes:
    import io
    import tarfile

    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(data), 0o755
        tar.addfile(info, io.BytesIO(data))
    return held.getvalue()


def test_files_of_the_image_are_read_within_bounds(tried: Tried) -> None:
    bench = tried.bench()
    assert bench.file("/etc/debian_version").startswith(b"12")
    assert b"Debian" in bench.file("/etc/os-release")  # a link
    with pytest.raises(Missing, match="The image has no /nope"):
        bench.file("/nope")
    with pytest.raises(Unreadable, match="is no file"):
        bench.file("/etc")
    with pytest.raises(Unreadable, match="at most 10 are read"):
        bench.file("/usr/bin/python3", 10)


def test_only_ours_is_swept_and_only_of_the_dead(docker_host: str, docker_base: str) -> None:
    engine = connect(docker_host)
    api = engine.api
    foreign = {"mlcd.owner": "mlcd-tui-dev-runner", "dev.mlcd.owner": "somebody-else"}
    alive = labels("alive")
    other = {**labels("other"), "dev.mlcd.session": "another-host:1:1"}
    containers: list[str] = []
    volumes: list[str] = []
    networks: list[str] = []
    try:
        for marks in (foreign, alive, other):
            containers.append(api.create_container(docker_base, ["true"], labels=marks)["Id"])
            volumes.append(api.create_volume(labels=marks)["Name"])
            networks.append(api.create_network(f"mlcd-e2e-{len(networks)}-{os.getpid()}", labels=marks)["Id"])
        images = {one["Id"] for one in api.images()}
        sweep(engine)
        sweep(engine, "a run of this name there never was")
        assert {one["Id"] for one in api.containers(all=True)} >= set(containers)
        assert {one["Name"] for one in api.volumes()["Volumes"]} >= set(volumes)
        assert {one["Id"] for one in api.networks()} >= set(networks)
        assert {one["Id"] for one in api.images()} == images
        assert sweep(engine, "alive") == 3
        assert left_behind(engine, "alive") == []
        assert {one["Id"] for one in api.containers(all=True)} >= {containers[0], containers[2]}
    finally:
        for container in (containers[0], containers[2]):
            api.remove_container(container, force=True)
        for volume in (volumes[0], volumes[2]):
            api.remove_volume(volume)
        for network in (networks[0], networks[2]):
            api.remove_network(network)
        engine.close()


CRASHING = """
import sys
from tests.e2e.docker.bench import trying
with trying(sys.argv[1], sys.argv[2]) as tried:
    tried.workshop.network()
    print(tried.workshop.run, flush=True)
    tried.python("import time; print('up', flush=True); time.sleep(600)", report="/out/x")
"""


def test_what_a_killed_session_left_is_gone_after_the_next_start(docker_host: str, docker_base: str) -> None:
    engine = connect(docker_host)
    crashing = subprocess.Popen(
        [sys.executable, "-c", CRASHING, docker_host, docker_base], stdout=subprocess.PIPE, text=True
    )
    try:
        assert crashing.stdout is not None
        run = crashing.stdout.readline().strip()
        for _ in range(200):
            running = engine.api.containers(filters={"label": f"{RUN}={run}"})
            if running:
                break
            time.sleep(0.1)
        assert running
        sweep(engine)
        assert len(left_behind(engine, run)) == 3  # its session lives
        crashing.send_signal(signal.SIGKILL)
        crashing.wait(10)
        sweep(engine)
        assert left_behind(engine, run) == []
    finally:
        crashing.kill()
        crashing.wait(10)
        if crashing.stdout is not None:
            crashing.stdout.close()
        engine.close()
