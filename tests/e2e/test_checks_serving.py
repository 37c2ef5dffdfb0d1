"""Servers of an image on a real Docker Engine: published on loopback only, ready or told why not."""

from __future__ import annotations

import socket
import threading
import time
import urllib.request
from collections.abc import Iterator

import pytest

from mlcd_tui.domain.check_ports import Limits, NotReady, Serve
from mlcd_tui.domain.checks import CheckState
from tests.e2e.docker.bench import Tried, trying

HTTP = """
import http.server, os, sys, time
time.sleep({late})
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response({status})
        self.end_headers()
        self.wfile.write(b"ready")
    def log_message(self, *_):
        pass
print("model loaded", flush=True)
http.server.ThreadingHTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""
RAW = """
import socket, time
server = socket.create_server(("0.0.0.0", 8000))
while True:
    connection, _ = server.accept()
    connection.recv(9999)
    try:
        {what}
    except OSError:
        pass
    connection.close()
"""


@pytest.fixture
def tried(docker_host: str, docker_base: str) -> Iterator[Tried]:
    with trying(docker_host, docker_base) as it:
        yield it


def serve(code: str, seconds: float = 30, limits: Limits | None = None) -> Serve:
    return Serve(8000, "/health", seconds, ("python3", "-c", code), limits=limits or Limits())


def test_a_server_that_is_late_is_waited_for_and_gone_afterwards(tried: Tried) -> None:
    with tried.bench().serve(serve(HTTP.format(late=2, status=200)), tried.lines.append) as served:
        assert served.url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(served.url + "/health", timeout=5) as answer:
            assert answer.read() == b"ready"
        assert served.alive()
        assert b"model loaded" in served.log()
        address = served.url.removeprefix("http://").split(":")
    assert "model loaded" in tried.lines
    with pytest.raises(OSError):
        socket.create_connection((address[0], int(address[1])), 2).recv(1)


def test_two_servers_at_a_time_share_one_network(tried: Tried) -> None:
    code = serve(HTTP.format(late=0, status=200))
    with tried.bench().serve(code, print) as one, tried.bench().serve(code, print) as other:
        assert one.url != other.url


@pytest.mark.parametrize(
    ("code", "seen"),
    [
        ("import time; print('loading', flush=True); time.sleep(99)", "nothing listens. Its last lines: loading"),
        (HTTP.format(late=0, status=503), "it answers 503"),
        (RAW.format(what="connection.sendall(b'SSH-2.0-x\\\\r\\\\n')"), "it answers no HTTP but SSH-2.0-x"),
        (RAW.format(what="while True: connection.sendall(b'x'); time.sleep(0.2)"), "its answer never came to an end"),
        (RAW.format(what="time.sleep(60)"), "no answer within"),
        (RAW.format(what="while True: connection.sendall(b'x' * 65536)"), "it answers no HTTP but xxx"),
    ],
    ids=["never", "unwell", "rubbish", "dripping", "silent", "flooding"],
)
def test_one_that_never_gets_ready_costs_its_time_and_no_more(tried: Tried, code: str, seen: str) -> None:
    begun = time.monotonic()
    with pytest.raises(NotReady) as caught, tried.bench().serve(serve(code, 3), tried.lines.append):
        pass
    assert time.monotonic() - begun < 15
    assert "on port 8000 at /health within 3 s" in caught.value.sentence
    assert seen in caught.value.sentence
    assert caught.value.state is CheckState.TIMED_OUT


def test_one_that_dies_is_told_with_its_last_words(tried: Tried) -> None:
    code = "print('loading', flush=True); raise SystemExit('no weights in /model')"
    begun = time.monotonic()
    with pytest.raises(NotReady, match=r"ended with 1 before it was ready.*no weights in /model") as caught:  # noqa: SIM117
        with tried.bench().serve(serve(code), tried.lines.append):
            pass
    assert caught.value.state is CheckState.FAILED
    assert time.monotonic() - begun < 15


def test_one_that_eats_memory_is_told_so(tried: Tried) -> None:
    with pytest.raises(NotReady, match="want of memory") as caught:  # noqa: SIM117
        with tried.bench().serve(serve("x = b'x' * (300 << 20)", 20, Limits(memory=64 << 20)), tried.lines.append):
            pass
    assert caught.value.state is CheckState.OUT_OF_MEMORY


def test_called_off_while_it_starts(tried: Tried) -> None:
    with (
        pytest.raises(NotReady) as caught,
        tried.bench(lambda: True).serve(serve("import time; time.sleep(99)"), print),
    ):
        pass
    assert caught.value.state is CheckState.CANCELLED


REACHING = """
import http.server, json, socket
def reach(host, port):
    try:
        with socket.create_connection((host, port), 2) as wire:
            return wire.recv(5).decode()
    except OSError as error:
        return type(error).__name__
found = {host: reach(host, PORT) for host in HOSTS}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())
http.server.HTTPServer(("0.0.0.0", 8000), Handler).serve_forever()
"""


def test_a_server_has_no_way_out(tried: Tried) -> None:
    """Not even to another address of this very machine, which needs no masquerading to answer."""
    import json

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("192.0.2.1", 9))  # sends nothing: the system names the address it would send from
        mine = asking.getsockname()[0]
    with socket.create_server(("0.0.0.0", 0)) as listener:
        port = listener.getsockname()[1]
        stop = threading.Event()
        listener.settimeout(0.2)

        def greet() -> None:
            while not stop.is_set():
                try:
                    wire, _ = listener.accept()
                except TimeoutError:
                    continue
                with wire:
                    wire.sendall(b"hello")

        thread = threading.Thread(target=greet)
        thread.start()
        try:
            with socket.create_connection((mine, port), 2) as wire:
                assert wire.recv(5) == b"hello"
            code = REACHING.replace("HOSTS", repr([mine])).replace("PORT", str(port))
            with (
                tried.bench().serve(serve(code), tried.lines.append) as served,
                urllib.request.urlopen(served.url, timeout=5) as answer,
            ):
                assert json.loads(answer.read())[mine] != "hello"
        finally:
            stop.set()
            thread.join()
