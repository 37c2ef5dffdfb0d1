"""What the package screens say, without a screen: honest, complete, within the room there is, harmless."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from textual.pilot import Pilot

from mlcd_tui.domain.gates import Gate, GateState
from mlcd_tui.domain.package import (
    Artifact,
    Claim,
    Direction,
    Metric,
    ModelPackage,
    Origin,
    PackageEntry,
    PackageSource,
)
from mlcd_tui.domain.package_ports import FoundPackage, RolloutPackages, SchemaNote
from mlcd_tui.domain.schema import Endpoint, Field, Schema, SchemaKind
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Verdict
from mlcd_tui.ui.app import MlcdApp
from mlcd_tui.ui.viewmodels.approval import decision_lines, objection, reason_hint
from mlcd_tui.ui.viewmodels.columns import BY_ID, hover, layout
from mlcd_tui.ui.viewmodels.fleet_view import View
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE
from mlcd_tui.ui.viewmodels.package_difference import diff_parts, raw_diff_parts
from mlcd_tui.ui.viewmodels.package_evidence import beside
from mlcd_tui.ui.viewmodels.package_list import SORTS, Widths, chosen, entry_row
from mlcd_tui.ui.viewmodels.package_tab import tab_lines
from mlcd_tui.ui.viewmodels.package_table import table
from mlcd_tui.ui.viewmodels.package_view import package_parts, raw_parts
from mlcd_tui.ui.viewmodels.package_words import Part, number, size
from mlcd_tui.ui.viewmodels.spans import Line, Span, plain, width
from mlcd_tui.ui.widgets.fleet_table import FleetTable
from tests.snapshots.scenes import breaking, fitting, schema_session
from tests.ui.fake_session import NOW, FakeSession, make_app, make_row, story
from tests.ui.package_samples import around, compatibility, diff, entries, fraud, half_known
from tests.ui.samples import DIGEST_7

ROOMS = (40, 76, 116, 196)


def text(lines: Iterable[Line]) -> str:
    return "\n".join(map(plain, lines))


def one_line(lines: Iterable[Line]) -> str:
    return " ".join(text(lines).split())


def parts_of(package: ModelPackage, room: int = 116) -> dict[str, Part]:
    return {part.name: part for part in package_parts(package, NOW, room, UNICODE)}


@pytest.mark.parametrize("room", ROOMS)
def test_every_part_stays_within_the_room(room: int) -> None:
    parts = (
        *package_parts(fraud(), NOW, room, UNICODE, ("payments/fraud-scorer as canary",)),
        *diff_parts(diff(Verdict.BREAKING), room, UNICODE),
    )
    lines = [line for part in parts for line in part.lines]
    lines += tab_lines(around(Verdict.BREAKING), "payments", room, UNICODE)
    lines += tab_lines(half_known(), "payments", room, UNICODE)
    assert max(map(width, lines)) <= room


def test_an_empty_package_says_what_is_not_recorded_and_never_guesses() -> None:
    parts = parts_of(ModelPackage())
    assert "not pinned" in text(parts["facts"].lines)
    assert "required parts are missing" in text(parts["facts"].lines)
    assert "No input or output is recorded" in text(parts["schema"].lines)
    assert text(parts["training"].lines).count("not recorded") >= 5
    assert "No metric is recorded" in text(parts["metrics"].lines)
    assert "nothing proves who made it" in text(parts["trust"].lines)


def test_the_schema_nests_objects_and_tells_what_is_allowed() -> None:
    lines = [plain(line) for line in parts_of(fraud())["schema"].lines]
    basket = next(n for n, line in enumerate(lines) if "basket" in line)
    depths = [len(line) - len(line.lstrip()) for line in lines[basket : basket + 4]]
    assert depths == [4, 6, 8, 8]
    told = "\n".join(lines)
    assert '"DE", "FR", "NL"' in told
    assert "1 – 99" in told
    assert "batch × 1" in told


def test_thousands_of_fields_and_endless_nesting_are_cut() -> None:
    deep = Field(Clean("leaf"), "string")
    for _ in range(60):
        deep = Field(Clean("node"), "object", children=(deep,))
    wide = tuple(Field(clean(f"f{n}"), "float64") for n in range(5_000))
    schema = Schema(SchemaKind.JSON, (deep, *wide))
    lines = parts_of(ModelPackage(endpoints=(Endpoint(inputs=schema),)))["schema"].lines
    assert len(lines) < 2_100
    assert "more in the raw source" in text(lines)


def test_contradictions_name_who_says_what() -> None:
    told = text(parts_of(fraud())["trust"].lines)
    assert "4be1f0c77a90  says mlflow" in told
    assert "4be1f0c  says image-labels" in told
    stray = replace(fraud(), origins=(Origin("name", (Claim(9, Clean("x")), Claim(0, Clean("y"))), contradicts=True),))
    assert "says somebody" in text(parts_of(stray)["trust"].lines)


def test_the_lineage_tells_of_gaps_and_of_where_it_runs() -> None:
    told = text(package_parts(fraud(), NOW, 116, UNICODE, ("payments/fraud-scorer as canary",))[2].lines)
    order = [
        told.index(word)
        for word in ("churn-2026q3", "@4be1f0c", "by ml-train", "model.pkl", "fraud@sha256:ab12", "as canary")
    ]
    assert order == sorted(order)
    alone = text(parts_of(ModelPackage())["training"].lines)
    assert "○ data" in alone
    assert "none that is known by this digest" in alone


def test_metrics_that_are_no_numbers_or_no_shares_are_shown_without_a_bar() -> None:
    metrics = (
        Metric(Clean("nan"), float("nan")),
        Metric(Clean("inf"), float("inf"), direction=Direction.LOWER),
        Metric(Clean("words"), None, Clean("about 7")),
        Metric(Clean("rmse"), 12.5),
    )
    lines = text(parts_of(ModelPackage(metrics=metrics))["metrics"].lines)
    assert "━" not in lines
    assert "about 7" in lines
    assert "nan" in lines


def test_hostile_text_stays_one_harmless_line() -> None:
    evil = clean("\x1b[31m[red]x[/]\n\u202e" + "y" * 3_000)
    package = replace(
        fraud(),
        name=evil,
        description=evil,
        licences=(evil,),
        metrics=(Metric(evil, 0.5),),
        sources=(PackageSource("mlflow", evil, text=(evil,)),),
        endpoints=(
            Endpoint(inputs=Schema(SchemaKind.COLUMNS, (Field(evil, "string", evil, ("\x1b[2J",), doc=evil),))),
        ),
        digest="sha256:\x1b[2J" + "0" * 80,
        artifacts=(Artifact(evil, digest="\x1b[2Jx"),),
        origins=(Origin("datasets[\x1b[2J].digest", (Claim(0, evil), Claim(1, evil)), contradicts=True),),
    )
    lines = [line for part in (*package_parts(package, NOW, 76, UNICODE), *raw_parts(package)) for line in part.lines]
    assert not any(char in plain(line) for line in lines for char in "\x1b\n\u202e")


def test_the_comparison_puts_the_verdict_first_and_judges_only_by_declared_direction() -> None:
    parts = diff_parts(diff(Verdict.BREAKING), 116, UNICODE)
    assert [part.name for part in parts][:2] == ["schema", "metrics"]
    schema = text(parts[0].lines)
    assert schema.index("✘ breaking") < schema.index("column-became-required") < schema.index("Way back")
    metrics = text(parts[1].lines).splitlines()
    auc, loss, latency = (next(line for line in metrics if name in line) for name in ("auc", "log_loss", "latency"))
    assert "▲ better" in auc
    assert "same" in loss
    assert "changed" in latency
    assert "better" not in latency
    assert "! major" in text(parts[4].lines)


def test_documents_are_compared_by_their_format() -> None:
    told = text(line for part in raw_diff_parts(diff(), 116) for line in part.lines)
    assert "- run_id: a91c6e0f4d1b-6" in told
    assert "+ run_id: a91c6e0f4d1b-7" in told
    lonely = replace(diff(), serving=replace(fraud(6), sources=()))
    assert "Only the candidate has it." in text(line for part in raw_diff_parts(lonely, 116) for line in part.lines)


def test_the_tab_without_a_new_version_shows_what_serves() -> None:
    told = text(tab_lines(replace(around(), candidate=None, diff=None), "payments", 76, UNICODE))
    assert "No new version is on its way." in told
    assert "fraud-scorer 6" in told


def test_a_found_package_without_digest_names_no_command() -> None:
    lost = RolloutPackages(candidate=FoundPackage(Clean("fraud:7"), "", problem=Clean("It never started.")))
    told = text(tab_lines(lost, "payments", 76, UNICODE))
    assert "It never started." in told
    assert "publish" not in told


def test_the_decision_tells_the_verdict_before_the_gates() -> None:
    told = one_line(decision_lines(breaking(), NOW, 70, UNICODE))
    assert told.index("Send 60 %") < told.index("✘ breaking") < told.index("merchant_age") < told.index("Evidence")
    assert "auc 0.908 → 0.914, better" in told
    assert reason_hint(breaking()) == "breaking: write why it is right anyway"
    assert "needs a written reason" in objection(breaking(), " ", "")
    assert objection(breaking(), "agreed", "") == ""
    assert "compatible" in one_line(decision_lines(fitting(), NOW, 70, UNICODE))
    assert "optional" in reason_hint(fitting())


def test_a_decision_without_both_packages_is_told_to_be_unknown_and_why() -> None:
    told = one_line(decision_lines(replace(fitting(), packages=half_known()), NOW, 70, ASCII))
    assert "? unknown" in told
    assert "not published (sha256:ab12...90fe): see tab 4" in told.replace("…", "...")


def test_a_missing_package_takes_one_line_of_the_evidence_and_the_tab_tells_the_command() -> None:
    missing = half_known().candidate
    assert missing is not None
    gate = Gate(clean("package"), GateState.UNKNOWN, missing.problem)
    proposal = replace(fitting(), packages=half_known(), gates=(*fitting().gates, gate))
    lines = list(map(plain, decision_lines(proposal, NOW, 66, UNICODE, tab="f4")))
    here = next(place for place, line in enumerate(lines) if line.startswith(" ? package"))
    assert lines[here].rstrip().endswith("not published (sha256:ab12…90fe): see tab f4")
    assert not lines[here + 1].startswith(" " * 8)
    assert "mlcd-tui packages publish" not in "\n".join(lines)
    assert "mlcd-tui packages publish" in text(tab_lines(half_known(), "payments", 76, UNICODE))


def test_further_troubles_of_looking_stand_in_the_evidence_too() -> None:
    sentence = (
        f"no package is published for {DIGEST_7}; mlflow.example does not answer: run `mlcd-tui packages publish`"
    )
    (told,) = beside((Gate(clean("package"), GateState.UNKNOWN, clean(sentence)),), "4")
    assert told.reason == "not published (sha256:ab12…90fe); mlflow.example does not answer: see tab 4"


def test_only_three_findings_stand_in_the_decision() -> None:
    many = replace(compatibility(Verdict.BREAKING), findings=compatibility(Verdict.BREAKING).findings[:1] * 9)
    packages = replace(around(), diff=replace(diff(), compatibility=many))
    told = one_line(decision_lines(replace(breaking(), packages=packages), NOW, 100, UNICODE))
    assert told.count("became required") == 3
    assert "6 more" in told


def test_lists_of_packages_are_filtered_by_every_word_and_sorted() -> None:
    every = [*entries(5), PackageEntry("x:1", Clean("Alpha"), Clean("10"), tags={"team": Clean("growth")})]
    assert [entry.name for entry in chosen(every, "team=growth ALPHA", "place")] == ["Alpha"]
    assert chosen(every, "", "name")[0].name == "Alpha"
    assert [entry.version for entry in chosen(every, "fraud", "name")] == ["7", "6"]
    assert all(len(chosen(every, "", sort)) == 6 for sort in SORTS)
    assert chosen(every, "", "newest")[-1].name == "Alpha"  # without a time it is no news
    for room in (30, 60, 120):
        widths = Widths.of(every, room)
        assert all(width(entry_row(entry, {"x:1": 1}, widths, NOW, room)) <= max(room, 36) for entry in every)


def test_words_of_values() -> None:
    assert [size(n) for n in (None, 0, 999, 12_431_002, 5_000_000_000)] == ["", "0 B", "999 B", "12.4 MB", "5.0 GB"]
    assert [number(n) for n in (None, 41.0, 0.1 + 0.2, float("nan"))] == ["", "41", "0.3", "nan"]


@pytest.mark.parametrize("room", [10, 24, 60])
def test_tables_fit_any_room(room: int) -> None:
    rows = [(Span("name" * 9), Span(""), Span("日本" * 20), Span("z"))] * 3
    lines = table(("a", "nothing", "b", "c"), rows, room)
    assert max(map(width, lines)) <= room
    assert "nothing" not in text(lines)
    assert lines[1][1].told == "name" * 9


# The fleet's column -------------------------------------------------------------------------------------------


def cell(verdict: Verdict | None, room: int = 12, *, in_flight: bool = True) -> str:
    row = make_row(in_flight=in_flight)
    notes = {} if verdict is None else {row.ref: SchemaNote(verdict, Clean("input `age` became required"))}
    return plain(BY_ID["schema"].cell(row, View(UNICODE, NOW, schemas=notes), room))


def test_the_column_tells_sign_and_word_and_is_blank_at_rest() -> None:
    assert cell(Verdict.BREAKING) == "✘ breaking"
    assert cell(Verdict.COMPATIBLE) == "✔ compatible"
    assert cell(Verdict.COMPATIBLE, 10) == "compatible"
    assert cell(None) == "…"
    assert cell(Verdict.BREAKING, in_flight=False) == ""
    row = make_row(in_flight=True)
    assert "schema breaking: why" in hover(row, NOW, SchemaNote(Verdict.BREAKING, Clean("why")))


def test_the_column_stands_between_checks_and_waiting_where_there_is_room() -> None:
    for room in (99, 119, 199):
        names = [placed.column.id for placed in layout(room)]
        place = names.index("schema")
        assert names[place - 1 : place + 2] == ["checks", "schema", "waiting"]
    assert [placed.column.id for placed in layout(79)] == ["service", "phase", "traffic", "waiting"]


async def _shown(app: MlcdApp, pilot: Pilot[None]) -> tuple[FleetTable, list[str]]:
    await pilot.pause()
    table = app.screen.query_one(FleetTable)
    lines = ["".join(segment.text for segment in table.render_line(y)) for y in range(1, 8)]
    return table, lines


async def test_a_word_that_arrives_later_is_painted_and_sorts_the_rows() -> None:
    session = FakeSession(story())
    app = make_app(session)
    async with app.run_test(size=(120, 30)) as pilot:
        table, lines = await _shown(app, pilot)
        assert not any("breaking" in line for line in lines)
        session.push(schemas=schema_session().fleet.schemas)
        table, lines = await _shown(app, pilot)
        assert "✘ breaking" in next(line for line in lines if "churn" in line)
        await pilot.press("s", *"schema", "enter")
        table, lines = await _shown(app, pilot)
        assert "churn" in lines[0]
        ranker = next(row.ref for row in session.fleet.rows if row.ref.name == "embedder")
        session.push(schemas={**session.fleet.schemas, ranker: SchemaNote(Verdict.BREAKING)})
        table, lines = await _shown(app, pilot)
        assert {"churn", "embedder"} == {
            name for name in ("churn", "embedder", "ranker") if any(name in line for line in lines[:2])
        }
        assert table.cursor is not None


def test_times_of_packages_do_not_move_backwards() -> None:
    later = replace(fraud(), created=NOW + timedelta(days=1))
    assert "now" in text(parts_of(later)["facts"].lines)
