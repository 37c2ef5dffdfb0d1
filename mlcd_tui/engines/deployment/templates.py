"""Pod templates: which ReplicaSet is the newest, which one runs, and whether two are the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlcd_tui.domain.refs import JSON
from mlcd_tui.engines._json import dig, integer, oldest_first
from mlcd_tui.engines._workload import bare_template, revision
from mlcd_tui.engines.deployment.kinds import REVISION


def plain(value: Any) -> Any:
    """A value without what the API server takes for absent: nulls, empty maps and lists."""
    if isinstance(value, dict):
        kept = {key: plain(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item not in (None, {}, [])}
    return [plain(item) for item in value] if isinstance(value, list) else value


def same(rs: JSON, deployment: JSON) -> bool:
    """Whether a ReplicaSet was made of the Deployment's present template."""
    return bool(plain(bare_template(rs)) == plain(dig(deployment, "spec", "template")))


def newest(deployment: JSON, owned: Sequence[JSON]) -> JSON | None:
    """The ReplicaSet of the present template, as the controller finds it: the oldest that is the same."""
    return next((rs for rs in oldest_first(owned) if same(rs, deployment)), None)


def find(owned: Sequence[JSON], number: int) -> JSON | None:
    """The ReplicaSet of a revision."""
    return next((rs for rs in owned if revision(rs, REVISION) == number), None)


def before_the_last(owned: Sequence[JSON]) -> JSON | None:
    """The ReplicaSet of the second newest revision: where `kubectl rollout undo` goes."""
    numbered = sorted((rs for rs in owned if revision(rs, REVISION)), key=lambda rs: revision(rs, REVISION))
    return numbered[-2] if len(numbered) > 1 else None


def running_before(deployment: JSON, owned: Sequence[JSON]) -> JSON | None:
    """The ReplicaSet that served before the update in flight: of the others, the one with most ready pods."""
    others = [rs for rs in owned if not same(rs, deployment) and revision(rs, REVISION)]
    return max(
        others,
        key=lambda rs: (
            integer(dig(rs, "status", "readyReplicas")),
            integer(dig(rs, "spec", "replicas")),
            revision(rs, REVISION),
        ),
        default=None,
    )
