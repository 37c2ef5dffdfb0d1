"""The sample manifests: hooks that the engine knows as ours, and a gate that may look and nothing else."""

from __future__ import annotations

from typing import Any

import yaml

from mlcd_tui.config.paths import packaged
from mlcd_tui.domain.hook_approval import PREFIX, Hook, is_ours


def documents(name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all((packaged("sample_configs") / name).read_text(encoding="utf-8")))


def test_the_canarys_hooks_ask_the_gates_service() -> None:
    (canary,) = documents("flagger-canary.yaml")
    webhooks = canary["spec"]["analysis"]["webhooks"]
    assert {each["type"] for each in webhooks} == set(Hook)
    service = next(each for each in documents("gate.yaml") if each["kind"] == "Service")["metadata"]
    for each in webhooks:
        assert is_ours(each["url"], Hook(each["type"]))
        assert each["url"].startswith(f"http://{service['name']}.{service['namespace']}/")


def test_the_gate_may_look_and_nothing_else() -> None:
    (role,) = (each for each in documents("gate.yaml") if each["kind"] == "ClusterRole")
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get"}
    resources = {resource for rule in role["rules"] for resource in rule["resources"]}
    assert resources == {"canaries", "deployments", "daemonsets"}


def test_approvers_are_asked_about_each_gate_that_there_is() -> None:
    (policy,) = (each for each in documents("gate-approvers.yaml") if each["kind"] == "ValidatingAdmissionPolicy")
    (opened,) = (each["expression"] for each in policy["spec"]["variables"] if each["name"] == "opened")
    assert {hook for hook in Hook if f"'{hook.value}'" in opened} == set(Hook)
    assert f"'{PREFIX}'" in opened
