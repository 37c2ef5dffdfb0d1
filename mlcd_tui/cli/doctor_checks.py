"""What `doctor` says of container checks: engine and builder, the keys of evidence, the plans in force."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlcd_tui.cli.finding import Finding
from mlcd_tui.domain.errors import BadConfig, Problem

if TYPE_CHECKING:
    from mlcd_tui.config.settings import CheckSettings


def engine() -> Iterator[Finding]:
    """The Docker Engine and, where it answers, what builds the stages of a plan."""
    from mlcd_tui.checks.docker_engine import ping

    ok, sentence = ping()
    yield Finding("docker", ok=True if ok else None, sentence=sentence)
    if ok:
        from mlcd_tui.checks.runner.buildx import buildx_here

        name = buildx_here()[1]
        lacking = "classic builder: it knows no RUN --mount and no here-documents; docker buildx would bring BuildKit"
        yield Finding("builder", ok=True if name else None, sentence=name or lacking)


def keys() -> Iterator[Finding]:
    """The key that evidence is signed with, and those that it is verified with."""
    from mlcd_tui.checks.evidence.keys import own_key, trusted_keys, writable_by_others

    unusable = ""
    try:
        own = own_key()
    except BadConfig as problem:
        unusable = str(problem)
        yield Finding("own key", ok=False, sentence=unusable)
    else:
        none = "there is none: runs of checks are kept unsigned, and nobody can tell whose they are"
        told = f"evidence is signed with {own.keyid[:12]}…, which only this user can read" if own else none
        yield Finding("own key", ok=True if own else None, sentence=told)
    found, troubles = trusted_keys()
    names = ", ".join(key.name for key in found)
    if found:
        yield Finding("trusted keys", ok=True, sentence=f"{len(found)}: {names}")
    else:
        yield Finding("trusted keys", ok=None, sentence="there are none: no signature can be verified")
    for trouble in (*troubles, *writable_by_others()):
        if trouble != unusable:
            yield Finding("trusted keys", ok=False, sentence=trouble)


def plans(settings: CheckSettings) -> Iterator[Finding]:
    """The plans that the settings name."""
    for path in dict.fromkeys(filter(None, (*settings.plans.values(), settings.plan))):
        from mlcd_tui.checks.plan import load_plan
        from mlcd_tui.domain.checks import short

        try:
            plan = load_plan(path)
        except Problem as problem:
            yield Finding("check plan", ok=False, sentence=str(problem))
        else:
            yield Finding("check plan", ok=True, sentence=f"{path}: {_many(len(plan.checks))}, {short(plan.digest)}")


def _many(checks: int) -> str:
    return f"{checks} check{'' if checks == 1 else 's'}"
