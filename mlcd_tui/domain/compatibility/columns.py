"""Columns: named or positional fields of a table, nested ones too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from mlcd_tui.domain.compatibility.casts import VAGUE, cast
from mlcd_tui.domain.compatibility.rules import NOUNS, finding, quoted
from mlcd_tui.domain.compatibility.values import canonical, equal, shown
from mlcd_tui.domain.schema import Extras, Field, Schema
from mlcd_tui.domain.verdict import Finding, Side, Verdict

_OK, _NO, _WHO_KNOWS = Verdict.COMPATIBLE, Verdict.BREAKING, Verdict.UNKNOWN
_DEEPEST = 40
_HOLDING = frozenset({"object", "array", "map"})


@dataclass(slots=True)
class Columns:
    """One comparison of columns on one side."""

    side: Side
    path: str
    coerce: str = "none"
    extras: Extras = Extras.UNKNOWN
    family: str = "column"
    """First word of the rules: parameters of tensor models share the rest."""
    findings: list[Finding] = field(default_factory=list)

    def compare(self, old: Schema, new: Schema) -> list[Finding]:
        """All findings between two schemas of columns."""
        self.extras = new.extras
        by_name = old.named and new.named and all(f.name for f in (*old.fields, *new.fields))
        self.fields(old.fields, new.fields, self.path, by_name=by_name)
        return self.findings

    @property
    def consumed(self) -> bool:
        """Whether callers send this side."""
        return self.side is not Side.OUTPUT

    def say(
        self, verdict: Verdict, rule: str, path: str, sentence: str, before: object = "", after: object = ""
    ) -> None:
        """Record a finding."""
        self.findings.append(finding(verdict, self.side, rule, path, sentence, before, after))

    def fields(self, old: Sequence[Field], new: Sequence[Field], path: str, *, by_name: bool, depth: int = 0) -> None:
        """Compare two lists of fields."""
        if depth > _DEEPEST:
            self.say(_WHO_KNOWS, "contract-depth", path, f"{path} is nested too deeply to compare")
            return
        if not by_name:
            self._by_place(old, new, path, depth)
            return
        before, after = {f.name: f for f in old}, {f.name: f for f in new}
        if len(before) < len(old) or len(after) < len(new):
            self.say(
                _WHO_KNOWS, "column-position", path, f"{path} names a column twice: it is not clear which is meant"
            )
        gone = [f for f in old if f.name not in after]
        fresh = [f for f in new if f.name not in before]
        for one in fresh:
            self._added(one, gone, path)
        for one in gone:
            self._removed(one, fresh, path, self.extras if depth == 0 else self._extras_inside())
        for name, one in before.items():
            if (two := after.get(name)) is not None and not settled(one, two):
                self.pair(one, two, f"{path}.{name}", quoted(name), depth)
        shared = [f.name for f in new if f.name in before]
        if shared != [f.name for f in old if f.name in after]:
            self.say(_OK, "column-reordered", path, f"{NOUNS[self.side]}s are in another order; callers bind by name")

    def _by_place(self, old: Sequence[Field], new: Sequence[Field], path: str, depth: int) -> None:
        noun = NOUNS[self.side]
        names = [f.name for f in old], [f.name for f in new]
        if all(names[0]) and all(names[1]) and names[0] != names[1] and sorted(names[0]) == sorted(names[1]):
            self.say(
                _NO, "column-reordered", path, f"{noun}s are in another order, and callers bind by position",
                ", ".join(names[0]), ", ".join(names[1]),
            )  # fmt: skip
        for place, (one, two) in enumerate(zip(old, new, strict=False)):
            if not settled(one, two):
                label = quoted(one.name, place)
                self.pair(one, two, f"{path}.{one.name or place}", label, depth)
                if one.name and two.name and one.name != two.name and sorted(names[0]) != sorted(names[1]):
                    text = f"{noun} {label} is now {quoted(two.name)} at the same position: it may mean another thing"
                    self.say(_WHO_KNOWS, "column-position", f"{path}.{one.name}", text, one.name, two.name)
        for place, one in list(enumerate(old))[len(new) :]:
            self._removed(one, (), path, self.extras, place)
        for place, one in list(enumerate(new))[len(old) :]:
            self._added(one, (), path, place)

    def _added(self, new: Field, gone: Sequence[Field], path: str, place: int | None = None) -> None:
        noun, label = NOUNS[self.side], quoted(new.name, place)
        where = f"{path}.{new.name or place}"
        if not self.consumed:
            verdict = _OK if place is None else _NO
            text = "callers that read by name do not notice" if place is None else "callers that read by position do"
            self.say(verdict, "column-output-added", where, f"output {label} is new: {text}", "", new.dtype)
            return
        if new.required and not new.has_default:
            twin = _twin(new, gone)
            hint = f"; {quoted(twin.name)} is gone, so it may be renamed" if twin else ""
            text = f"{noun} {label} is new and required: callers that do not send it will fail{hint}"
            self.say(_NO, "column-required-added", where, text, "", new.dtype)
        else:
            text = f"{noun} {label} is new and may be omitted"
            self.say(_OK, "column-optional-added", where, text, "", new.dtype)

    def _extras_inside(self) -> Extras:
        """Of an object: MLflow ignores columns that it does not know, and refuses properties that it does not know."""
        return Extras.REJECT if self.coerce == "mlflow" else self.extras

    def _removed(self, old: Field, fresh: Sequence[Field], path: str, extras: Extras, place: int | None = None) -> None:
        noun, label = NOUNS[self.side], quoted(old.name, place)
        where = f"{path}.{old.name or place}"
        twin = _twin(old, fresh)
        hint = f"; {quoted(twin.name)} of the same type is new, so it may be renamed" if twin else ""
        if not self.consumed:
            text = f"output {label} is gone: callers that read it will fail{hint}"
            self.say(_NO, "column-removed", where, text, old.dtype)
        elif extras is Extras.REJECT:
            text = f"{noun} {label} is gone: callers that still send it will be refused{hint}"
            self.say(_NO, "column-removed", where, text, old.dtype)
        elif extras is Extras.IGNORE and place is None:
            self.say(_OK, "column-removed", where, f"{noun} {label} is gone: what is sent for it is ignored", old.dtype)
        elif extras is Extras.IGNORE:  # the server cuts off the last one, whichever one the model does without
            text = f"{noun} {label} is gone: one too many is ignored, but positions do not tell which of them went"
            self.say(_WHO_KNOWS, "column-removed", where, text, old.dtype)
        else:
            text = f"{noun} {label} is gone: it is not recorded whether sending it is refused{hint}"
            self.say(_WHO_KNOWS, "column-removed", where, text, old.dtype)

    def pair(self, old: Field, new: Field, path: str, label: str, depth: int = 0) -> None:
        """Compare one field with the one that takes its place."""
        self._presence(old, new, path, label)
        self._nulls(old, new, path, label)
        if self.consumed:
            self._default(old, new, path, label)
        self.values(old, new, path, label)
        self._type(old, new, path, label, depth)

    def values(self, old: Field, new: Field, path: str, label: str) -> None:
        """Compare which values are allowed: choices and range."""
        self._choices(old, new, path, label)
        self._range(old, new, path, label)

    def _presence(self, old: Field, new: Field, path: str, label: str) -> None:
        noun = NOUNS[self.side]
        one, two = (f.required and not (self.consumed and f.has_default) for f in (old, new))
        if two and not one:
            text = "callers that omit it will fail" if self.consumed else "it is always there now"
            verdict = _NO if self.consumed else _OK
            self.say(verdict, f"{self.family}-required", path, f"{noun} {label} became required: {text}")
        elif one and not two:
            text = (
                "callers may omit it now" if self.consumed else "callers that rely on it will fail where it is missing"
            )
            verdict = _OK if self.consumed else _NO
            self.say(verdict, f"{self.family}-optional", path, f"{noun} {label} became optional: {text}")

    def _nulls(self, old: Field, new: Field, path: str, label: str) -> None:
        noun, one, two = NOUNS[self.side], old.nullable, new.nullable
        if one is two:
            return
        if one is None or two is None:
            said = "after" if one is None else "before"
            text = f"{noun} {label}: whether it may be null is only stated {said}"
            self.say(_WHO_KNOWS, "column-null-unknown", path, text)
        elif two:
            text = "callers may send null now" if self.consumed else "callers that do not expect null will fail"
            self.say(_OK if self.consumed else _NO, "column-nullable", path, f"{noun} {label} may be null now: {text}")
        else:
            text = "callers that send null will fail" if self.consumed else "it has a value always"
            verdict = _NO if self.consumed else _OK
            self.say(verdict, "column-not-null", path, f"{noun} {label} may no longer be null: {text}")

    def _default(self, old: Field, new: Field, path: str, label: str) -> None:
        if (old.has_default, new.has_default) == (False, False):
            return
        if old.has_default and new.has_default and equal(old.default, new.default):
            return
        if not new.has_default and new.required:
            return  # said by `required`
        noun = NOUNS[self.side]
        one, two = (shown(f.default) if f.has_default else "none" for f in (old, new))
        text = f"the default of {noun} {label} changed from {one} to {two}: callers that omit it get another behaviour"
        self.say(_WHO_KNOWS, f"{self.family}-default", path, text, one, two)

    def _choices(self, old: Field, new: Field, path: str, label: str) -> None:
        sub, sup = (old.choices, new.choices) if self.consumed else (new.choices, old.choices)
        if sup is None and sub is None:
            return
        noun, rule = NOUNS[self.side], f"{self.family}-choices"
        lost: list[object] = [] if sup is None or sub is None else _without(sub, sup)
        more: list[object] = [] if sup is None or sub is None else _without(sup, sub)
        if lost or (sub is None and sup is not None):
            named = ", ".join(shown(value) for value in lost[:5]) or "values outside the list"
            text = f"no longer accepts {named}" if self.consumed else f"may now be {named}, which callers do not know"
            self.say(_NO, rule, path, f"{noun} {label} {text}", _listed(old), _listed(new))
        elif more or sup is None:
            text = "accepts more values" if self.consumed else "takes fewer values"
            self.say(_OK, rule, path, f"{noun} {label} {text} than before", _listed(old), _listed(new))

    def _range(self, old: Field, new: Field, path: str, label: str) -> None:
        sub, sup = (old, new) if self.consumed else (new, old)
        noun, before, after = NOUNS[self.side], _span(old), _span(new)
        if (old.minimum, old.maximum) == (new.minimum, new.maximum):
            return
        low = sup.minimum is None or (sub.minimum is not None and sub.minimum >= sup.minimum)
        high = sup.maximum is None or (sub.maximum is not None and sub.maximum <= sup.maximum)
        if low and high:
            text = f"{noun} {label} {'accepts' if self.consumed else 'stays within'} {after}, before {before}"
            self.say(_OK, f"{self.family}-range", path, text, before, after)
        else:
            text = f"no longer accepts all of {before}" if self.consumed else f"may leave {before}"
            text = f"{noun} {label} {text}: it is {after} now"
            self.say(_NO, f"{self.family}-range", path, text, before, after)

    def _type(self, old: Field, new: Field, path: str, label: str, depth: int) -> None:
        noun = NOUNS[self.side]
        sent = self.side is Side.PARAMETER
        verdict = (
            cast(old.dtype, new.dtype, self.coerce, parameter=sent)
            if self.consumed
            else cast(new.dtype, old.dtype, "none")
        )
        before, after = old.raw or old.dtype, new.raw or new.dtype
        vague = {old.dtype, new.dtype} & VAGUE or (
            old.dtype == new.dtype == "object" and not (old.children and new.children)
        )
        if vague:
            was = f"was {before} and is {after}" if before != after else f"is {before}, as it was"
            text = f"{noun} {label} {was}: that does not tell what is inside"
            self.say(_WHO_KNOWS, "column-type-unknown", path, text, before, after)
        elif old.dtype != new.dtype:
            changed = f"{noun} {label} changed from {before} to {after}"
            if verdict is _OK:
                text = "what callers send is cast safely" if self.consumed else "callers do not tell them apart"
            elif verdict is _WHO_KNOWS:
                text = "what callers send is taken, but it may not fit"
            else:
                text = "callers that send the old type will fail" if self.consumed else "callers expect the old type"
            self.say(verdict, "column-type", path, f"{changed}: {text}", before, after)
        elif old.dtype == "object":
            self.fields(old.children, new.children, path, by_name=True, depth=depth + 1)
        elif old.dtype in {"array", "map"}:
            self._elements(old, new, path, label, depth)
        elif old.shape != new.shape:
            self._shape(old, new, path, label)

    def _shape(self, old: Field, new: Field, path: str, label: str) -> None:
        """Of a parameter that is a list; MLflow writes no shape for a single value, and refuses one for the other."""
        one, two = ("single value" if shape is None else "list" for shape in (old.shape, new.shape))
        noun = NOUNS[self.side]
        if one != two and self.side is Side.PARAMETER and self.coerce == "mlflow":
            text = f"{noun} {label} was a {one} and is a {two} now: callers that send a {one} will fail"
            self.say(_NO, "column-type", path, text, one, two)
        else:
            text = f"the shape of {noun} {label} changed"
            self.say(_WHO_KNOWS, "column-type-unknown", path, text, old.shape, new.shape)

    def _elements(self, old: Field, new: Field, path: str, label: str, depth: int) -> None:
        if depth > _DEEPEST:
            self.say(_WHO_KNOWS, "contract-depth", path, f"{path} is nested too deeply to compare")
        elif old.children and new.children:
            if not settled(old.children[0], new.children[0]):
                of = f"{label} (each element)"
                self.pair(old.children[0], new.children[0], f"{path}[]", of, depth + 1)
        else:
            where = "one side only" if old.children or new.children else "neither side"
            text = f"what {label} holds is recorded on {where}"
            self.say(_WHO_KNOWS, "column-type-unknown", path, text, old.raw, new.raw)


def settled(one: Field, two: Field) -> bool:
    """Whether two fields are the same, and known down to what is inside: what is not told cannot be compared."""
    return alike(one, two) and not _untold(one)


def _untold(one: Field) -> bool:
    if one.dtype in VAGUE or (one.dtype in _HOLDING and not one.children):
        return True
    return any(map(_untold, one.children))


def alike(one: Field, two: Field) -> bool:
    """Whether two fields are the same; Python takes true for 1, JSON does not."""
    if one != two:
        return False
    return not (one.choices or one.has_default or one.children) or repr(one) == repr(two)


def _twin(one: Field, others: Sequence[Field]) -> Field | None:
    """The only other one of the same type: it may be this one under a new name."""
    alike = [other for other in others if other.dtype == one.dtype and other.children == one.children]
    return alike[0] if len(alike) == 1 else None


def _without(some: Sequence[object], others: Sequence[object]) -> list[object]:
    known = {canonical(value) for value in others}
    return [value for value in some if canonical(value) not in known]


def _listed(one: Field) -> str:
    return "any" if one.choices is None else ", ".join(shown(value) for value in one.choices[:20])


def _bound(value: float) -> str:
    """With all its digits: 16777217 is not 16777216."""
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e16 else shown(value)


def _span(one: Field) -> str:
    low = "-∞" if one.minimum is None else _bound(one.minimum)
    high = "∞" if one.maximum is None else _bound(one.maximum)
    return "any value" if (low, high) == ("-∞", "∞") else f"{low} … {high}"
