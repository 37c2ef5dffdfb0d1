"""Whole journeys of a model on the real data plane, driven by the command, while customers' requests flow through Envoy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.command import Said, mlcd
from tests.e2e.gateway.load import Answer, Customers, load, versions, within
from tests.e2e.gateway.plane import Model, Plane
from tests.e2e.gateway.recorded import ENOUGH, compare

pytestmark = pytest.mark.usefixtures("home")

ROUTE = "churn"
SAMPLE = 700
SHARES = 1500
"""So many show a share that is off by seven points in 999 of 1,000 cases; 700 would miss one in four."""
WHOLE_JOURNEY = 2000


@dataclass(frozen=True, slots=True)
class Delivery:
    """Version 1 live, version 2 beside it, and the route between them."""

    plane: Plane
    namespace: str
    address: str
    blue: Model
    green: Model

    def act(self, verb: str, *arguments: str) -> None:
        """As an operator on the command line; returns once the outcome is told."""
        said = self.run(verb, *arguments)
        assert said.code == 0, f"{said.out}{said.err}"
        assert "done: " in said.out, said

    def run(self, verb: str, *arguments: str) -> Said:
        """The same, whatever comes of it."""
        return mlcd("rollouts", verb, ROUTE, *arguments, "-n", self.namespace, "--context", "alice", "--yes")

    def copied(self, answers: tuple[Answer, ...]) -> int:
        """How many of those requests the new version got a copy of."""
        return len({each.id for each in answers} & set(self.green.seen().copies))


@pytest.fixture
def delivery(plane: Plane, namespace: str) -> Delivery:
    address = plane.gateway(namespace)
    blue, green = (plane.model(namespace, f"churn-{name}", version=v) for name, v in (("blue", "1"), ("green", "2")))
    roles = {"mlcd.dev/stable": "churn-blue", "mlcd.dev/candidate": "churn-green", "mlcd.dev/steps": "20,60,100"}
    plane.route(namespace, ROUTE, {"churn-blue": 100, "churn-green": 0}, annotations=roles)
    return Delivery(plane, namespace, address, blue, green)


def served_by(customers: Customers, version: str) -> None:
    """Every customer is answered by that version from now on."""
    assert versions(customers.next(SAMPLE)) == {version: SAMPLE}


def nobody_failed(customers: Customers) -> None:
    """Enough was asked, and everything was answered."""
    assert len(customers.answers) >= WHOLE_JOURNEY
    assert customers.failed == ()


def test_a_canary_gets_the_share_that_was_asked_for_at_every_stage(delivery: Delivery) -> None:
    def green(count: int) -> int:
        return versions(customers.next(count))["2"]

    with load(delivery.address) as customers:
        served_by(customers, "1")
        delivery.act("set-weight", "20")
        within(SHARES, 0.2, green)
        delivery.act("promote")
        within(SHARES, 0.6, green)
        delivery.act("promote")
        served_by(customers, "2")
    nobody_failed(customers)


def test_mirror_compare_switch_and_back(delivery: Delivery, tmp_path: Path) -> None:
    with load(delivery.address) as customers:
        served_by(customers, "1")
        delivery.act("mirror", "100")
        mirrored = customers.next(SAMPLE)
        delivery.plane.wait(
            lambda: delivery.copied(mirrored) == SAMPLE, "the shadow did not get a copy of every request"
        )
        for model in (delivery.blue, delivery.green):
            # Most answers differ, and some do not: nothing follows from a production that never agrees with itself.
            model.set(noise=0.00002)
        compared = compare(delivery.namespace, ROUTE, tmp_path, "--latency-limit", "1s")
        assert compared.code == 0, compared.out
        assert compared.json["verdict"] == "equal within limits"
        assert compared.json["noise"]["count"] > ENOUGH / 2  # production differs from itself, and is forgiven that
        delivery.act("mirror", "25")
        within(SHARES, 0.25, lambda count: delivery.copied(customers.next(count)))
        before = customers.answers
        assert versions(before) == {"1": len(before)}
        own = {each.id for each in before}
        assert not own & set(delivery.green.seen().ids)  # what else it was asked came from the comparison
        delivery.act("switch")
        served_by(customers, "2")
        delivery.act("switch-back")
        served_by(customers, "1")
    nobody_failed(customers)


def test_a_switch_that_the_data_plane_has_not_made_is_not_called_done(delivery: Delivery) -> None:
    with load(delivery.address) as customers:
        delivery.act("mirror", "100")
        delivery.plane.hold(delivery.namespace, ROUTE)
        said = delivery.run("switch", "--wait", "--timeout", "5s")
        assert said.code == 1
        assert "not seen to take effect" in said.out
        assert "done: " not in said.out
        served_by(customers, "1")
        delivery.plane.hold(delivery.namespace, ROUTE, held=False)
        delivery.plane.served(delivery.namespace, ROUTE)
        served_by(customers, "2")
    assert customers.failed == ()
