"""An object as text: YAML, and a description with conditions, pods and events. Pure; every line is clean."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import yaml

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.rollout import RolloutDetail, Strategy
from mlcd_tui.domain.text import Clean, clean, clean_lines

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


def without_noise(raw: JSON) -> JSON:
    """A copy without managedFields and the last-applied annotation, which nobody reads in a terminal."""
    shown = copy.deepcopy(raw)
    metadata = shown.get("metadata")
    if isinstance(metadata, dict):
        metadata.pop("managedFields", None)
        annotations = metadata.get("annotations")
        if isinstance(annotations, dict):
            annotations.pop(_LAST_APPLIED, None)
    return shown


def yaml_lines(value: Any) -> tuple[Clean, ...]:
    """Any JSON value as clean lines of YAML, keys in the order of the source."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=110, default_flow_style=False)
    return clean_lines(text, limit=2_000_000)


_STRATEGIES = {Strategy.BLUE_GREEN: "blue/green"}
_AGES = ((86_400, "d"), (3_600, "h"), (60, "m"))


def describe_lines(detail: RolloutDetail, now: datetime, engine: str = "") -> tuple[Clean, ...]:
    """Like `kubectl describe`, from the joined detail instead of one object; `engine` is the title of its engine."""
    rollout = detail.rollout
    lines: list[str] = [
        f"Name:       {rollout.ref.name}",
        f"Namespace:  {rollout.ref.namespace}",
        f"Engine:     {engine or rollout.ref.engine}",
        f"Strategy:   {_STRATEGIES.get(rollout.strategy, rollout.strategy.value)}",
        f"Phase:      {rollout.phase.value}",
    ]
    lines += [f"Message:    {rollout.message}"] if rollout.message else []
    if sentence := rollout.waiting.sentence:
        until = rollout.waiting.until
        left = f", {max(int((until - now).total_seconds()), 0)} s left" if until else ""
        lines.append(f"Waiting:    for {sentence}{left}")
    if detail.mirror is not None and detail.mirror.on:
        share = "live traffic" if detail.mirror.percent is None else f"{detail.mirror.percent:g} % of live traffic"
        lines.append(f"Copies:     {share} to {detail.mirror.to or 'the new version'}, by {detail.mirror.by}")
    lines += [f"Revision:   {rollout.revision}"] if rollout.revision else []
    lines += [f"Created:    {_moment(rollout.created, now)}"] if rollout.created else []
    lines += [f"Labels:     {key}={value}" for key, value in rollout.labels]
    counts = rollout.replicas
    lines.append(
        f"Replicas:   {counts.desired} desired, {counts.current} current, {counts.updated} updated, "
        f"{counts.ready} ready, {counts.available} available"
    )
    lines += _section("Facts", [f"{label}: {value}" for label, value in detail.facts])
    lines += _section(
        "Images", [_image(i.container, i.image, i.digest, [r.value for r in i.roles]) for i in rollout.images]
    )
    lines += _section("Steps", [f"{s.index + 1:>2} {s.state.value:<8} {s.caption}" for s in detail.steps])
    lines += _section(
        "Services", [f"{s.role}: {s.name} → {s.points_to or 'nothing'}  ({s.selector})" for s in detail.services]
    )
    lines += _section(
        "Conditions",
        [f"{c.type}={c.status}  {c.reason}  {_moment(c.since, now)}  {c.message}".rstrip() for c in detail.conditions],
    )
    lines += _section(
        "Pods", [f"{p.name}  {p.status}  {p.ready}/{p.total}  restarts {p.restarts}  {p.node}" for p in detail.pods]
    )
    lines += _section(
        "Events",
        [f"{_moment(e.last, now)}  {e.type}  {e.reason}  {e.about}  {e.message} (x{e.count})" for e in detail.events],
    )
    return tuple(clean(line) for line in lines)


def _section(title: str, rows: list[str]) -> list[str]:
    return ["", f"{title}:", *(f"  {row}" for row in rows)] if rows else []


def _image(container: str, image: str, digest: str, roles: list[str]) -> str:
    return f"{container}: {image}" + (f" @ {digest}" if digest else "") + (f"  [{', '.join(roles)}]" if roles else "")


def _moment(at: datetime | None, now: datetime) -> str:
    if at is None:
        return "-"
    seconds = int((now - at).total_seconds())
    age = next((f"{seconds // size} {unit}" for size, unit in _AGES if seconds >= 2 * size), f"{seconds} s")
    moment = f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
    return f"{moment} ({age} ago)" if seconds >= 0 else moment
