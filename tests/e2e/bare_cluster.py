"""A second API server on the lab's etcd, under a prefix of its own: a cluster that nobody has installed anything in."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from tests.e2e.lab.api import LabApi

_STARTS_IN = 60


@contextmanager
def bare_cluster(lab_kubeconfig: Path, folder: Path) -> Iterator[Path]:
    """The kubeconfig (users as in the lab) of an API server that ends with the block."""
    etcd, pki = os.environ.get("MLCD_E2E_ETCD", ""), lab_kubeconfig.parent / "pki"
    if not etcd:
        pytest.skip("a bare cluster needs the lab's etcd: unset KUBECONFIG_E2E")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    config = yaml.safe_load(lab_kubeconfig.read_text(encoding="utf-8"))
    for cluster in config["clusters"]:
        cluster["cluster"]["server"] = f"https://127.0.0.1:{port}"
    kubeconfig = folder / "bare-kubeconfig"
    kubeconfig.write_text(json.dumps(config), encoding="utf-8")
    command = [
        "kube-apiserver",
        f"--etcd-servers={etcd}",
        f"--etcd-prefix=/bare-{secrets.token_hex(4)}",
        f"--secure-port={port}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--cert-dir={folder}",
        f"--tls-cert-file={pki / 'server.crt'}",
        f"--tls-private-key-file={pki / 'server.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--service-account-key-file={pki / 'sa.pub'}",
        f"--service-account-signing-key-file={pki / 'sa.key'}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--token-auth-file={pki.parent / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--service-cluster-ip-range=10.96.0.0/16",
        "--disable-admission-plugins=ServiceAccount",
    ]
    with (folder / "bare-apiserver.log").open("w", encoding="utf-8") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            _await_ready(kubeconfig, server, folder / "bare-apiserver.log")
            yield kubeconfig
        finally:
            server.terminate()
            try:
                server.wait(15)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait(5)


def _await_ready(kubeconfig: Path, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + _STARTS_IN
    with LabApi(kubeconfig) as api:
        while True:
            try:
                if api._client.get("/readyz").is_success and api.get("Namespace", "", "default"):
                    return
            except Exception as error:  # noqa: BLE001 - whatever says that it is not there yet
                last = error
            assert server.poll() is None, log.read_text(encoding="utf-8")[-2000:]
            assert time.monotonic() < end, last
            time.sleep(0.2)
