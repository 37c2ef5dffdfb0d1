"""Users that the API server knows by another name than their kubeconfig does, as service accounts are."""

from __future__ import annotations

from pathlib import Path

import yaml

from mlcd_tui.config.paths import packaged
from tests.e2e.conftest import Lab


def account(lab: Lab, folder: Path, namespace: str, name: str) -> Path:
    """A kubeconfig with a token of that service account, which the kubeconfig itself calls `someone`."""
    token = lab.kubectl("create", "token", name, "-n", namespace)
    assert token.returncode == 0, token.stderr
    config = yaml.safe_load(lab.kubeconfig.read_text(encoding="utf-8"))
    config["users"] = [{"name": "someone", "user": {"token": token.stdout.strip()}}]
    cluster = next(each for each in config["contexts"] if each["name"] == lab.default)["context"]["cluster"]
    config["contexts"] = [{"name": "theirs", "context": {"cluster": cluster, "user": "someone"}}]
    config["current-context"] = "theirs"
    path = folder / f"{name}.kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    path.chmod(0o600)
    return path


def gate_account(lab: Lab, folder: Path) -> Path:
    """The gate's own account, with the rights of its sample manifest and no others."""
    wanted = {"Namespace", "ServiceAccount", "ClusterRole", "ClusterRoleBinding"}
    sample = yaml.safe_load_all((packaged("sample_configs") / "gate.yaml").read_text(encoding="utf-8"))
    (folder / "gate.yaml").write_text(yaml.safe_dump_all([d for d in sample if d["kind"] in wanted]), encoding="utf-8")
    applied = lab.kubectl("apply", "--server-side", "-f", str(folder / "gate.yaml"))
    assert applied.returncode == 0, applied.stderr
    return account(lab, folder, "mlcd", "mlcd-gate")
