"""From a running rollout to the package that MLflow's own client logged: by the tag, and by one publish for all."""

from __future__ import annotations

import asyncio
import hashlib
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.audit.log import AuditLog
from mlcd_tui.cli.wiring import ENGINES
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.session.live import LiveSession
from mlcd_tui.session.options import Options
from tests.e2e.command import Said, mlcd
from tests.e2e.conftest import Lab
from tests.e2e.lab.recording.manifests import IMAGE, NAME, canary, template
from tests.e2e.lab.recording.stage import Stage
from tests.e2e.mlflow.server import MlflowServer, Registration
from tests.session.conftest import until

REGISTERED = secrets.token_hex(3)
TAGS = {"old": f"1-{REGISTERED}", "new": f"2-{REGISTERED}"}


def digest(which: str) -> str:
    """As the lab's nodes report it."""
    return "sha256:" + hashlib.sha256(f"{IMAGE}:{TAGS[which]}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Churn:
    """A model with two versions, the second of which demands one more input."""

    name: str
    tracking: str
    old: str
    new: str


@pytest.fixture(scope="module")
def churn(mlflow: MlflowServer) -> Churn:
    name = f"churn-{REGISTERED}"
    old, new = mlflow.register(
        Registration(name, image_digest=digest("old")),
        Registration(
            name, image_digest=digest("new"), extra_columns=("usage_ratio",), metrics={"roc_auc": 0.931, "f1": 0.74}
        ),
    )
    return Churn(name, mlflow.address, f"mlflow:{name}/{old.version}", f"mlflow:{name}/{new.version}")


pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def waiting(stage: Stage) -> Stage:
    """A canary whose second version waits for a person."""
    stage.start(canary({"setWeight": 50}, {"pause": {}}, pods=template(TAGS["old"]), replicas=2))
    stage.release(template(TAGS["new"]))
    stage.phase("Paused", revision=2)
    return stage


def settings(home: Path, text: str) -> None:
    (home / "config" / "config.toml").write_text(f"[packages]\n{text}\n")


def promote(stage: Stage, *arguments: str, who: str = "alice") -> Said:
    return mlcd("rollouts", "promote", NAME, *arguments, "-n", stage.namespace, "--context", who)


def evidence(stage: Stage) -> dict[str, Any]:
    said = promote(stage, "--dry-run", "-o", "json")
    assert said.code == 0, said
    return {gate["name"]: gate for gate in said.json["evidence"]}


def published(stage: Stage) -> list[Any]:
    maps = stage.api.list("ConfigMap", stage.namespace)
    return [each for each in maps if "mlcd.dev/package" in each["metadata"].get("labels", {})]


def publish(stage: Stage, churn: Churn, which: str, *arguments: str, who: str = "alice") -> Said:
    address = churn.old if which == "old" else churn.new
    where = ("--image", f"{IMAGE}@{digest(which)}", "-n", stage.namespace, "--context", who)
    return mlcd("packages", "publish", address, *where, *arguments, MLFLOW_TRACKING_URI=churn.tracking)


def test_by_the_tag_of_a_registered_version(home: Path, waiting: Stage, churn: Churn) -> None:
    settings(home, f'mlflow = "{churn.tracking}"')
    schema = evidence(waiting)["schema"]
    assert schema["state"] == "failed"
    assert "usage_ratio" in schema["reason"]
    refused = promote(waiting, "--yes")
    assert refused.code == 3, refused
    assert "a reason is required: the schema breaks callers" in refused.out + refused.err
    assert waiting.api.get("Rollout", waiting.namespace, NAME)["status"]["phase"] == "Paused"
    done = promote(waiting, "--yes", "--reason", "callers send usage_ratio since Monday")
    assert done.code == 0, done
    log = [json.loads(line) for line in (home / "state" / "audit.jsonl").read_text().splitlines()]
    stages = [(line["stage"], line["reason"]) for line in log]
    assert ("done", "callers send usage_ratio since Monday") in stages
    assert any(gate["name"] == "schema" and gate["state"] == "failed" for gate in log[-2]["plan"]["evidence"])


def test_one_publish_serves_every_operator(home: Path, waiting: Stage, churn: Churn) -> None:
    assert evidence(waiting)["package"]["reason"].startswith(f"no package is published for {digest('new')}")
    for which in ("old", "new"):
        said = publish(waiting, churn, which, "--yes", "--reason", "release")
        assert said.code == 0, said
    assert len(published(waiting)) == 2
    found = evidence(waiting)
    assert "package" not in found
    assert found["schema"]["state"] == "failed"
    assert "usage_ratio" in found["schema"]["reason"]
    again = publish(waiting, churn, "new", "--yes")
    assert again.code == 0, again
    assert "There is now: " in again.out
    assert "published by alice" in again.out
    verified = mlcd("audit", "verify")
    assert verified.code == 0, verified
    assert (home / "state" / "audit.jsonl").read_text().count('"publish-package"') == 6


def test_by_the_annotation_of_the_pod_template(home: Path, stage: Stage, churn: Churn) -> None:
    """The images are others than those of the tags: the annotation alone leads to the packages."""
    settings(home, f'mlflow = "{churn.tracking}"')

    def pods(version: str, address: str) -> dict[str, Any]:
        made = template(f"{version}-{secrets.token_hex(3)}")
        made["metadata"]["annotations"] = {"mlcd.dev/package": address}
        return made

    stage.start(canary({"setWeight": 50}, {"pause": {}}, pods=pods("1", churn.old), replicas=2))
    stage.release(pods("2", churn.new))
    stage.phase("Paused", revision=2)
    said = mlcd("packages", "show", "--rollout", NAME, "-n", stage.namespace, "-o", "json")
    assert said.code == 0, said
    for side, address in (("candidate", churn.new), ("serving", churn.old)):
        assert said.json[side]["how"] == f"annotation: {address}"
        assert said.json[side]["package"]["name"] == churn.name
    # The versions are tagged with other images: that is told, and nothing is concluded from what they declare.
    found = evidence(stage)
    assert (found["schema"]["state"], found["package"]["state"]) == ("unknown", "failed")
    assert f"names image {digest('new')}" in found["package"]["reason"]


async def test_a_publish_shows_in_the_fleet_by_itself(lab: Lab, tmp_path: Path, waiting: Stage, churn: Churn) -> None:
    """The watch of ConfigMaps without their contents, on the real API server."""
    options = Options(kubeconfig=str(lab.kubeconfig), context=lab.context("alice"), namespace=waiting.namespace)
    session = LiveSession(ENGINES.all, options, lambda: AuditLog(tmp_path / "audit.jsonl"))
    ref = RolloutRef("argo", waiting.namespace, NAME)

    def verdict(fleet: Fleet) -> str:
        return fleet.schemas[ref].verdict.value if ref in fleet.schemas else ""

    try:
        await session.start()
        await until(session, lambda fleet: verdict(fleet) == "unknown", seconds=20)
        for which in ("old", "new"):
            said = await asyncio.to_thread(publish, waiting, churn, which, "--yes")
            assert said.code == 0, said
        await until(session, lambda fleet: verdict(fleet) == "breaking", seconds=20)
        assert session.packages.side is not None
        assert session.packages.side.published.knows(waiting.namespace), "by the watch, not by looking again"
    finally:
        await session.stop()


def test_without_the_right_to_publish_there_is_one_sentence(waiting: Stage, churn: Churn) -> None:
    said = publish(waiting, churn, "new", "--yes", who="viewer")
    assert said.code == 3, said
    assert said.err.count("You may not create configmaps") == 1
    assert published(waiting) == []


def test_who_may_not_read_config_maps_is_told_so(waiting: Stage, churn: Churn) -> None:
    assert publish(waiting, churn, "new", "--yes").code == 0
    rules = [
        {"apiGroups": ["argoproj.io"], "resources": ["*"], "verbs": ["get", "list", "watch", "patch", "update"]},
        {"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
        {"apiGroups": [""], "resources": ["pods", "services", "events"], "verbs": ["get", "list", "watch"]},
    ]
    group = "rbac.authorization.k8s.io"
    head = {"apiVersion": f"{group}/v1", "metadata": {"name": "no-config-maps"}}
    reference = {"apiGroup": group, "kind": "Role", "name": "no-config-maps"}
    subjects = [{"apiGroup": group, "kind": "User", "name": "nobody"}]
    waiting.create(
        {**head, "kind": "Role", "rules": rules},
        {**head, "kind": "RoleBinding", "roleRef": reference, "subjects": subjects},
    )
    said = promote(waiting, "--dry-run", "-o", "json", who="nobody")
    assert said.code == 0, said
    reason = next(gate["reason"] for gate in said.json["evidence"] if gate["name"] == "package")
    assert f"no right to get configmaps in namespace {waiting.namespace}, where packages are" in reason


def test_going_back_asks_for_nothing(home: Path, waiting: Stage, churn: Churn) -> None:
    settings(home, f'mlflow = "{churn.tracking}"')
    said = mlcd("rollouts", "abort", NAME, "-n", waiting.namespace, "--context", "alice", "--yes")
    assert said.code == 0, said
