"""From a wish to a report to evidence of both images, over real HTTP and real files."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.checks.evidence.keys import keygen
from mlcd_tui.comparison.statement import read_statement, statement_bytes
from mlcd_tui.domain.comparison.document import report_document, report_from_document
from mlcd_tui.domain.comparison.report import ComparisonReport, ComparisonVerdict
from mlcd_tui.domain.errors import BadConfig, Unreadable
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.rollout import Phase, Rollout, RolloutDetail, Strategy
from mlcd_tui.domain.text import Clean
from mlcd_tui.domain.traffic import TrafficRole, TrafficTarget
from mlcd_tui.domain.traffic_ports import ComparisonProgress, ComparisonWish
from mlcd_tui.session.comparison_desk import ComparisonDesk
from tests.comparison.models import as_json, model

REF = RolloutRef("argo", "ml", "churn")
OLD, NEW, OTHER = (Clean(f"sha256:{letter * 64}") for letter in "abc")
START = datetime(2026, 11, 24, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLCD_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "state"))


def _detail(shadow: Clean = NEW) -> RolloutDetail:
    rollout = Rollout(REF, Strategy.CANARY, Phase.PAUSED)
    serving = TrafficTarget(TrafficRole.SERVING, "ml", service="stable", digests=(OLD,))
    coming = TrafficTarget(TrafficRole.SHADOW, "ml", service="shadow", digests=(shadow,))
    return RolloutDetail(rollout, targets=(serving, coming))


def _requests(path: Path, count: int) -> Path:
    lines = (json.dumps({"id": f"r{n}", "path": "/predict", "body": {"x": n}}) for n in range(count))
    path.write_text("\n".join(lines) + "\n")
    return path


def _pairs(path: Path, count: int = 800, off: int = 0) -> Path:
    with path.open("w") as file:
        for n in range(count):
            sides = {
                "production": {"status": 200, "ms": 3.0, "body": {"y": n}},
                "shadow": {"status": 200, "ms": 3.0, "body": {"y": n + (n < off)}},
            }
            file.write(json.dumps({"id": str(n), **sides}) + "\n")
    return path


class Clock:
    """Each look is a second later."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


def _desk(detail: RolloutDetail | None = None, **more: Any) -> ComparisonDesk:
    async def look(ref: RolloutRef) -> RolloutDetail:
        assert ref == REF
        assert detail is not None
        return detail

    return ComparisonDesk(more.pop("clock", None) or Clock(), look if detail else None, **more)


async def _ended(desk: ComparisonDesk, wish: ComparisonWish) -> ComparisonProgress:
    heard: list[ComparisonProgress] = []
    ended = await desk.compare(wish, heard.append).wait()
    assert heard[-1] == ended
    assert ended.ended
    assert not any(one.ended for one in heard[:-1])
    return ended


def _report(ended: ComparisonProgress) -> ComparisonReport:
    assert ended.problem == ""
    assert ended.report is not None
    return ended.report


async def test_a_replay_to_two_addresses(tmp_path: Path) -> None:
    source = str(_requests(tmp_path / "requests.jsonl", 80))
    with model(lambda body: as_json({"y": body["x"]})) as one, model(lambda body: as_json({"y": body["x"]})) as two:
        wish = ComparisonWish(source, production=one.address, shadow=two.address, rate=10_000)
        wish = replace(wish, latency_limit_ms=1e6, max_mismatch=0.05)
        report = _report(await _ended(_desk(), wish))
    assert report.verdict is ComparisonVerdict.EQUAL
    assert report.complete
    assert report.source == "replay of 80 requests from requests.jsonl"
    assert report.noise is not None
    assert report.noise.total == 80
    assert list((tmp_path / "state").rglob("*.json")) == []  # nothing tells which images these were


async def test_a_rollouts_versions_are_reached_and_the_result_is_kept_for_their_images(tmp_path: Path) -> None:
    source = str(_requests(tmp_path / "requests.jsonl", 30))
    reached: list[str] = []

    with model(lambda body: as_json({"y": body["x"]})) as one, model(lambda _body: as_json({"y": -1})) as two:

        @asynccontextmanager
        async def reach(target: TrafficTarget) -> AsyncIterator[str]:
            reached.append(target.service)
            yield one.address if target.service == "stable" else two.address
            reached.append(f"closed {target.service}")

        desk = _desk(_detail(), reach=reach)
        report = _report(await _ended(desk, ComparisonWish(source, ref=REF, rate=10_000)))
    assert reached == ["stable", "shadow", "closed shadow", "closed stable"]
    assert report.verdict is ComparisonVerdict.DIFFERENT
    assert (report.production_digest, report.shadow_digest, report.subject) == (OLD, NEW, "ml/churn")
    (kept,) = desk.comparisons(REF)
    assert report_document(kept) == report_document(report)


async def test_results_of_the_images_that_run_now_come_first(tmp_path: Path) -> None:
    equal, off = str(_pairs(tmp_path / "a.jsonl")), str(_pairs(tmp_path / "b.jsonl", off=100))
    clock = Clock()
    for detail, source in ((_detail(), equal), (_detail(), off), (_detail(OTHER), equal)):
        _report(await _ended(_desk(detail, clock=clock), ComparisonWish(source, replay=False, ref=REF)))
    fresh = _desk(None, shown=lambda _ref: _detail())
    found = fresh.comparisons(REF)
    assert [(one.verdict, one.shadow_digest) for one in found] == [
        (ComparisonVerdict.DIFFERENT, NEW),
        (ComparisonVerdict.EQUAL, NEW),
        (ComparisonVerdict.EQUAL, OTHER),
    ]
    assert len(_desk().comparisons(REF)) == 3
    assert _desk().comparisons(RolloutRef("argo", "ml", "other")) == ()


async def test_evidence_is_signed_where_there_is_a_key_and_worth_nothing_once_it_is_changed(tmp_path: Path) -> None:
    keygen()
    desk = _desk(_detail())
    await _ended(desk, ComparisonWish(str(_pairs(tmp_path / "a.jsonl")), replay=False, ref=REF))
    assert len(desk.comparisons(REF)) == 1
    (path,) = (tmp_path / "state" / "comparisons").iterdir()
    envelope = json.loads(path.read_text())
    assert envelope["signatures"]
    forged = envelope["payload"][:40] + ("A" if envelope["payload"][40] != "A" else "B") + envelope["payload"][41:]
    path.write_text(json.dumps({**envelope, "payload": forged}))
    assert _desk(_detail()).comparisons(REF) == ()


def test_a_statement_that_contradicts_itself_is_refused() -> None:
    report = replace(_some_report(), production_digest=OLD, shadow_digest=NEW)
    data = statement_bytes(report)
    assert read_statement(data) == report
    value = json.loads(data)
    assert [one["digest"]["sha256"][0] for one in value["subject"]] == ["b", "a"]
    spoiled: Any
    for spoiled in (
        {**value, "subject": value["subject"][::-1][:1]},
        {**value, "predicate": {**value["predicate"], "result": "PASSED"}},
        {**value, "predicateType": "x"},
        {**value, "predicate": 5},
        [],
    ):
        with pytest.raises(Unreadable):
            read_statement(json.dumps(spoiled).encode())
    with pytest.raises(Unreadable, match="digest of the shadow"):
        statement_bytes(replace(report, shadow_digest=Clean("latest")))


def _some_report() -> ComparisonReport:
    from mlcd_tui.domain.comparison.comparer import Comparer
    from mlcd_tui.domain.comparison.pair import Answer, Pair

    comparer = Comparer()
    for n in range(10):
        comparer.add(
            Pair(str(n), Answer(200, 1.0, {"a": 1.0}), Answer(200, 2.0, {"a": float(n)}), Answer(200, 1.0, {}))
        )
    bare = replace(comparer.report(), at=START)
    return report_from_document(json.loads(json.dumps(report_document(bare))))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda doc: doc.pop("verdict"),
        lambda doc: doc.update(pairs="many"),
        lambda doc: doc.update(fields=[{}] * 5000),
        lambda doc: doc.update(mismatch=[1]),
        lambda doc: doc.update(examples=[{"id": 5}]),
        lambda doc: doc.update(verdict="fine"),
        lambda doc: doc.update(kind="CheckRun"),
    ],
)
def test_documents_from_elsewhere_are_not_believed(spoil: Any) -> None:
    document = report_document(_some_report())
    spoil(document)
    with pytest.raises(Unreadable):
        report_from_document(document)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"source": "{}/none.jsonl", "replay": False}, "cannot be read"),
        ({"source": "{}/requests.jsonl"}, "Where the requests are to be sent"),
        ({"source": "{}/requests.jsonl", "production": "http://127.0.0.1:1"}, "Where the requests are to be sent"),
        ({"source": "{}/requests.jsonl", "ref": REF}, "no cluster here"),
        ({"source": "{}/pairs.jsonl", "replay": False, "max_mismatch": 0.0}, "can never be shown"),
        ({"source": "{}/pairs.jsonl", "replay": False, "rate": 0.0}, "rate of 0"),
        ({"source": "{}/pairs.jsonl", "replay": False, "copied": 2.0}, "copied share"),
        ({"source": "{}/pairs.jsonl", "replay": False, "rules": "{}/rules.yaml"}, "rules.yaml, line 2: ignore"),
        ({"source": "{}/pairs.jsonl", "replay": False, "rules": "{}/none"}, "none cannot be read"),
        ({"source": "{}/pairs.jsonl", "replay": False, "rules": "{}/plan.yaml"}, "no snapshot check"),
        ({"source": "{}/pairs.jsonl", "replay": False, "format": "x"}, "No format is called x"),
    ],
)
async def test_a_bad_wish_begins_nothing(tmp_path: Path, wish: dict[str, Any], told: str) -> None:
    _requests(tmp_path / "requests.jsonl", 2)
    _pairs(tmp_path / "pairs.jsonl", 2)
    (tmp_path / "rules.yaml").write_text("dtype: float32\nignore: 5\n")
    (tmp_path / "plan.yaml").write_text("checks: [{name: a, kind: lint}]\n")
    wish = {key: one.format(tmp_path) if isinstance(one, str) else one for key, one in wish.items()}
    with pytest.raises(BadConfig, match=told):
        _desk().compare(ComparisonWish(**wish), lambda _progress: None)


@pytest.mark.parametrize(
    "text",
    [
        "paths: [{path: $.y, rtol: 0, atol: 2}]\n",
        "compare:\n  paths: [{path: $.y, rtol: 0, atol: 2}]\n",
        "checks:\n- {name: a, kind: lint}\n- {name: b, kind: snapshot, compare: {paths: [{path: $.y, rtol: 0, atol: 2}]}}\n",
    ],
)
async def test_rules_as_a_check_plan_has_them(tmp_path: Path, text: str) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(text)
    wish = ComparisonWish(str(_pairs(tmp_path / "a.jsonl", off=100)), replay=False, rules=str(rules))
    report = _report(await _ended(_desk(), wish))
    assert report.verdict is ComparisonVerdict.EQUAL
    assert report.rules_digest.startswith("sha256:")


async def test_it_is_cancelled_and_tells_what_there_was(tmp_path: Path) -> None:
    source = str(_requests(tmp_path / "requests.jsonl", 400))
    asked, free = threading.Event(), threading.Event()

    def stuck(body: Any) -> tuple[int, bytes]:
        if body["x"] > 20:
            asked.set()
            free.wait(30)
        return as_json(body)

    with model(stuck) as one, model(stuck) as two:
        wish = ComparisonWish(source, production=one.address, shadow=two.address, rate=10_000)
        running = _desk().compare(wish, lambda _progress: None)
        await asyncio.to_thread(asked.wait, 30)
        running.cancel()
        async with asyncio.timeout(20):
            ended = await running.wait()
        free.set()
    report = _report(ended)
    assert not report.complete
    assert 0 < report.pairs <= 21
    assert report.verdict is ComparisonVerdict.NOT_ENOUGH


async def test_a_version_out_of_reach_is_a_problem_with_its_exit_code(tmp_path: Path) -> None:
    source = str(_requests(tmp_path / "requests.jsonl", 40))
    with socket.socket() as held, model(as_json) as one:
        held.bind(("127.0.0.1", 0))  # bound and not listening: nobody answers there
        gone = f"http://127.0.0.1:{held.getsockname()[1]}"
        ended = await _ended(_desk(), ComparisonWish(source, production=one.address, shadow=gone, rate=1000))
    assert "The shadow at" in ended.problem
    assert ended.exit_code == 4


async def test_a_file_that_is_damaged_further_down_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    source = _requests(tmp_path / "requests.jsonl", 40)
    source.write_text(source.read_text() + "{\n" + '{"path": "/x"}\n')
    with model(as_json) as one:
        ended = await _ended(_desk(), ComparisonWish(str(source), production=one.address, shadow=one.address))
    assert "requests.jsonl, line 41" in ended.problem
    assert (ended.exit_code, ended.report, one.seen) == (2, None, [])


async def test_what_is_kept_from_whom_cannot_write_is_told_in_the_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "blocked").write_text("no folder")
    monkeypatch.setenv("MLCD_STATE_DIR", str(tmp_path / "blocked"))
    wish = ComparisonWish(str(_pairs(tmp_path / "a.jsonl")), replay=False, ref=REF)
    report = _report(await _ended(_desk(_detail()), wish))
    assert report.verdict is ComparisonVerdict.EQUAL
    assert any("not kept as evidence" in one for one in report.warnings)


async def test_a_rollout_at_rest_has_nothing_to_compare(tmp_path: Path) -> None:
    detail = replace(_detail(), targets=_detail().targets[:1])
    ended = await _ended(_desk(detail), ComparisonWish(str(_pairs(tmp_path / "a.jsonl", 5)), replay=False, ref=REF))
    assert "no new version on its way" in ended.problem
    assert ended.exit_code == 2
