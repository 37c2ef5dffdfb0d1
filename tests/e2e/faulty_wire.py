"""A wire between a client and the lab's API server that can be cut, go dead without a word, and be mended."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import yaml


class FaultyWire:
    """Passes bytes on between a port of its own on loopback and the server of a kubeconfig; TLS goes through it."""

    def __init__(self, kubeconfig: Path) -> None:
        self._config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
        address = urlsplit(self._config["clusters"][0]["cluster"]["server"])
        self._target = (address.hostname or "127.0.0.1", address.port or 443)
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._flows = threading.Event()
        self._flows.set()
        self._loses_answers = False
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._accept()

    def kubeconfig(self, path: Path) -> Path:
        """Write the kubeconfig with its clusters at this end of the wire."""
        for cluster in self._config["clusters"]:
            cluster["cluster"]["server"] = f"https://127.0.0.1:{self.port}"
        path.write_text(json.dumps(self._config), encoding="utf-8")
        return path

    def cut(self) -> None:
        """End all connections and refuse new ones."""
        # a blocked accept only notices the end of its socket when it is shut down first
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            ended, self._sockets = self._sockets, set()
        for each in ended:
            _end(each)

    def go_dead(self) -> None:
        """Keep connections open, take new ones, and pass nothing on: what a lost VPN looks like."""
        self._flows.clear()

    def lose_answers(self) -> None:
        """Let requests through, and end each connection when its answer comes."""
        self._loses_answers = True

    def mend(self) -> None:
        """Be a good wire again."""
        self._loses_answers = False
        if self._listener.fileno() < 0:
            self._listener = self._listen(self.port)
            self._accept()
        self._flows.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()
        self._flows.set()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        return socket.create_server(("127.0.0.1", port), backlog=64)

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target)
            except OSError:
                _end(near)
                continue
            with self._lock:
                self._sockets |= {near, far}
            if listener.fileno() < 0:  # cut in between
                _end(near)
                _end(far)
            for pair in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=pair, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                if self._loses_answers and source.getpeername() == self._target:
                    break
                sink.sendall(data)
        with self._lock:
            self._sockets -= {source, sink}
        _end(source)
        _end(sink)


def _end(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()
