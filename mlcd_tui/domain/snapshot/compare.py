"""Walks an answer beside the approved one, down to numbers, texts, truths and nulls."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.snapshot import pairing, texts
from mlcd_tui.domain.snapshot.classes import judge
from mlcd_tui.domain.snapshot.paths import Follower, Place, States
from mlcd_tui.domain.snapshot.result import NOTHING, Collector, Comparison, DeviationKind, distance, is_nan, is_number
from mlcd_tui.domain.snapshot.rules import BY_DTYPE, OIP_DTYPES, NanPolicy, Order, Rules, Setting, TypePolicy, base

_DEEPEST = 100
_TINY = 1e-30
"""In place of an allowed distance of nothing, so that the worst of exact values can be found too."""
_NAMES = {bool: "a truth", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}


def compare(approved: Any, answer: Any, rules: Rules | None = None) -> Comparison:
    """How an answer stands to the approved one. Never raises; linear in their size but for lists without order.

    Args:
        approved: what was approved, as JSON values; every tolerance is measured by it.
        answer: what came.
        rules: how exact it has to be; None: the defaults.
    """
    collector = Collector()
    rules = rules or Rules()
    collector.output("$")
    walk = Walk(rules, Follower([rule.path for rule in rules.paths]), collector)
    walk.at(None, approved, answer, base(rules), walk.follower.start(), 0)
    result = collector.result()
    named = tuple(one for one in result.outputs if one.compared or one.failed or one.warned)
    return replace(result, outputs=named)


def compare_bytes(approved: bytes, answer: bytes) -> Comparison:
    """Answers that are no JSON: the same bytes or not."""
    collector = Collector()
    collector.output("$")
    collector.tally.compared = 1
    if approved != answer:
        theirs, mine = (sha256_of(one) for one in (approved, answer))
        note = f"{len(approved):,} bytes became {len(answer):,} bytes that differ"
        collector.add(DeviationKind.BYTES, None, theirs, mine, note=note)
    return collector.result()


class _Differs(Exception):  # noqa: N818 - no error, only the quickest way out of a trial
    """Two elements that were tried do not fit."""


class _Trial(Collector):
    """Gives up at the first failure."""

    def add(self, *_: Any, warned: bool = False, **__: Any) -> None:
        if not warned:
            raise _Differs


class Walk:
    """One comparison on its way down. Others may go another way by overriding a step (`domain.comparison` does)."""

    def __init__(self, rules: Rules, follower: Follower, collector: Collector) -> None:
        self.rules = rules
        self.follower = follower
        self.found = collector

    def at(self, place: Place, approved: Any, answer: Any, around: Setting, states: States, depth: int) -> None:
        """Compare two values, once the rules for this place are known."""
        setting = self.setting(around, states)
        if not setting.ignore:
            self.values(place, approved, answer, setting, states, depth)

    def setting(self, around: Setting, states: States) -> Setting:
        """What holds at a place that `states` have led to."""
        for rule in self.follower.arrived(states) if states else ():
            around = around.under(self.rules.paths[rule])
        return around

    def values(self, place: Place, approved: Any, answer: Any, setting: Setting, states: States, depth: int) -> None:
        """Compare two values by the rules of their place."""
        if depth > _DEEPEST:
            self.found.add(DeviationKind.SHAPE, place, NOTHING, NOTHING, note=f"nested deeper than {_DEEPEST}")
        elif setting.classes is not None and self.classes(place, approved, answer, setting):
            return
        elif isinstance(approved, dict | list) and not approved and approved == answer:
            self.found.tally.compared += 1  # nothing in it, as approved: that is something which agrees
        elif isinstance(approved, dict) and isinstance(answer, dict):
            self.objects(place, approved, answer, setting, states, depth)
        elif isinstance(approved, list | tuple) and isinstance(answer, list | tuple):
            self.lists(place, approved, answer, setting, states, depth)
        else:
            self.found.tally.compared += 1
            self.leaf(place, approved, answer, setting)

    def objects(
        self,
        place: Place,
        approved: dict[str, Any],
        answer: dict[str, Any],
        setting: Setting,
        states: States,
        depth: int,
    ) -> None:
        """Field by field."""
        dtype = OIP_DTYPES.get(approved["datatype"]) if isinstance(approved.get("datatype"), str) else None
        for key, value in approved.items():
            if depth == 0:
                self.found.output(str(key))
            below = self.follower.down(states, key) if states else states
            inner = setting
            if dtype and key == "data" and not setting.said:
                inner = typed(setting, dtype)
            if key in answer:
                self.at((place, key), value, answer[key], inner, below, depth + 1)
            elif not self.setting(inner, below).ignore:
                self.found.add(DeviationKind.MISSING, (place, key), value, NOTHING, note="is missing")
        for key in answer.keys() - approved.keys():
            below = self.follower.down(states, key) if states else states
            if not self.setting(setting, below).ignore:
                if depth == 0:
                    self.found.output(str(key))
                more = self.rules.extra_fields
                note = "was not there before"
                self.found.add(DeviationKind.EXTRA, (place, key), NOTHING, answer[key], warned=more, note=note)

    def lists(self, place: Place, approved: Any, answer: Any, setting: Setting, states: States, depth: int) -> None:
        """Element by element, in the order that the rules ask for."""
        if setting.order is Order.STRICT:
            if len(approved) != len(answer):
                note = f"{len(approved):,} elements became {len(answer):,}"
                self.found.add(DeviationKind.SHAPE, place, list(approved), list(answer), note=note)
                return
            self.in_order(place, approved, answer, setting, states, depth)
            return
        if setting.order is Order.BY_KEY and any(isinstance(one, dict) for one in (*approved, *answer)):
            paired = pairing.by_key(approved, answer, setting.key)
        elif setting.order is Order.BY_KEY:
            self.lists(place, approved, answer, replace(setting, order=Order.STRICT), states, depth)
            return
        else:
            paired = pairing.anyhow(approved, answer, lambda one, two: self.fits(one, two, setting, states, depth))
        if paired.trouble:
            self.found.add(DeviationKind.SHAPE, place, list(approved), list(answer), note=paired.trouble)
            return
        for mine, other in paired.pairs:
            below = self.follower.down(states, mine) if states else states
            self.at((place, mine), approved[mine], answer[other], setting, below, depth + 1)
        for mine in paired.missing:
            self.found.add(DeviationKind.MISSING, (place, mine), approved[mine], NOTHING, note="is missing")
        for other in paired.extra:
            note = "was not there before"
            self.found.add(DeviationKind.EXTRA, (place, other), NOTHING, answer[other], note=note)

    def in_order(self, place: Place, approved: Any, answer: Any, setting: Setting, states: States, depth: int) -> None:
        """Lists of one length whose elements belong together by their place."""
        named = depth == 1 and all(isinstance(one, dict) and isinstance(one.get("name"), str) for one in approved)
        if named or (states and self.follower.tells_apart(states)):
            for at, (value, other) in enumerate(zip(approved, answer, strict=True)):
                if named:
                    self.found.output(value["name"])
                self.at((place, at), value, other, setting, self.follower.down(states, at), depth + 1)
            return
        below = self.follower.down(states, 0) if states else states
        inner = self.setting(setting, below)
        if not inner.ignore:
            self.alike(place, approved, answer, inner, below, depth)

    def alike(self, place: Place, approved: Any, answer: Any, inner: Setting, below: States, depth: int) -> None:
        """Elements that the same rules hold for: numbers, of which there may be a million, without a call for each."""
        tally = self.found.tally
        rtol, atol = inner.tolerance.rtol, inner.tolerance.atol
        compared, max_abs, max_rel, infinite = 0, tally.max_abs, tally.max_rel, math.inf
        for at, (value, other) in enumerate(zip(approved, answer, strict=True)):
            if type(value) is float and type(other) is float:
                compared += 1
                if value == other:
                    continue
                apart, size = abs(value - other), abs(value)
                if apart <= atol + rtol * size and apart < infinite:
                    if apart > max_abs:  # noqa: PLR1730 - a call of max costs more than all the rest
                        max_abs = apart
                    if size and apart > max_rel * size:
                        max_rel = apart / size
                else:
                    self.number((place, at), value, other, inner)
            else:
                self.values((place, at), value, other, inner, below, depth + 1)
        tally.compared += compared
        tally.max_abs = max(tally.max_abs, max_abs)
        tally.max_rel = max(tally.max_rel, max_rel)

    def leaf(self, place: Place, approved: Any, answer: Any, setting: Setting) -> None:
        """Two values, one of which at least holds no others."""
        if setting.nan is NanPolicy.NULL_IS_NAN:
            approved = math.nan if approved is None and (answer is None or is_number(answer)) else approved
            answer = math.nan if answer is None and is_number(approved) else answer
        if is_number(approved) and is_number(answer):
            self.number(place, approved, answer, setting)
        elif isinstance(approved, str) and isinstance(answer, str):
            objection = texts.objection(setting.text, approved, answer)
            if objection:
                self.found.add(DeviationKind.TEXT, place, approved, answer, note=objection)
        elif type(approved) is type(answer) and (approved is None or isinstance(approved, bool)):
            if approved is not answer:
                self.found.add(DeviationKind.VALUE, place, approved, answer)
        else:
            note = f"{_name(approved)} became {_name(answer)}"
            self.found.add(DeviationKind.TYPE, place, approved, answer, note=note)

    def number(self, place: Place, approved: float, answer: float, setting: Setting) -> None:
        """Two numbers."""
        if is_nan(approved) or is_nan(answer):
            self.nan(place, approved, answer, setting)
            return
        if type(approved) is not type(answer) and setting.types is not TypePolicy.IGNORE:
            note = "an integer became a fraction" if isinstance(approved, int) else "a fraction became an integer"
            warned = setting.types is TypePolicy.WARN
            self.found.add(DeviationKind.TYPE, place, approved, answer, warned=warned, note=note)
        apart = distance(answer, approved)
        if not apart:
            return
        tally = self.found.tally
        tally.max_abs = max(tally.max_abs, apart)
        allowed = self.allowed(approved, answer, setting)
        if approved and abs(approved) < 1e300:
            tally.max_rel = max(tally.max_rel, apart / abs(approved))
        if apart > allowed or apart == math.inf:
            excess = apart / max(allowed, _TINY)
            self.found.add(DeviationKind.VALUE, place, approved, answer, excess=excess, allowed=allowed)

    def allowed(self, approved: float, answer: float, setting: Setting) -> float:
        """How far apart two numbers may be."""
        if isinstance(approved, int) and isinstance(answer, int) and not setting.whole:
            return 0.0
        try:
            allowed = float(setting.tolerance.allowed(approved))
        except OverflowError:  # an integer beyond what a floating-point number holds
            return 0.0
        return allowed if math.isfinite(allowed) else 0.0

    def nan(self, place: Place, approved: float, answer: float, setting: Setting) -> None:
        """Two numbers, one of which at least is none."""
        both = is_nan(approved) and is_nan(answer)
        if setting.nan is NanPolicy.REJECT and is_nan(answer):
            self.found.add(DeviationKind.NAN, place, approved, answer, note="NaN is not accepted")
        elif not both:
            note = "NaN became a number" if is_nan(approved) else "a number became NaN"
            self.found.add(DeviationKind.NAN, place, approved, answer, note=note)

    def classes(self, place: Place, approved: Any, answer: Any, setting: Setting) -> bool:
        """Judge a vector of probabilities; False: it is none, the usual way has to go on."""
        theirs, mine = _vector(approved), _vector(answer, tuple(approved) if isinstance(approved, dict) else ())
        if not theirs or not mine or len(theirs) != len(mine) or setting.classes is None:
            return False
        judged = judge(setting.classes, setting.tolerance, theirs, mine)
        tally = self.found.tally
        tally.compared += len(theirs)
        tally.max_abs = max(tally.max_abs, judged.max_abs)
        if judged.note:
            note, excess = judged.note, judged.max_abs
            warned = not judged.failed
            self.found.add(DeviationKind.CLASSES, place, approved, answer, warned=warned, excess=excess, note=note)
        return True

    def fits(self, approved: Any, answer: Any, setting: Setting, states: States, depth: int) -> bool:
        """Whether two elements are the same within the tolerances."""
        trial = _Trial()
        try:
            below = self.follower.down(states, 0) if states else states
            Walk(self.rules, self.follower, trial).at(None, approved, answer, setting, below, depth + 2)
        except _Differs:
            return False
        return True


@lru_cache(maxsize=256)
def typed(setting: Setting, dtype: str) -> Setting:
    """What holds for data whose element type the answer states; a copy for each of many answers took long."""
    return replace(setting, tolerance=BY_DTYPE[dtype])


def _vector(value: Any, labels: tuple[str, ...] = ()) -> list[float]:
    """Numbers of a list or an object of label to number; empty: it is none."""
    if isinstance(value, dict):
        if labels and set(labels) != value.keys():
            return []
        value = [value[label] for label in labels] if labels else list(value.values())
    if not isinstance(value, list | tuple) or not all(_summable(one) for one in value):
        return []
    return list(value)


def _summable(value: Any) -> bool:
    return is_number(value) and (abs(value) < 1e300 or (isinstance(value, float) and not math.isfinite(value)))


def _name(value: Any) -> str:
    return "null" if value is None else _NAMES.get(type(value), "no JSON value")
