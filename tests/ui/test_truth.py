"""What the screens say of rollouts recorded from a real controller: nothing is shown that is not so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mlcd_tui.domain.rollout import Replicas, RolloutDetail, StepState, Strategy, Weight
from mlcd_tui.engines.argo import ENGINE
from mlcd_tui.ui.viewmodels import overview
from mlcd_tui.ui.viewmodels.columns import BY_ID
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE, Glyphs, bar
from mlcd_tui.ui.viewmodels.spans import plain
from tests.engines import argo_recorded as recorded
from tests.ui.fake_session import NOW, dots, make_row
from tests.ui.samples import canary


def detail(name: str) -> RolloutDetail:
    found = ENGINE.observe(recorded.ref(name), recorded.objects(name), recorded.now(name))
    assert found is not None
    return found


def seen(shown: RolloutDetail, room: int = 90) -> str:
    return "\n".join(map(plain, overview.overview(shown, NOW, room, UNICODE)))


def traffic(name: str, width: int = 27) -> str:
    return plain(BY_ID["traffic"].cell(detail(name).rollout, View(UNICODE, NOW), width))


@pytest.mark.parametrize("name", ["invalid-spec", "legacy-invalid-spec", "traffic-service-missing", "unattended-new"])
def test_what_never_ran_has_done_no_step_and_serves_nothing(name: str) -> None:
    never = detail(name)
    assert {step.state for step in never.steps} == {StepState.TODO}
    assert set(never.rollout.steps) == {StepState.TODO}
    assert never.rollout.weight is None
    assert never.rollout.stable_version == ""
    assert "asked" not in seen(never)
    assert UNICODE.done not in seen(never)
    assert traffic(name) == "never ran"


@pytest.mark.parametrize("width", [15, 19, 27])
def test_traffic_that_is_only_asked_for_is_called_so(width: int) -> None:
    asked = make_row(weight=Weight(40, None), version="v21", **dots(2, 5))
    real = make_row(weight=Weight(40, 40), version="v21", **dots(2, 5))
    cell = plain(BY_ID["traffic"].cell(asked, View(UNICODE, NOW), width))
    assert "40 % asked" in cell
    assert UNICODE.bar_full not in cell
    assert len(cell) <= width
    key = BY_ID["traffic"].key
    little = make_row(weight=Weight(5, 5), **dots(1, 5))
    assert sorted([asked, little, real], key=key) == [real, little, asked]
    unknown = replace(canary(), rollout=replace(canary().rollout, weight=Weight(40, None)))
    line = next(line for line in seen(unknown).splitlines() if "40 % asked" in line)
    assert UNICODE.bar_full not in line


def test_every_ready_pod_of_a_blue_green_is_counted() -> None:
    both = detail("bluegreen-preview-waiting")
    ready = sum(group.ready for revision in both.revisions for group in revision.replica_sets)
    assert both.rollout.replicas.ready < ready
    assert f"{ready} of {both.rollout.replicas.current} ready" in seen(both)
    blind = RolloutDetail(replace(both.rollout, replicas=Replicas(3, 6, 3, 3, 3), strategy=Strategy.BLUE_GREEN))
    assert "6 pods · 3 ready" in seen(blind)
    assert "3 of 6" not in seen(blind)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
def test_a_bar_is_read_without_colours(glyphs: Glyphs) -> None:
    full, empty = bar(0.5, 8, glyphs)
    assert not set(full) & set(empty)
    assert not set(bar(0.5, 8, glyphs, asked=True)[0]) & {*full, *empty}
