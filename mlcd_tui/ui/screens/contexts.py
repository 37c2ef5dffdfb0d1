"""Choosing another cluster or namespace."""

from __future__ import annotations

from collections import Counter

from mlcd_tui.domain.errors import Problem
from mlcd_tui.ui.screens.base import BaseScreen
from mlcd_tui.ui.screens.picker import Choice, PickerScreen


async def pick_context(screen: BaseScreen) -> None:
    """Offer the contexts of the kubeconfig and go to the chosen one."""
    host = screen.host
    try:
        names = await host.session.contexts()
    except Problem as problem:
        host.tell(problem)
        return
    production = host.settings.production_in
    choices = [Choice(name, name, "production" if production(name) else "") for name in names]
    current = screen.fleet.context
    chosen = await screen.app.push_screen_wait(PickerScreen("Cluster (context)", choices, current=current))
    if chosen is not None and chosen != current:
        host.use(context=chosen)


async def pick_namespace(screen: BaseScreen) -> None:
    """Offer the namespaces, those with rollouts and the recent ones first."""
    host = screen.host
    try:
        names = await host.session.namespaces()
    except Problem as problem:
        host.tell(problem)
        return
    known = Counter(row.ref.namespace for row in screen.fleet.rows)
    recent = host.remembered.namespaces
    order = {name: place for place, name in enumerate(recent)}
    there = sorted({*names, *known, *recent}, key=lambda name: (order.get(name, 99), -known[name], name))
    choices = [Choice("", "all namespaces", "0")]
    choices += [Choice(name, name, _hint(known[name], order.get(name))) for name in there if name]
    current = screen.fleet.namespace
    chosen = await screen.app.push_screen_wait(PickerScreen("Namespace", choices, current=current))
    if chosen is not None and chosen != current:
        host.use(namespace=chosen)


def _hint(count: int, place: int | None) -> str:
    key = "" if place is None else f"key {place + 1}"
    rollouts = "" if not count else f"{count} rollout{'s' if count > 1 else ''}"
    return "   ".join(part for part in (rollouts, key) if part)
