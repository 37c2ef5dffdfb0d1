"""Who else keeps an object, and may revert a change."""

from __future__ import annotations

from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._json import annotations_of, dig, labels_of, rows, table, text

_MANAGERS = (("argocd", "Argo CD"), ("kustomize-controller", "Flux"), ("helm-controller", "Flux"))
_CONTROLLERS = (
    ("flagger", "Flagger"),
    ("gatewayapi-plugin", "Argo Rollouts"),
    ("rollouts", "Argo Rollouts"),
    ("kserve", "KServe"),
)
_PROGRESS = "rollouts.argoproj.io/gatewayapi-canary"
"""Label that the Gateway API plugin of Argo Rollouts gives to the routes it moves."""
_HANDS = ("kubectl", "mlcd-tui", "helm", "before-first-apply")
"""Field managers that apply because a person does; others apply whenever they like."""


def managers(raw: JSON) -> list[str]:
    """The field managers that own something of the spec, the last to write first."""
    return [text(entry.get("manager")) for entry in _entries(raw)]


def _entries(raw: JSON) -> list[JSON]:
    entries = [
        entry
        for entry in rows(dig(raw, "metadata", "managedFields"))
        if not text(entry.get("subresource")) and "f:spec" in table(entry.get("fieldsV1"))
    ]
    entries.sort(key=lambda entry: text(entry.get("time")), reverse=True)
    return entries


def gitops(raw: JSON) -> str:
    """The tool that applies the object from Git; empty where none is seen."""
    labels, annotations = labels_of(raw), annotations_of(raw)
    if "argocd.argoproj.io/tracking-id" in annotations or "argocd.argoproj.io/instance" in labels:
        return "Argo CD"
    if any(key.startswith(("kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/")) for key in labels):
        return "Flux"
    if told := next((name for manager in managers(raw) for part, name in _MANAGERS if part in manager), ""):
        return told
    if labels.get("app.kubernetes.io/managed-by") == "Helm":
        return "Helm"
    # What applies on the server and is no person's tool applies its own state again, whatever it is called.
    applied = (text(entry.get("manager")) for entry in _entries(raw) if entry.get("operation") == "Apply")
    return next((name for name in applied if name and not name.startswith(_HANDS)), "")


def controller(raw: JSON) -> str:
    """Another program that moves the object by itself, as sentences name it; empty where none is seen. Not clean."""
    for owner in rows(dig(raw, "metadata", "ownerReferences")):
        if owner.get("controller") is True:
            return f"{text(owner.get('kind')) or 'a controller'} {text(owner.get('name'))}".strip()
    if _PROGRESS in labels_of(raw):
        return "Argo Rollouts"
    return next((name for manager in managers(raw) for part, name in _CONTROLLERS if part in manager.lower()), "")
