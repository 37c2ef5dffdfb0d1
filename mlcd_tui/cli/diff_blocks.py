"""The diff of two packages in blocks: the verdict first, then what it rests on, then everything else."""

from __future__ import annotations

from collections.abc import Iterator

from mlcd_tui.cli.blocks import Block
from mlcd_tui.domain.verdict import Compatibility, Difference, Judgement, PackageDiff, Section, Verdict

_WORDS = {Verdict.COMPATIBLE: "compatible", Verdict.UNKNOWN: "unknown", Verdict.BREAKING: "breaking"}
_SIGNS = {
    Judgement.BETTER: "better",
    Judgement.WORSE: "worse",
    Judgement.SAME: "same",
    Judgement.CHANGED: "changed",
    Judgement.ADDED: "added",
    Judgement.REMOVED: "removed",
    Judgement.MAJOR: "new major",
}
_ROLLBACK = {
    Verdict.COMPATIBLE: "Going back afterwards is safe.",
    Verdict.UNKNOWN: "Whether going back afterwards is safe is not known.",
    Verdict.BREAKING: "Going back afterwards breaks callers that moved on.",
}
_NOT_CHECKED = "Not checked: units, encodings of categories, the meaning of features, calibration of scores."


def diff_blocks(diff: PackageDiff) -> Iterator[Block]:
    """The whole diff."""
    yield Block(
        f"{diff.serving.label} → {diff.candidate.label}",
        (_verdict(diff.compatibility), *diff.headline, _ROLLBACK[diff.compatibility.rollback]),
    )
    yield Block(
        "Schema",
        (*([f"Compared: {diff.compatibility.checked}"] if diff.compatibility.checked else []), _NOT_CHECKED),
        ("verdict", "where", "what", "before", "after", "rule"),
        tuple(
            (_WORDS[one.verdict], one.path, one.sentence, one.before, one.after, one.rule)
            for one in diff.compatibility.findings
        ),
    )
    for section in Section:
        found = tuple(_row(one) for one in diff.differences if one.section is section)
        if found:
            yield Block(section.value.capitalize(), head=("", "what", "before", "after", "note"), rows=found)


def _verdict(compatibility: Compatibility) -> str:
    alike = sum(one.verdict is compatibility.verdict for one in compatibility.findings) - 1
    more = f" (and {alike} more)" if alike > 0 and compatibility.verdict is not Verdict.COMPATIBLE else ""
    return f"Schema {_WORDS[compatibility.verdict]}: {compatibility.headline or 'no contract is recorded'}{more}"


def _row(one: Difference) -> tuple[str, ...]:
    return (_SIGNS[one.judgement], one.label, one.before or "-", one.after or "-", one.note)
