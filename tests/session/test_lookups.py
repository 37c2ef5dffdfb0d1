"""Objects that rows look up: found as a Service selects, and a change makes anew those rows only that asked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.store import Delta
from mlcd_tui.cluster.watch import Reflector
from mlcd_tui.domain.fleet import Fleet
from mlcd_tui.domain.ports import Engine, FleetWatch
from mlcd_tui.domain.refs import DEPLOYMENTS, JSON, SERVICES, Resource, RolloutRef
from mlcd_tui.engines.deployment import ENGINE as DEPLOYMENT
from mlcd_tui.engines.gateway import ENGINE as GATEWAY
from mlcd_tui.session import fleet_feed
from mlcd_tui.session.live import LiveSession
from mlcd_tui.session.lookups import Lookups
from mlcd_tui.session.options import Options
from tests.engines.toy import Lean, Toy
from tests.session.conftest import Bench, until


class Sparing(Toy):
    """It would watch all Deployments, and has no rollout: nobody can borrow from it."""

    watches = (*Toy.watches, FleetWatch(DEPLOYMENTS, Lean, when_needed=True))


LABELS = st.dictionaries(st.sampled_from("abc"), st.sampled_from("xyz"), max_size=3)
CHANGES = st.lists(st.tuples(st.integers(0, 4), st.none() | LABELS), max_size=12)
ONE, OTHER = (RolloutRef("gateway", "n", name) for name in ("one", "other"))


def _labels(item: Mapping[str, Any]) -> Mapping[str, Any]:
    return item


def lookups() -> Lookups:
    return Lookups((FleetWatch(SERVICES, Lean), FleetWatch(DEPLOYMENTS, Lean, looked_up_by=_labels)))


def change(found: Lookups, name: str, labels: Mapping[str, str] | None) -> set[RolloutRef]:
    return found.apply(DEPLOYMENTS, [Delta(("n", name), None, labels)])


@given(before=CHANGES, after=CHANGES, selector=LABELS)
def test_what_is_found_is_what_a_service_selects(before: Any, after: Any, selector: dict[str, str]) -> None:
    found = lookups()
    there: dict[str, dict[str, str]] = {}
    for changes in (before, after):  # the index is made between the two
        for number, labels in changes:
            change(found, str(number), labels)
            there.pop(str(number), None)
            if labels is not None:
                there[str(number)] = labels
        expected = [labels for labels in there.values() if selector and selector.items() <= labels.items()]
        got = found.view(ONE).labelled(DEPLOYMENTS, "n", selector)
        assert sorted(map(str, got)) == sorted(map(str, expected))
        assert not found.view(ONE).labelled(DEPLOYMENTS, "elsewhere", selector)


@given(before=CHANGES, number=st.integers(0, 4), labels=st.none() | LABELS, selector=LABELS)
def test_who_found_something_else_now_is_told(
    before: Any, number: int, labels: dict[str, str] | None, selector: dict[str, str]
) -> None:
    found = lookups()
    for each, told in before:
        change(found, str(each), told)
    first = list(found.view(ONE).labelled(DEPLOYMENTS, "n", selector))
    dirty = change(found, str(number), labels)
    assert dirty <= {ONE}
    assert ONE in dirty or list(found.view(ONE).labelled(DEPLOYMENTS, "n", selector)) == first


def test_only_who_asked_is_made_anew_and_what_was_not_there_counts() -> None:
    found = lookups()
    assert found.view(ONE).named(DEPLOYMENTS, "n", "late") is None
    assert not found.view(OTHER).labelled(DEPLOYMENTS, "n", {"app": "churn"})
    assert change(found, "late", {"app": "ads"}) == {ONE}
    assert change(found, "new", {"app": "churn"}) == {OTHER}
    found.view(ONE)  # made anew, and asks for nothing any more
    assert change(found, "late", None) == set()


async def test_a_routes_row_tells_versions_and_pods_and_nothing_is_watched_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[str] = []

    class Counted(Reflector[Any]):
        def __init__(self, client: Client, resource: Resource, **more: Any) -> None:
            watched.append(f"{resource.plural}{'*' if not more['label_selector'] else ''}")
            super().__init__(client, resource, **more)

    monkeypatch.setattr(fleet_feed, "Reflector", Counted)
    for colour, tag in (("blue", "1"), ("green", "2")):
        labels = {"app": "churn", "color": colour}
        container = {"name": "model", "image": f"registry.example.com/churn:{tag}"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
        spec: JSON = {"replicas": 1, "selector": {"matchLabels": labels}, "template": template}
        made = {"metadata": {"name": f"d-{colour}", "namespace": "default"}, "spec": spec}
        await _create(bench, "/apis/apps/v1/namespaces/default/deployments", made)
        service = {"selector": {"color": colour}, "ports": [{"port": 80}]}
        await _create(
            bench,
            "/api/v1/namespaces/default/services",
            {"metadata": {"name": f"s-{colour}", "namespace": "default"}, "spec": service},
        )
    backends = [{"name": "s-blue", "port": 80, "weight": 100}, {"name": "s-green", "port": 80, "weight": 0}]
    spec = {"parentRefs": [{"name": "models"}], "rules": [{"backendRefs": backends}]}
    route = {"metadata": {"name": "churn", "namespace": "default"}, "spec": spec}
    await _create(bench, "/apis/gateway.networking.k8s.io/v1/namespaces/default/httproutes", route)

    def told(fleet: Fleet) -> bool:
        return fleet.complete and any(row.stable_version == "1" and row.replicas.desired == 2 for row in fleet.rows)

    engines: list[Engine] = [DEPLOYMENT, GATEWAY, Sparing()]
    options = Options(kubeconfig=str(bench.kubeconfig))
    session = LiveSession(lambda: engines, options, lambda: bench.audit)
    await session.start()
    try:
        await until(session, told)
        assert sorted(watched) == ["configmaps", "deployments*", "httproutes*", "services", "services*"]
        assert [row.ref.name for row in session.fleet.rows] == ["churn"], "its Deployments are no rows of their own"
    finally:
        await session.stop()


async def _create(bench: Bench, path: str, made: JSON) -> None:
    (await bench.http.post(path, json=made)).raise_for_status()
