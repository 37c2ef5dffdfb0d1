"""Who may do what in the simulated cluster, and the reviews that tell it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

READ = frozenset({"get", "list", "watch"})
WRITE = frozenset({"create", "update", "patch", "delete", "deletecollection"})


@dataclass(frozen=True, slots=True)
class User:
    """One bearer of a token."""

    name: str
    groups: tuple[str, ...] = ("system:authenticated",)
    namespaces: frozenset[str] | None = None
    """The only namespaces that this user may look into; None is all, and the cluster's scope as well."""
    writes: bool = True

    def may(self, verb: str, namespace: str) -> bool:
        """Whether a verb is allowed in a namespace, empty for the cluster's scope."""
        if self.namespaces is not None and namespace not in self.namespaces:
            return False
        return verb in READ or self.writes


ADMIN = User("demo-admin", ("system:masters", "system:authenticated"))
VIEWER = User("demo-viewer", writes=False)


def access_review(user: User, body: dict[str, Any]) -> dict[str, Any]:
    """Answers a SelfSubjectAccessReview."""
    spec = body.get("spec") or {}
    asked = spec.get("resourceAttributes") or {}
    verb = asked.get("verb", "get")
    if "nonResourceAttributes" in spec:
        allowed = (spec["nonResourceAttributes"].get("verb") or "get") == "get"
    elif verb == "*":
        allowed = user.writes and user.namespaces is None
    else:
        allowed = user.may(verb, asked.get("namespace", ""))
    status: dict[str, Any] = {"allowed": allowed}
    if not allowed:
        status["reason"] = f"{user.name} is not bound to a role that allows it"
    return {**body, "metadata": {}, "status": status}


def rules_review(user: User, body: dict[str, Any]) -> dict[str, Any]:
    """Answers a SelfSubjectRulesReview."""
    namespace = (body.get("spec") or {}).get("namespace", "default")
    verbs = sorted(verb for verb in READ | WRITE if user.may(verb, namespace))
    if user.writes and user.namespaces is None:
        verbs = ["*"]
    rule = {"verbs": verbs, "apiGroups": ["*"], "resources": ["*"]}
    status = {
        "resourceRules": [rule] if verbs else [],
        "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    }
    return {**body, "metadata": {}, "status": status}


def subject_review(user: User, body: dict[str, Any]) -> dict[str, Any]:
    """Answers a SelfSubjectReview: who am I."""
    return {**body, "metadata": {}, "status": {"userInfo": {"username": user.name, "groups": list(user.groups)}}}


REVIEWS = {
    "SelfSubjectAccessReview": access_review,
    "SelfSubjectRulesReview": rules_review,
    "SelfSubjectReview": subject_review,
}
