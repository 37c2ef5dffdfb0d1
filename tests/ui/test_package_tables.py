"""Tables of packages in small terminals: the label keeps what it needs, and values are told as people say them."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_diff import diff
from mlcd_tui.domain.package_ports import FoundPackage, RolloutPackages
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.domain.verdict import Difference, Judgement, PackageDiff, Section
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.viewmodels.package_difference import diff_parts, difference_lines, metric_differences
from mlcd_tui.ui.viewmodels.package_tab import tab_lines
from mlcd_tui.ui.viewmodels.package_table import Notes, table
from mlcd_tui.ui.viewmodels.package_words import difference_values
from mlcd_tui.ui.viewmodels.spans import Line, Span, plain, width, wrap
from mlcd_tui.ui.viewmodels.tones import Tone
from tests.ui.package_samples import fraud

NARROW = 49
"""Columns of the Package tab in a terminal of 80."""


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:

    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def text(lines: tuple[Line, ...]) -> str:
    return "\n".join(map(plain, lines))


def changed(section: Section, label: str, before: str, after: str, note: str = "") -> Difference:
    return Difference(section, clean(label), clean(before), clean(after), Judgement.CHANGED, clean(note))


DIGEST_A, DIGEST_B = "sha256:" + "a1" * 32, "sha256:" + "b2" * 32
CHANGES = (
    changed(
        Section.DATA, "card-transactions (train)", "2025-10 · sha256:aa11bb22cc33 · 9 rows", "2025-11 · x · 9", "d"
    ),
    changed(Section.ARTIFACT, "size of weights in bytes", "79,104,000", "84,213,760"),
    changed(Section.PROVENANCE, "trained at", "2026-11-21T12:36:00+00:00", "2026-11-24T12:24:00+00:00"),
    changed(Section.DEPENDENCIES, "scikit-learn", "1.6.0", "1.5.2", "older than what serves"),
)


def test_labels_keep_what_they_need_and_values_are_told_as_people_say_them() -> None:
    told = text(difference_lines(CHANGES, NARROW, UNICODE, brief=True)).splitlines()
    assert re.split(r" {2,}", told[1].strip()) == ["card-transactions", "2025-10", "→ 2025-11"]
    assert re.split(r" {2,}", told[2].strip()) == ["size of weights", "79.1 MB", "→ 84.2 MB"]
    assert re.split(r" {2,}", told[3].strip()) == ["trained at", "21 Nov 12:36", "→ 24 Nov 12:24"]
    assert told[5].strip() == "older than what serves", "a note that warns is never left out"
    assert max(map(len, told)) <= NARROW


def test_a_metric_of_twenty_letters_stands_whole_in_eighty_columns() -> None:
    metric = Difference(
        Section.METRICS, clean("recall_at_1pct_fpr (test)"), clean("0.664"), clean("0.9534"), Judgement.BETTER
    )
    result = diff(fraud(6), fraud(7))
    told = text(metric_differences(result, (metric,), NARROW, UNICODE, brief=True))
    assert "recall_at_1pct_fpr  0.664  → 0.9534  ▲ better" in told


def test_the_split_is_told_where_two_metrics_are_told_apart_by_it() -> None:
    both = tuple(
        Difference(Section.METRICS, clean(f"auc ({split})"), clean("0.6"), clean("0.7"), Judgement.BETTER)
        for split in ("test", "train")
    )
    told = text(metric_differences(diff(fraud(6), fraud(7)), both, NARROW, UNICODE, brief=True))
    assert "auc (test)" in told
    assert "auc (train)" in told


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("2026-11-24T11:48:00Z", "2026-11-24T11:48:30Z", ("24 Nov 11:48:00", "24 Nov 11:48:30")),
        ("2025-11-24T11:48:00Z", "2026-11-24T11:48:00Z", ("2025-11-24", "2026-11-24")),
        ("2026-99-99T11:48:00Z", "2026-11-24T11:48:00Z", ("2026-99-99T11:48:00Z", "2026-11-24T11:48:00Z")),
        ("v1", "2026-11-24T11:48:00Z", ("v1", "24 Nov 11:48")),
        ("79,104,000 bytes", "79,104,001 bytes", ("79,104,000 bytes", "79,104,001 bytes")),
        ("", "84,213,760 bytes", ("", "84.2 MB")),
        (DIGEST_A, DIGEST_B, ("sha256:a1a1…a1a1", "sha256:b2b2…b2b2")),
        ("sha256:" + "ab" * 32, "sha256:ab" + "ab" * 20 + "cd" * 11, ("sha256:abab…abab", "sha256:abab…cdcd")),
    ],
)
def test_short_words_never_hide_that_two_values_differ(before: str, after: str, shown: tuple[str, str]) -> None:
    assert difference_values(changed(Section.PROVENANCE, "x", before, after)) == shown


def test_notes_go_below_before_labels_or_values_are_cut() -> None:
    rows = [(Span("a_label_of_some_letters"), Span("1"), Span("a note of five words", Tone.DIM))]
    assert text(table(("", "", ""), rows, 80, titled=False, notes=Notes.BELOW)).count("\n") == 0
    below = table(("", "", ""), rows, 30, titled=False, notes=Notes.BELOW)
    assert [plain(line).strip() for line in below] == ["a_label_of_some_letters  1", "a note of five words"]
    warnings = table(("", "", ""), rows, 30, titled=False, notes=Notes.WARNINGS_BELOW)
    assert [plain(line).strip() for line in warnings] == ["a_label_of_some_letters  1"]


def _long(package: ModelPackage) -> ModelPackage:
    metrics = tuple(replace(one, name=Clean(one.name * 40)) for one in package.metrics)
    return replace(package, metrics=metrics, name=clean("n" * 900), version=clean("v" * 900))


@pytest.mark.parametrize("room", [20, NARROW, 76, 130])
def test_endless_names_stay_within_the_room(room: int) -> None:
    result: PackageDiff = diff(_long(fraud(6)), _long(fraud(7)))
    image = Clean("r/x@sha256:" + "0" * 64)
    found = [FoundPackage(image, clean(""), package=one) for one in (result.candidate, result.serving)]
    lines = [*tab_lines(RolloutPackages(found[0], found[1], result), "ns", room, UNICODE)]
    lines += [line for part in diff_parts(result, room, UNICODE) for line in part.lines]
    assert max(map(width, lines)) <= room


@pytest.mark.parametrize("room", range(16, 60))
def test_a_text_that_is_cut_ends_in_one_ellipsis(room: int) -> None:
    line = (Span("Package  "), Span("Metrics: 2 better: auc 0.908 → 0.914 · Dependencies: new major of numpy and more"))
    *_, last = cut = wrap(line, room, 9, 1)
    assert width(last) <= room
    assert plain(last).count("…") == 1
    assert plain(last).endswith("…")
    assert len(cut) == 1


def test_what_is_cut_in_the_whole_comparison_stands_below_in_full() -> None:
    facts = "sha256:aa11bb22cc33 · 48,210,334 rows"
    one = changed(Section.DATA, "card-transactions (train)", f"2025-10 · {facts}", f"2025-11 · {facts}")
    told = text(difference_lines((one,), 76, UNICODE))
    assert f"    2025-10 · {facts}" in told
    assert f"    → 2025-11 · {facts}" in told
    assert facts not in text(difference_lines((one,), NARROW, UNICODE, brief=True))
    assert "→ 2025-11" in text(difference_lines((one,), NARROW, UNICODE, brief=True))
