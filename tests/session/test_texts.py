"""Objects as text: YAML and descriptions are clean, complete, and without the noise of the API server."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone

import yaml
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.text import clean
from mlcd_tui.domain.traffic import Mirror
from mlcd_tui.session.texts import describe_lines, without_noise, yaml_lines
from tests.domain.recorded import every, opened
from tests.engines import argo_recorded

SCALARS = st.none() | st.booleans() | st.integers(-10, 10) | st.text(st.characters(), max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
)


@given(VALUES)
def test_any_json_becomes_clean_lines(value: object) -> None:
    assert all(clean(line, limit=10_000) == line for line in yaml_lines(value))


def test_yaml_of_a_real_object_reads_back() -> None:
    raw = argo_recorded.rollout("canary-paused-step")
    raw["metadata"]["managedFields"] = [{"manager": "kubectl"}]
    annotations = raw["metadata"].setdefault("annotations", {})
    annotations["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    shown = without_noise(raw)
    text = "\n".join(yaml_lines(shown))
    assert yaml.safe_load(text) == shown
    assert "managedFields" not in text
    assert "last-applied" not in text
    assert raw["metadata"]["managedFields"], "the object itself is not touched"
    assert without_noise({"metadata": 7}) == {"metadata": 7}
    assert without_noise({"metadata": {"annotations": None}}) == {"metadata": {"annotations": None}}


def test_every_recorded_rollout_can_be_described() -> None:
    for state, detail, now in every():
        lines = describe_lines(detail, now)
        assert all(clean(line) == line for line in lines), state
        text = "\n".join(lines)
        assert f"Phase:      {detail.rollout.phase.value}" in text, state
        assert all(pod.name in text for pod in detail.pods), state
        assert all(condition.reason in text for condition in detail.conditions), state


def test_moments_are_told_in_utc_with_their_age() -> None:
    detail, now = opened("argo/canary-paused-step")
    created = detail.rollout.created
    assert created is not None
    elsewhere = now.astimezone(timezone(timedelta(hours=9)))
    (line,) = (line for line in describe_lines(detail, elsewhere) if line.startswith("Created:"))
    assert f"{created:%Y-%m-%d %H:%M:%S}Z (" in line
    assert line.endswith(" ago)")


def test_what_it_waits_for_and_what_is_copied_is_described() -> None:
    detail, now = opened("argo/canary-paused-timed")
    until = detail.rollout.waiting.until
    assert until is not None
    assert f"Waiting:    for the pause to end, {int((until - now).total_seconds())} s left" in describe_lines(
        detail, now
    )
    copied = replace(detail, mirror=Mirror(on=True, percent=35.0, to=clean("api-canary"), by=clean("HTTPRoute api")))
    assert "Copies:     35 % of live traffic to api-canary, by HTTPRoute api" in describe_lines(copied, now)
