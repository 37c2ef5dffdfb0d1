"""`mlcd-tui gate`: where it listens, and what it says when it cannot."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from mlcd_tui.cli.main import cli
from mlcd_tui.demo.cluster import DemoCluster


@pytest.mark.parametrize("listen", ["nonsense", "127.0.0.1:99999", "127.0.0.1:", "8080"])
def test_an_address_that_is_none_is_bad_usage(listen: str) -> None:
    result = CliRunner().invoke(cli, ["gate", "--listen", listen])
    assert result.exit_code == 2
    assert "HOST:PORT" in result.output


def test_a_certificate_without_its_key_and_one_that_is_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "tls.crt").write_text("nonsense")
    certificate = ("--tls-certificate", str(tmp_path / "tls.crt"))
    result = CliRunner().invoke(cli, ["gate", *certificate])
    assert result.exit_code == 2
    assert "go together" in result.output
    with DemoCluster() as cluster:
        command = [
            "--kubeconfig",
            str(cluster.kubeconfig),
            "gate",
            *certificate,
            "--tls-key",
            str(tmp_path / "tls.crt"),
        ]
        result = CliRunner().invoke(cli, command)
    assert result.exit_code == 2
    assert "are no certificate with its key" in result.output


def test_a_port_that_is_taken_and_a_kubeconfig_that_is_missing_are_told_in_one_sentence(tmp_path: Path) -> None:
    with DemoCluster() as cluster, socket.create_server(("127.0.0.1", 0)) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        result = CliRunner().invoke(cli, ["--kubeconfig", str(cluster.kubeconfig), "gate", "--listen", listen])
    assert result.exit_code == 2
    assert f"cannot listen on {listen}" in result.output
    result = CliRunner().invoke(cli, ["--kubeconfig", str(tmp_path / "none"), "gate", "--listen", "127.0.0.1:0"])
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_it_answers_until_it_is_ended(tmp_path: Path) -> None:
    with DemoCluster() as cluster:
        command = [sys.executable, "-u", "-m", "mlcd_tui", "--kubeconfig", str(cluster.kubeconfig), "gate"]
        process = subprocess.Popen(
            [*command, "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "HOME": str(tmp_path), "MLCD_STATE_DIR": str(tmp_path)},
        )
        try:
            assert process.stdout is not None
            match = re.search(r"listening on 127\.0\.0\.1:(\d+)", process.stdout.readline())
            assert match is not None
            asked = {"name": "churn", "namespace": "models", "checksum": "abc"}
            address = f"http://127.0.0.1:{match.group(1)}/mlcd/rollback"
            answer = httpx.post(address, json=asked, trust_env=False, timeout=30)
            assert (answer.status_code, answer.text) == (
                404,
                "There is no Canary models/churn, or not its target.\n",
            )
            assert "rollback models/churn 404" in process.stdout.readline()
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            if process.stdout is not None:
                process.stdout.close()
