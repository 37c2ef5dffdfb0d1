"""Tensors: element type, rank, sizes, and which sizes must be the same."""

from __future__ import annotations

from collections.abc import Sequence

from mlcd_tui.domain.compatibility.casts import TEXTS, VAGUE, widens
from mlcd_tui.domain.compatibility.columns import Columns, settled
from mlcd_tui.domain.compatibility.rules import NOUNS, finding, quoted
from mlcd_tui.domain.schema import Dim, Extras, Field, Schema
from mlcd_tui.domain.verdict import Finding, Side, Verdict

_OK, _NO, _WHO_KNOWS = Verdict.COMPATIBLE, Verdict.BREAKING, Verdict.UNKNOWN
_SHAPELESS = frozenset({"object", "array", "map"})


class Tensors:
    """One comparison of tensors on one side."""

    def __init__(self, side: Side, path: str, coerce: str = "none") -> None:
        self.side, self.path, self.coerce = side, path, coerce
        self.noun = NOUNS[side]
        self.consumed = side is not Side.OUTPUT
        self.findings: list[Finding] = []
        self._pairs: list[tuple[Field, Field]] = []

    def say(
        self, verdict: Verdict, rule: str, path: str, sentence: str, before: object = "", after: object = ""
    ) -> None:
        """Record a finding."""
        self.findings.append(finding(verdict, self.side, rule, path, sentence, before, after))

    def compare(self, old: Schema, new: Schema) -> list[Finding]:
        """All findings between two schemas of tensors."""
        by_name = old.named and new.named and all(f.name for f in (*old.fields, *new.fields))
        if by_name:
            self._by_name(old.fields, new.fields, new.extras)
        else:
            self._by_place(old.fields, new.fields)
        self._symbols()
        return self.findings

    def _by_name(self, old: Sequence[Field], new: Sequence[Field], extras: Extras) -> None:
        before, after = {f.name: f for f in old}, {f.name: f for f in new}
        if len(before) < len(old) or len(after) < len(new):
            text = f"{self.path} names a tensor twice: it is not clear which is meant"
            self.say(_WHO_KNOWS, "tensor-reordered", self.path, text)
        for name, two in after.items():
            if (one := before.get(name)) is None:
                self._added(two, quoted(name), f"{self.path}.{name}", _OK)
            else:
                self._pair(one, two, f"{self.path}.{name}", quoted(name))
        for name, one in before.items():
            if name not in after:
                self._removed(one, quoted(name), f"{self.path}.{name}", extras)
        if [n for n in before if n in after] != [n for n in after if n in before]:
            self.say(_OK, "tensor-reordered", self.path, f"{self.noun}s are in another order; callers bind by name")

    def _by_place(self, old: Sequence[Field], new: Sequence[Field]) -> None:
        names = [f.name for f in old], [f.name for f in new]
        if all(names[0]) and all(names[1]) and names[0] != names[1] and sorted(names[0]) == sorted(names[1]):
            text = f"{self.noun}s are in another order, and callers bind by position"
            self.say(_NO, "tensor-reordered", self.path, text, ", ".join(names[0]), ", ".join(names[1]))
        elif any(one and two and one != two for one, two in zip(*names, strict=False)):
            text = f"{self.noun}s have other names at the same position: they may mean another thing"
            self.say(_WHO_KNOWS, "tensor-reordered", self.path, text, ", ".join(names[0]), ", ".join(names[1]))
        for place, (one, two) in enumerate(zip(old, new, strict=False)):
            self._pair(one, two, f"{self.path}.{one.name or place}", quoted(one.name, place))
        for place, one in list(enumerate(old))[len(new) :]:
            self._removed(one, quoted(one.name, place), f"{self.path}.{one.name or place}", Extras.REJECT)
        for place, two in list(enumerate(new))[len(old) :]:
            alone = _WHO_KNOWS if len(old) == 1 else _NO
            self._added(two, quoted(two.name, place), f"{self.path}.{two.name or place}", alone)

    def _added(self, new: Field, label: str, path: str, given: Verdict) -> None:
        if not self.consumed:
            text = {
                _OK: "callers that read by name do not notice",
                _NO: "callers that read by position do",
                _WHO_KNOWS: "callers of the single one may get a list instead",
            }[given]
            self.say(given, "tensor-output-added", path, f"output {label} is new: {text}", "", new.dtype)
        elif new.required and not new.has_default:
            text = f"{self.noun} {label} is new and required: callers that do not send it will fail"
            self.say(_NO, "tensor-required-added", path, text, "", new.dtype)
        else:
            text = f"{self.noun} {label} is new and may be omitted"
            self.say(_OK, "tensor-optional-added", path, text, "", new.dtype)

    def _removed(self, old: Field, label: str, path: str, extras: Extras) -> None:
        if not self.consumed:
            text = f"output {label} is gone: callers that read it will fail"
            self.say(_NO, "tensor-removed", path, text, old.dtype)
        elif extras is Extras.IGNORE:
            text = f"{self.noun} {label} is gone: what is sent for it is ignored"
            self.say(_OK, "tensor-removed", path, text, old.dtype)
        else:  # inference servers refuse tensors that they do not know
            text = f"{self.noun} {label} is gone: callers that still send it will be refused"
            self.say(_NO, "tensor-removed", path, text, old.dtype)

    def _pair(self, old: Field, new: Field, path: str, label: str) -> None:
        self._pairs.append((old, new))
        if settled(old, new) and (old.shape is not None or old.dtype in _SHAPELESS):
            return
        shared = Columns(self.side, path, self.coerce, family="tensor")
        shared._presence(old, new, path, label)  # noqa: SLF001 - one family of rules
        if self.consumed:
            shared._default(old, new, path, label)  # noqa: SLF001 - one family of rules
        shared.values(old, new, path, label)
        self.findings += shared.findings
        self._type(old, new, path, label)
        if not {old.dtype, new.dtype} & _SHAPELESS:
            self._shape(old, new, path, label)

    def _type(self, old: Field, new: Field, path: str, label: str) -> None:
        before, after = old.raw or old.dtype, new.raw or new.dtype
        changed = f"{self.noun} {label} changed from {before} to {after}"
        if {old.dtype, new.dtype} & VAGUE:
            text = f"{changed}: one of them does not tell the type"
            if old.dtype == new.dtype:
                text = f"the element type of {self.noun} {label} is not told: {before}, now {after}"
            self.say(_WHO_KNOWS, "tensor-type", path, text, before, after)
        elif old.dtype == new.dtype:
            if old.children != new.children:
                text = f"{changed}: what is inside differs"
                self.say(_WHO_KNOWS, "tensor-type", path, text, before, after)
            elif not settled(old, new) and old.dtype in _SHAPELESS:
                text = f"what {self.noun} {label} holds is not told"
                self.say(_WHO_KNOWS, "tensor-type", path, text, before, after)
        elif old.dtype in TEXTS and new.dtype in TEXTS and "text" in {old.dtype, new.dtype}:
            self.say(_OK, "tensor-text", path, f"{changed}: the protocol does not tell them apart", before, after)
        elif self.consumed and self.coerce == "json" and widens(old.dtype, new.dtype):
            text = f"{changed}: JSON callers are served, callers of the binary protocol would not be"
            self.say(_WHO_KNOWS, "tensor-transport", path, text, before, after)
        else:
            text = "callers that send the old type will fail" if self.consumed else "callers expect the old type"
            self.say(_NO, "tensor-type", path, f"{changed}: {text}", before, after)

    def _shape(self, old: Field, new: Field, path: str, label: str) -> None:
        one, two = old.shape, new.shape
        before, after = _drawn(one), _drawn(two)
        if one is None or two is None:
            where = "on neither side" if one is two else "on one side only"
            text = f"the shape of {self.noun} {label} is recorded {where}"
            self.say(_WHO_KNOWS, "tensor-shape-unknown", path, text, before, after)
            return
        if len(one) != len(two):
            text = (
                f"{self.noun} {label} changed its rank from {len(one)} to {len(two)}: {_hurt(consumed=self.consumed)}"
            )
            self.say(_NO, "tensor-rank", path, text, before, after)
            return
        for place, (a, b) in enumerate(zip(one, two, strict=True)):
            self._dim(a, b, f"dimension {place + 1} of {self.noun} {label}", path, (before, after))

    def _dim(self, old: Dim, new: Dim, what: str, path: str, shapes: tuple[str, str]) -> None:
        fixed = isinstance(old, int), isinstance(new, int)
        if fixed == (False, False) or (all(fixed) and old == new):
            return
        if all(fixed):
            text = f"{what} changed from {old} to {new}: {_hurt(consumed=self.consumed)}"
            self.say(_NO, "tensor-dim", path, text, *shapes)
        elif fixed[1]:
            text = f"{what} was free and is {new} now"
            verdict = _NO if self.consumed else _OK
            hurt = f"{text}: {_hurt(consumed=True)}" if self.consumed else text
            self.say(verdict, "tensor-dim", path, hurt, *shapes)
        else:
            text = f"{what} was {old} and is free now"
            verdict = _OK if self.consumed else _NO
            hurt = text if self.consumed else f"{text}: {_hurt(consumed=False)}"
            self.say(verdict, "tensor-dim", path, hurt, *shapes)

    def _symbols(self) -> None:
        """Sizes with one symbol are the same: what is demanded of a request, or promised of an answer.

        A free size without a symbol does not tell whether it equals another: many protocols have no symbols.
        """
        places = [
            (a, b)
            for one, two in self._pairs
            if one.shape is not None and two.shape is not None and len(one.shape) == len(two.shape)
            for a, b in zip(one.shape, two.shape, strict=True)
        ]
        merged = _several([(b, a) for a, b in places])
        split = _several(places)
        if merged is not None:
            text = "sizes that were independent must be equal now" if self.consumed else "sizes became equal"
            if merged is _WHO_KNOWS and self.consumed:
                text = "sizes must be equal now, and it was not recorded whether they had to be"
            self.say(merged if self.consumed else _OK, "tensor-symbols", self.path, f"{self.path}: {text}")
        if split is not None:
            text = "sizes that had to be equal are independent now"
            if split is _WHO_KNOWS and not self.consumed:
                text = "sizes had to be equal, and it is not recorded whether they still are"
            self.say(_OK if self.consumed else split, "tensor-symbols", self.path, f"{self.path}: {text}")


def _several(places: Sequence[tuple[Dim, Dim]]) -> Verdict | None:
    """What a symbol on the left beside other sizes on the right means: breaking where two of those are told to differ.

    Unknown where one of several is free without a symbol; None where no symbol has several.
    """
    met: dict[str, list[Dim]] = {}
    for one, two in places:
        if isinstance(one, str):
            met.setdefault(one, []).append(two)
    if any(len({two for two in others if two is not None}) > 1 for others in met.values()):
        return _NO
    return _WHO_KNOWS if any(len(others) > 1 and None in others for others in met.values()) else None


def _hurt(*, consumed: bool) -> str:
    return "callers that send the old shape will fail" if consumed else "callers expect the old shape"


def _drawn(shape: Sequence[Dim] | None) -> str:
    if shape is None:
        return "unknown"
    return "[" + ", ".join("-1" if dim is None else str(dim) for dim in shape) + "]"
