"""Ways in: every kind of login, merged kubeconfigs, from inside a cluster; and each failure as one sentence."""

from __future__ import annotations

import base64
import json
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlcd_tui.domain.fleet import Link
from tests.e2e.bare_cluster import bare_cluster
from tests.e2e.command import Said, mlcd
from tests.e2e.conftest import Lab
from tests.e2e.lab.api import LabApi
from tests.e2e.lab.established import wait_established
from tests.e2e.lab.recording.manifests import NAME, canary, deployment
from tests.e2e.lab.recording.stage import Stage
from tests.e2e.person import person


@pytest.fixture(autouse=True)
def _at_home(home: Path) -> None:
    """Files of the test's own."""


@pytest.fixture
def config(lab: Lab) -> dict[str, Any]:
    """The lab's kubeconfig, to be changed."""
    found: dict[str, Any] = yaml.safe_load(lab.kubeconfig.read_text(encoding="utf-8"))
    return found


def one_sentence(said: Said, code: int) -> str:
    assert said.code == code, said
    assert said.out == "", said
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("mlcd-tui: ")
    return lines[0]


@pytest.mark.parametrize(
    ("context", "user"), [("alice", "alice"), ("dora-cert", "dora"), ("alice-exec", "alice"), ("viewer", "viewer")]
)
def test_token_certificate_and_exec_plugin_log_in(lab: Lab, context: str, user: str) -> None:
    said = mlcd("doctor", "--context", lab.context(context), "-o", "json")
    assert said.code in {0, 1}, said  # a terminal or Docker may be missing; the cluster is not
    found = {item["about"]: item["sentence"] for item in said.json["items"]}
    assert found["user"] == user
    assert found["server"].startswith("Kubernetes v1.")
    engines = [item["sentence"] for item in said.json["items"] if item["about"] == "engine"]
    assert "Argo Rollouts: found" in engines
    may_act = " ".join(item["sentence"] for item in said.json["items"] if item["about"] == "may act")
    assert ("may not patch" in may_act) is (user == "viewer"), may_act


def test_an_expired_token_is_one_sentence(lab: Lab) -> None:
    sentence = one_sentence(mlcd("rollouts", "list", "--context", lab.context("expired")), 4)
    assert "Log in again" in sentence


async def test_an_expired_token_on_the_screen(lab: Lab) -> None:
    async with person(context=lab.context("expired")) as somebody:
        await somebody.see("not connected.*Log in again")


def test_who_may_see_nothing_is_told_so(lab: Lab) -> None:
    sentence = one_sentence(mlcd("rollouts", "list", "--context", lab.context("nobody")), 3)
    assert "-n" in sentence
    assert "nobody" in sentence or "forbidden" in sentence
    one_sentence(mlcd("rollouts", "get", NAME, "-n", "default", "--context", lab.context("nobody")), 3)


def test_an_unknown_context_names_those_there_are(lab: Lab) -> None:
    assert "alice" in one_sentence(mlcd("rollouts", "list", "--context", "nowhere"), 2)


def test_files_of_the_list_are_merged_and_the_first_wins(lab: Lab, config: dict[str, Any], home: Path) -> None:
    mine = {
        "contexts": [{"name": "mine", "context": {"cluster": "lab", "user": "me", "namespace": "tenant-a"}}],
        "current-context": "mine",
    }
    me = next(user["user"] for user in config["users"] if user["name"] == "alice")
    others = {**config, "current-context": "viewer", "users": [*config["users"], {"name": "me", "user": me}]}
    for name, content in (("mine", mine), ("others", others)):
        (home / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    both = os.pathsep.join([str(home / "mine"), str(home / "missing"), str(home / "others")])
    said = mlcd("doctor", "-o", "json", KUBECONFIG=both)
    found = {item["about"]: item["sentence"] for item in said.json["items"]}
    assert found["context"].startswith("mine,")
    assert found["user"] == "alice"
    said = mlcd("doctor", "-o", "json", "--context", "viewer", KUBECONFIG=both)
    assert {item["about"]: item["sentence"] for item in said.json["items"]}["user"] == "viewer"


def test_a_server_that_is_not_there_refuses_in_one_sentence(config: dict[str, Any], home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    (home / "away").write_text(json.dumps(config), encoding="utf-8")
    sentence = one_sentence(mlcd("rollouts", "list", "--kubeconfig", str(home / "away")), 4)
    assert "refused" in sentence
    assert mlcd("doctor", "--kubeconfig", str(home / "away")).code == 4


def test_another_ca_is_a_tls_failure_that_says_so(config: dict[str, Any], home: Path) -> None:
    stranger = [
        *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
        *("-days", "1", "-subj", "/CN=another", "-keyout", str(home / "ca.key"), "-out", str(home / "ca.crt")),
    ]
    subprocess.run(stranger, check=True, capture_output=True)
    authority = base64.b64encode((home / "ca.crt").read_bytes()).decode()
    config["clusters"][0]["cluster"]["certificate-authority-data"] = authority
    (home / "strange").write_text(json.dumps(config), encoding="utf-8")
    sentence = one_sentence(mlcd("rollouts", "list", "--kubeconfig", str(home / "strange")), 4)
    assert "certificate is not signed by" in sentence
    assert "certificate-authority" in sentence


async def test_from_inside_a_cluster(
    lab: Lab, config: dict[str, Any], stage: Stage, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.start(canary(replicas=1))
    account = home / "serviceaccount"
    account.mkdir()
    cluster = config["clusters"][0]["cluster"]
    token = next(user["user"]["token"] for user in config["users"] if user["name"] == "alice")
    (account / "token").write_text(token, encoding="utf-8")
    (account / "ca.crt").write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    (account / "namespace").write_text(stage.namespace, encoding="utf-8")
    host, _, port = cluster["server"].removeprefix("https://").partition(":")
    monkeypatch.setattr("mlcd_tui.cluster.kubeconfig._SERVICE_ACCOUNT", account)
    monkeypatch.delenv("KUBECONFIG")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", port)
    async with person(namespace=stage.namespace) as robot:
        await robot.live()
        await robot.see(f"in-cluster.*{NAME}")
        assert robot.app.fleet.user == "alice"


@pytest.fixture(scope="module")
def bare(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with bare_cluster(lab.kubeconfig, tmp_path_factory.mktemp("bare")) as kubeconfig:
        yield kubeconfig


async def test_argo_that_is_not_installed_is_one_sentence_and_appears_when_it_is(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(bare))
    with LabApi(bare) as api:
        api.create("default", deployment(replicas=1))
        async with person(namespace="default") as admin:
            await admin.live()
            await admin.see("Not installed in this cluster: .*Argo Rollouts")
            await admin.see(f"{NAME}.*rolling")
            said = mlcd("doctor", "-o", "json")
            engines = [item["sentence"] for item in said.json["items"] if item["about"] == "engine"]
            assert any("Argo Rollouts: off: argoproj.io is not installed" in sentence for sentence in engines)
            said = mlcd("rollouts", "list", "-o", "json")
            assert [item["name"] for item in said.json["items"]] == [NAME]
            install_argo(bare)
            api.create("default", {**canary(replicas=1), "metadata": {"name": "appeared"}})
            await admin.see("appeared", 30)
            await admin.until(
                lambda: any(e.name == "argo" and e.freshness.link is Link.LIVE for e in admin.app.fleet.engines),
                "Argo's engine is not on",
            )
            await admin.until(lambda: "ot installed" not in admin.words, "still said to be absent")


def install_argo(kubeconfig: Path) -> None:
    kubectl = shutil.which("kubectl")
    assert kubectl
    crds = Path(kubectl).parent.parent / "crds"
    command = [kubectl, "--kubeconfig", str(kubeconfig)]
    subprocess.run([*command, "apply", "--server-side", "-f", str(crds)], check=True, capture_output=True)
    wait_established(command, "crd", "--all")
