"""What a user with few rights reads: what cannot be seen is unknown, and it is said."""

from __future__ import annotations

from tests.cli.conftest import Cli, Forbid


def test_a_share_counted_from_replica_sets_that_cannot_be_listed_is_unknown(seen: Cli, forbid: Forbid) -> None:
    forbid("replicasets", "events")
    canaries = [row for row in seen.json("rollouts", "list")["items"] if row["inFlight"] and row["weight"]]
    unknown = 0
    for row in canaries:
        result = seen("rollouts", "get", f"{row['namespace']}/{row['name']}")
        assert "mlcd-tui: no right to list replicasets, events, which are left out here." in result.stderr
        assert "(0 % actual)" not in result.stdout, row["name"]
        unknown += "(? actual)" in result.stdout
    assert unknown, [row["name"] for row in canaries]


def test_a_plan_says_which_evidence_is_missing_and_why(seen: Cli, forbid: Forbid) -> None:
    forbid("pods")
    shown = seen("rollouts", "promote", "payments/fraud-scorer", "--dry-run").stdout
    assert "? restarts: no right to list pods" in shown
    assert "? one image: no right to list pods" in shown
    assert "pods of revision" in shown
    forbid("replicasets", "pods")
    shown = seen("rollouts", "promote", "payments/fraud-scorer", "--dry-run").stdout
    assert "? pods ready: no right to list replicasets" in shown
    assert (
        "? seen: no right to list replicasets, pods"
        in seen("rollouts", "abort", "payments/fraud-scorer", "--dry-run").stdout
    )


def test_who_may_not_see_one_engines_kinds_can_still_name_anothers(seen: Cli, forbid: Forbid) -> None:
    forbid("services", "deployments")
    assert seen("rollouts", "get", "payments/fraud-scorer").exit_code == 0
    assert seen("rollouts", "abort", "payments/fraud-scorer", "--dry-run").exit_code == 0
    result = seen("rollouts", "get", "payments/nobody")
    assert result.exit_code == 3
    assert "you may not get services, deployments.apps in namespace payments" in result.stderr


def test_a_route_that_may_not_be_read_is_named_among_what_it_could_be(seen: Cli, forbid: Forbid) -> None:
    forbid("rollouts", "httproutes")
    result = seen("rollouts", "get", "payments/nobody")
    assert result.exit_code == 3
    assert "rollouts.argoproj.io, httproutes.gateway.networking.k8s.io" in result.stderr
