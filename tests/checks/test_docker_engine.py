"""Docker's answer, its silence, and its absence, each in one sentence and in time."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from mlcd_tui.checks.docker_engine import ping


class Engine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        told = {
            "Version": "28.0.1\x1b[31m",
            "ApiVersion": "1.48",
            "Os": "linux",
            "Arch": "arm64",
            "MinAPIVersion": "1.24",
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def engine() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Engine)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_engine_that_answers(engine: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{engine}")
    assert ping() == (True, "Docker Engine 28.0.1␛[31m (linux/arm64, API 1.48) answers.")


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-x\r\n", *(b"HTTP/1.0 200 OK\r\n\r\n" + body for body in (b"<html>", b"[]"))]
)
def test_something_else_that_answers_is_none(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    def once() -> None:
        wire, _ = other.accept()
        with wire:
            wire.recv(9999)
            wire.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as other:
        thread = threading.Thread(target=once)
        thread.start()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{other.getsockname()[1]}")
        ok, sentence = ping(5)
        thread.join()
    assert not ok
    assert sentence.startswith("No Docker Engine: what answers there speaks otherwise than one.")


def test_one_that_is_silent_costs_no_more_than_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("DOCKER_HOST", f"tcp://127.0.0.1:{silent.getsockname()[1]}")
        begun = time.monotonic()
        ok, sentence = ping(1)
    assert not ok
    assert "timed out" in sentence
    assert time.monotonic() - begun < 4


@pytest.mark.parametrize("host", ["unix:///{tmp}/no.sock", "tcp://127.0.0.1:1", "nonsense://x", "tcp://"])
def test_none_is_one_sentence_with_what_to_do(host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", host.format(tmp=tmp_path))
    ok, sentence = ping(1)
    assert not ok
    assert sentence.startswith("No Docker Engine: ")
    assert sentence.endswith("DOCKER_HOST at one.")
    assert "HTTPConnection" not in sentence
    assert "Error" not in sentence
