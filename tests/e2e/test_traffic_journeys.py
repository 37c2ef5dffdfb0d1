"""Whole journeys of a model on the real data plane, driven by the command, while customers' requests flow through Envoy."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from tests.e2e.command import mlcd
from tests.e2e.gateway.load import Answer, Customers, load, versions, within
from tests.e2e.gateway.plane import Model, Plane

pytestmark = pytest.mark.usefixtures("home")

ROUTE = "churn"
SAMPLE = 700
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
        said = mlcd("rollouts", verb, ROUTE, *arguments, "-n", self.namespace, "--context", "alice", "--yes")
        assert said.code == 0, f"{said.out}{said.err}"
        assert "done: " in said.out, said

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
        within(SAMPLE, 0.2, green)
        delivery.act("promote")
        within(SAMPLE, 0.6, green)
        delivery.act("promote")
        served_by(customers, "2")
    nobody_failed(customers)


def test_mirror_switch_and_back(delivery: Delivery) -> None:
    with load(delivery.address) as customers:
        served_by(customers, "1")
        delivery.act("mirror", "100")
        mirrored = customers.next(SAMPLE)
        delivery.plane.wait(
            lambda: delivery.copied(mirrored) == SAMPLE, "the shadow did not get a copy of every request"
        )
        delivery.act("mirror", "25")
        within(SAMPLE, 0.25, lambda count: delivery.copied(customers.next(count)))
        before = customers.answers
        assert versions(before) == {"1": len(before)}
        assert delivery.green.seen().ids == ()
        delivery.act("switch")
        served_by(customers, "2")
        delivery.act("switch-back")
        served_by(customers, "1")
    nobody_failed(customers)
