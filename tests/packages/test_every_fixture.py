"""Every real package that lies here is read, and all that it records stands on the screen and on the command line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mlcd_tui.cli.blocks import print_blocks
from mlcd_tui.cli.package_blocks import package_blocks
from mlcd_tui.domain.completeness import lacks
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_contracts import described
from mlcd_tui.domain.schema import Schema, SchemaKind
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.library import FORMATS, Library
from mlcd_tui.ui.viewmodels.glyphs import UNICODE
from mlcd_tui.ui.viewmodels.package_view import package_parts, raw_parts

FIXTURES = Path(__file__).parents[1] / "fixtures" / "packages"
FOLDERS = sorted(path.name for path in FIXTURES.iterdir() if path.is_dir())
NO_FIXTURE_OF_THEIR_OWN = {"mlcd", "oci_labels", "openapi", "pickle_files"}
"""Ours, and those whose documents lie among the fixtures of others."""
NOW = datetime(2026, 12, 1, tzinfo=UTC)
WORDED = ("kind", "source", "extras", "coerce", "named", "rank", "state", "direction", "dialect", "text", "role")
"""Told in words of the house."""


def _read(folder: str) -> ModelPackage:
    return Library().read(str(FIXTURES / folder))


def _facts(value: object, where: str) -> Iterator[tuple[str, str]]:
    """All texts of a package, and where they stand in it."""
    if is_dataclass(value):
        for one in fields(value):
            if one.name not in WORDED and not (
                one.name == "raw" and getattr(value, "dtype", "") == getattr(value, "raw", "").lower()
            ):
                yield from _facts(getattr(value, one.name), f"{where}.{one.name}")
    elif isinstance(value, tuple):
        for place, one in enumerate(value):
            yield from _facts(one, f"{where}[{place}]")
    elif isinstance(value, str) and value not in {"", "unknown"}:
        yield where, str(value)


def _squeezed(text: str) -> str:
    """Without the white space that lines are broken at."""
    return "".join(text.split())


def _on_screen(package: ModelPackage) -> str:
    parts = package_parts(package, NOW, 200, UNICODE)
    return _squeezed("".join(span.text + span.told for part in parts for line in part.lines for span in line))


def _printed(package: ModelPackage, form: str, printed: pytest.CaptureFixture[str]) -> str:
    print_blocks(package_blocks(package), form)
    return _squeezed(printed.readouterr().out)


def test_each_format_has_a_fixture() -> None:
    read = {source.format for folder in FOLDERS for source in _read(folder).sources}
    assert set(FORMATS.names()) - read - NO_FIXTURE_OF_THEIR_OWN == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_all_that_a_fixture_records_is_shown(folder: str, capsys: pytest.CaptureFixture[str]) -> None:
    package = _read(folder)
    facts = [
        (where, fact)
        for where, fact in _facts(package, "")
        if not where.startswith((".origins", ".dependencies"))
        and not where.endswith((".digest", ".media_type", ".subject"))
    ]
    assert len(facts) > 5
    screen, printed = _on_screen(package), _printed(package, "table", capsys)
    assert [where for where, fact in facts if _squeezed(fact)[:280] not in screen] == []
    assert [where for where, fact in facts if _squeezed(fact)[:280] not in printed] == []
    digests = [fact for where, fact in _facts(package, "") if fact.startswith("sha256:")]
    assert [fact for fact in digests if fact[:19] not in printed or fact[7:11] not in screen] == []
    named = [one.name for one in package.dependencies]
    assert [name for name in named if name not in screen or name not in printed] == []
    told = [_squeezed(lack.sentence) for lack in lacks(package)]
    assert [sentence for sentence in told if sentence not in screen or sentence not in printed] == []


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_documents_of_a_fixture_can_be_read_as_they_are(folder: str) -> None:
    package = _read(folder)
    raw = raw_parts(package)
    assert len(raw) == len(package.sources)
    assert all(source.text for source in package.sources)
    assert not any("was not kept" in span.text for part in raw for line in part.lines for span in line)


def test_who_contradicts_whom_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, licence in (("mlcd.yaml", "MIT"), ("churn.mlcd.yaml", "GPL-3.0-only")):
        text = f"apiVersion: mlcd.dev/v1\nkind: ModelPackage\nname: churn\nlicences: [{licence}]\n"
        (tmp_path / name).write_text(text)
    package = Library().read(str(tmp_path))
    for shown in (_on_screen(package), *(_printed(package, form, capsys) for form in ("table", "markdown"))):
        assert "Contradictions" in shown
        assert all(told in shown for told in ("licences", "MIT", "GPL-3.0-only")), shown
    assert "! sources disagree on licences" in " ".join(
        span.text for line in package_parts(package, NOW, 120, UNICODE)[0].lines for span in line
    )
    assert clean("licences") in {origin.field for origin in package.contradictions}


def test_an_endpoint_that_two_documents_describe_alike_is_shown_once(capsys: pytest.CaptureFixture[str]) -> None:
    package = _read("kitops")
    assert [one.source for one in package.endpoints] == [0, 1], "all is kept for who compares"
    lines = ["".join(span.text for span in line) for line in package_parts(package, NOW, 120, UNICODE)[1].lines]
    assert [line.split() for line in lines if line.strip().startswith("predict")] == [
        ["predict", "from", "kitops", "Kitfile", "and", "kitops", "manifest.json"]
    ]
    print_blocks(package_blocks(package), "table")
    titles = [line for line in capsys.readouterr().out.splitlines() if line.startswith("predict")]
    assert titles == [
        "predict: inputs (tensors, by kitops 0 and kitops 1)",
        "predict: outputs (none, by kitops 0 and kitops 1)",
    ]

    first, second = package.endpoints
    other = replace(second, max_batch=8)
    assert [places for _, places in described((first, other))] == [(0,), (1,)]
    yes, one = (replace(first, inputs=Schema(SchemaKind.JSON, document={"const": value})) for value in (True, 1))
    assert len(described((yes, one))) == 2
