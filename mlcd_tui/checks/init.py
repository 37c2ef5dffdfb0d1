"""Writes a first `checks.yaml` from what lies in a model folder or in an image; never over one that is there."""

from __future__ import annotations

import re
from pathlib import Path

from mlcd_tui.checks.init_facts import Facts, facts_of_folder, facts_of_image
from mlcd_tui.checks.plan import API_VERSION, parse_plan
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

PLAN = "checks.yaml"
_STAGES = {
    "lint": ("lint", "check", "checks", "dev", "ci", "test", "tests"),
    "typecheck": ("types", "typecheck", "mypy", "check", "checks", "dev", "ci", "test", "tests"),
    "tests": ("test", "tests", "unit", "check", "checks", "dev", "ci"),
}
"""Stage names that have the tools of a kind, the likeliest first."""
_PORT = {"openinference": 8080, "mlflow": 8080, "openapi": 8000}


def write_plan(folder: Path, image: str = "", bench: Bench | None = None) -> Path:
    """Write `checks.yaml` into a folder.

    Args:
        folder: where the model lies, and where the plan will.
        image: what the plan will name as image; may be empty.
        bench: the image, where what it holds is to be asked in place of the folder.

    Raises:
        BadConfig: there is one already, or it cannot be written.
    """
    place = folder / PLAN
    facts = facts_of_folder(folder) if bench is None else facts_of_image(bench)
    text = draft(facts, image)
    parse_plan(text.encode(), PLAN, folder)
    try:
        with place.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise BadConfig(
            f"{clean(place)} is there already.", advice="It is not overwritten; edit it, or move it."
        ) from None
    except OSError as error:
        raise BadConfig(f"{clean(place)} cannot be written: {clean(error.strerror)}.") from error
    return place


def draft(facts: Facts, image: str = "") -> str:
    """The text of a plan, with comments on what was found and what is left to say."""
    staged = any(_stage(facts, kind) for kind in _wanted(facts))
    lines = [
        "# What an image of this model must meet. Run it: mlcd-tui checks run",
        f"apiVersion: {API_VERSION}",
        "kind: CheckPlan",
        f"image: {image}"
        if re.fullmatch(r"[\w./:@-]+", image)
        else "# image: the image to check; evidence is bound to its digest",
        "",
    ]
    if staged:
        lines += [
            "# How the build stages are built that the checks below name as target.",
            "build:",
            f"  dockerfile: {facts.dockerfile}",
            "",
        ]
    lines += [
        "# What each container may use: no network, no root, nothing written outside of /tmp.",
        "defaults: {seconds: 5m, memory: 1Gi, cpus: 1}",
        "",
    ]
    lines += _serve(facts)
    lines += ["checks:"]
    for kind, tools in _wanted(facts).items():
        for tool, where in tools.items():
            lines += _tool(facts, kind, tool, where, single=len(tools) == 1)
    lines += _image(facts)
    lines += _served(facts)
    return "\n".join(lines) + "\n"


def _wanted(facts: Facts) -> dict[str, dict[str, str]]:
    """Tools of each kind, with by what they were known; without any the usual one is left to be decided."""
    return {
        "lint": facts.linters,
        "typecheck": facts.type_checkers,
        "tests": {"pytest": f"{facts.tests}/"} if facts.tests else {},
    }


def _stage(facts: Facts, kind: str) -> str:
    names = {name.lower(): name for name in facts.stages}
    return next((names[name] for name in _STAGES.get(kind, ()) if name in names), "")


def _tool(facts: Facts, kind: str, tool: str, where: str, *, single: bool) -> list[str]:
    stage = _stage(facts, kind)
    lines = [
        f"  # found: {clean(where)}",
        f"  - name: {kind if single else tool}",
        f"    kind: {kind}",
        f"    tool: {tool}",
    ]
    if stage:
        lines.append(f"    target: {stage}  # the build stage that has the tool")
    else:
        lines.append(
            "    # target: dev  # a build stage that has the tool, where the image itself lacks it (add build as well)"
        )
        if kind == "tests" and facts.dockerfile:
            lines.append(
                f"    bring: {{/app/{facts.tests}: {facts.tests}}}  # into the container, should the image lack them"
            )
    return [*lines, ""]


def _image(facts: Facts) -> list[str]:
    lines = [
        "  # The image itself: runs as a user other than root, holds no secrets, says what it starts.",
        "  - name: image",
        "    kind: image",
    ]
    if facts.ports:
        lines.append(f"    ports: [{', '.join(repr(port) for port in facts.ports)}]")
    if facts.revision_label:
        lines.append("    labels: {org.opencontainers.image.revision: '[0-9a-f]{40}'}")
    if facts.dockerfile:
        lines.append(f"    dockerfile: {facts.dockerfile}  # whether it can be built again; only warns")
    return [*lines, ""]


def _serve(facts: Facts) -> list[str]:
    key = facts.source[0]
    if not key:
        return []
    exposed = (port.partition("/")[0] for port in facts.ports if not port.endswith(("/udp", "/sctp")))
    port = facts.port or next(exposed, "")
    guess = "" if port else "  # a guess: nothing says it"
    return [
        f"# How it serves. Found: {clean(facts.source[2])}",
        "serve:",
        f"  port: {port or _PORT[key]}{guess}",
        f"  ready: {facts.ready}  # answers 200 once it is ready",
        "  within: 60s",
        "",
    ]


def _served(facts: Facts) -> list[str]:
    key, value, _ = facts.source
    if not key:
        return [
            "  # Nothing tells how it serves. To ask the running image, add serve: {port: 8000, ready: /health}, then",
            "  # - {name: schema, kind: endpoint_schema, source: {openapi: /openapi.json}}",
            "  # - {name: golden, kind: snapshot, cases: snapshots, request: {path: /predict}}",
        ]
    asked = {"mlflow": "/invocations", "openinference": f"/v2/models/{value}/infer"}.get(key, "/predict")
    lines = [
        "  - name: schema",
        "    kind: endpoint_schema",
        f"    source: {{{key}: {value}}}" + ("  # a guess: nothing says the model's name" if facts.guessed else ""),
        "    # lock: schema.lock.json  # the approved contract; written by: mlcd-tui checks accept schema",
        "",
    ]
    if facts.cases:
        return [
            *lines,
            "  - name: golden",
            "    kind: snapshot",
            f"    cases: {facts.cases}",
            f"    # request: {{path: {asked}}}",
        ]
    return [
        *lines,
        "  # Approved answers to given inputs: put <case>.request.json into a folder, then",
        f"  # - {{name: golden, kind: snapshot, cases: snapshots, request: {{path: {asked}}}}}",
    ]
