"""JSON of every recorded rollout: complete, in camelCase, and nothing in it that docs/json.md does not name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.document import (
    audit_document,
    camel,
    detail_document,
    list_document,
    outcome_document,
    plain,
    proposal_document,
)
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Outcome, Plan, Refusal, Result
from mlcd_tui.domain.ports import AuditEntry, Proposal
from mlcd_tui.domain.text import clean
from mlcd_tui.engines.argo import ENGINE
from tests.domain.recorded import STATES, opened
from tests.engines import argo_recorded

DOCS = (Path(__file__).parents[2] / "docs" / "json.md").read_text("utf-8")
NAMED = set(re.findall(r"[A-Za-z]+", " ".join(re.findall(r"`([^`]+)`", DOCS))))
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
IN_LISTS = {"apiVersion", "kind", "namespace", "name", "engine", "strategy", "phase", "message", "step", "weight"}
IN_LISTS |= {"replicas", "images", "waitingFor", "abilities"}
ONLY_OPENED = {"steps", "revisions", "conditions", "services"}
FREE = {"labels", "facts", "details", "additional", "seen"}  # objects whose keys are data


def _keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            if key not in FREE:
                yield from _keys(item)
    elif isinstance(value, list):
        for item in value:
            yield from _keys(item)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize("state", STATES)
def test_every_recorded_state(state: str) -> None:
    detail, _now = opened(state)
    document = detail_document(detail)
    listed = list_document([detail.rollout])
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert listed["items"][0].keys() >= IN_LISTS
    assert document.keys() >= IN_LISTS | ONLY_OPENED
    assert (document["apiVersion"], document["kind"]) == ("mlcd.dev/v1", "Rollout")
    assert (listed["apiVersion"], listed["kind"]) == ("mlcd.dev/v1", "RolloutList")
    assert document["strategy"] in {"canary", "blueGreen", "rolling", "recreate"}
    assert document["phase"] in {"Healthy", "Progressing", "Paused", "Degraded", "Unknown"}
    assert document["replicas"].keys() == {"desired", "current", "updated", "ready", "available"}
    assert document["step"] is None or document["step"].keys() == {"index", "count"}
    assert document["weight"] is None or document["weight"].keys() >= {"set", "actual"}
    for image in document["images"]:
        assert image.keys() >= {"image", "digest", "roles"}
    for revision in document["revisions"]:
        assert revision.keys() >= {"number", "roles", "replicaSets", "analysisRuns", "experiments"}
        assert all("pods" in group for group in revision["replicaSets"])
    assert all(re.fullmatch("[a-z][a-zA-Z0-9]*", key) for key in _keys(document))
    assert MOMENT.fullmatch(document["createdAt"])
    assert all(clean(text, limit=10_000) == text for text in _strings(document))


def test_no_fact_is_lost_by_becoming_an_object() -> None:
    for state in STATES:
        detail, _now = opened(state)
        document = detail_document(detail)
        assert len(document["facts"]) == len(detail.facts), state
        assert [len(step["details"]) for step in document["steps"]] == [len(step.details) for step in detail.steps], (
            state
        )


def test_replica_sets_of_experiments_say_which_template_they_are() -> None:
    document = detail_document(opened("argo/experiment-running")[0])
    experiments = [trial for revision in document["revisions"] for trial in revision["experiments"]]
    assert {group["template"] for trial in experiments for group in trial["replicaSets"]} == {"baseline", "candidate"}
    assert not any("template" in revision for revision in document["revisions"])


def test_moments_of_all_fields_are_utc_and_whole_seconds() -> None:
    document = detail_document(opened("argo/experiment-running")[0])
    moments = [text for text in _strings(document) if re.match(r"\d{4}-\d\d-\d\dT", text)]
    assert len(moments) > 5
    assert all(MOMENT.fullmatch(text) for text in moments)


def test_the_page_names_every_field_of_rollouts() -> None:
    unnamed = {key for state in STATES for key in _keys(detail_document(opened(state)[0]))} - NAMED
    assert not unnamed, sorted(unnamed)


def _proposal(state: str, verb: Verb) -> Proposal:
    intent = Intent(verb, argo_recorded.ref(state))
    plan = ENGINE.plan(intent, argo_recorded.objects(state), argo_recorded.now(state))
    return Proposal(intent, plan, (), (clean("no"),), typed_name="model-api", at=argo_recorded.now(state))


def test_plan_holds_the_request_as_it_is_sent() -> None:
    proposal = _proposal("canary-paused-step", Verb.PROMOTE)
    assert isinstance(proposal.plan, Plan)
    document = proposal_document(proposal)
    assert json.loads(json.dumps(document)) == document
    assert document["kind"] == "Plan"
    assert document["needsTypedName"] == "model-api"
    request = document["requests"][0]
    assert request["method"] == "PATCH"
    assert request["path"].endswith("/rollouts/model-api/status")
    assert request["body"]["status"] == {"pauseConditions": None}
    assert set(_keys({**document, "requests": [{**request, "body": None}]})) - NAMED == set()


def test_refusal_says_why_and_what_to_do() -> None:
    proposal = _proposal("canary-healthy", Verb.RESUME)
    assert isinstance(proposal.plan, Refusal)
    document = proposal_document(proposal)
    assert document["kind"] == "Refusal"
    assert document["sentence"]
    assert document["denied"] == ["no"]
    assert "requests" not in document
    assert set(_keys(document)) - NAMED == set()


def test_outcome_and_audit() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678_901, tzinfo=timezone(timedelta(hours=2)))
    intent = Intent(Verb.UNDO, argo_recorded.ref("canary-healthy"), revision=2)
    outcome = outcome_document(Outcome(intent, Result.SENT, clean("sent"), 1.23456, at, "id"))
    assert outcome["at"] == "2026-01-02T01:04:05Z"
    assert outcome["seconds"] == 1.235
    user, context, rollout, verb, stage, told = map(clean, ("alice", "prod", "a/b", "undo", "done", "it is back"))
    entry = AuditEntry("1", at, user, context, rollout, verb, stage, told)
    audit = audit_document([entry])
    assert json.loads(json.dumps([outcome, audit])) == [outcome, audit]
    assert (set(_keys(outcome)) | set(_keys(audit))) - NAMED == set()


class _Colour(Enum):
    RED = "red"


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.datetimes(timezones=st.just(UTC))
    | st.just(_Colour.RED),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.integers(), inner, max_size=4)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=12,
)


@given(VALUES)
def test_anything_plain_is_json(value: Any) -> None:
    shown = plain(value)
    assert json.loads(json.dumps(shown)) == shown


def test_camel_case() -> None:
    assert [camel(name) for name in ("a", "scale_down_at", "why_not")] == ["a", "scaleDownAt", "whyNot"]
