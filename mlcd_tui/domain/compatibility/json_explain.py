"""Why a schema does not surely fit into another one: one finding for each place, with a value that shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import Any

from mlcd_tui.domain.compatibility.json_containers import others_proven, required_term
from mlcd_tui.domain.compatibility.json_evaluate import holds_claims
from mlcd_tui.domain.compatibility.json_nodes import Conj, Node, never, property_terms
from mlcd_tui.domain.compatibility.json_subset import Prover
from mlcd_tui.domain.compatibility.json_terms import KIND_TERMS, TRUE, Atom, Group, Items, Term
from mlcd_tui.domain.compatibility.json_witness import EXTRA, MISSING, Maker
from mlcd_tui.domain.compatibility.json_words import RULE_OF, constraint, kind_names, lost_values
from mlcd_tui.domain.compatibility.rules import finding
from mlcd_tui.domain.compatibility.values import shown
from mlcd_tui.domain.text import clean
from mlcd_tui.domain.verdict import Finding, Side, Verdict

_MOST_PROBES = 150
_MOST_FINDINGS = 200


@dataclass(frozen=True, slots=True)
class Reported:
    """A finding and, where it is breaking, a value of the narrower side that the other one refuses."""

    finding: Finding
    witness: Any = MISSING


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the schema, and how a value there becomes a whole one."""

    path: str
    label: str
    lift: Callable[[Any], Any]
    sure: bool = True
    """A value of the place makes the whole one of its schema, whatever it is."""

    def named(self, name: str, lift: Callable[[Any], Any], *, sure: bool) -> Where:
        """The place of a property."""
        label = f"{self.label}.{name}" if self.label else name
        return Where(f"{self.path}/{name}", label, lambda value: self._through(lift, value), self.sure and sure)

    def placed(self, place: int | None, lift: Callable[[Any], Any], *, sure: bool) -> Where:
        """The place of an element; None: of all that have no place of their own."""
        label = f"{self.label}[{'' if place is None else place}]"
        path = f"{self.path}/{'items' if place is None else place}"
        return Where(path, label, lambda value: self._through(lift, value), self.sure and sure)

    def _through(self, lift: Callable[[Any], Any], value: Any) -> Any:
        lifted = lift(value)
        return MISSING if lifted is MISSING else self.lift(lifted)


class Explainer:
    """Walks two schemas side by side."""

    def __init__(self, side: Side, prover: Prover, root: Term, other: Term) -> None:
        self.side, self.prover, self.root, self.other = side, prover, root, other
        self.maker = Maker(prover)
        prover.sample = self.maker.makes
        self.consumed = side is not Side.OUTPUT
        self.found: list[Reported] = []
        self._seen: set[tuple[tuple[int, ...], int]] = set()

    def explain(self, conj: Conj, term: Term, where: Where) -> None:
        """Report all that is not proven of a conjunction and a term."""
        if self.prover.proves(conj, term) or self.full:
            return
        key = (tuple(one.uid for one in conj), term.uid)
        if key in self._seen:
            return
        self._seen.add(key)
        before = len(self.found)
        for atom in term.atoms:
            single = self.prover.single(atom)
            if not self.prover.proves(conj, single):
                self._atom(conj, atom, single, where)
        if len(self.found) == before and len(self._seen) == 1:
            text = f"{self.label(where)}: it cannot be told whether callers can go on"
            self._say(Verdict.UNKNOWN, "json-alternatives", where, text)

    @property
    def full(self) -> bool:
        """Whether enough is found: more would only be longer."""
        return len(self.found) >= _MOST_FINDINGS

    def label(self, where: Where) -> str:
        """A place for a sentence."""
        noun = {Side.INPUT: "input", Side.OUTPUT: "output"}.get(self.side, "parameter")
        return f"{noun} `{clean(where.label, limit=80)}`" if where.label else f"the whole of the {noun}s"

    def _say(
        self, verdict: Verdict, rule: str, where: Where, text: str, after: str = "", witness: Any = MISSING
    ) -> None:
        before, after = ("", after) if self.consumed else (after, "")
        self.found.append(Reported(finding(verdict, self.side, rule, where.path, text, before, after), witness))

    def _atom(self, conj: Conj, atom: Atom, single: Term, where: Where) -> None:
        node = self.prover.node(conj)
        if atom.keyword == "properties":
            self._properties(conj, node, atom.value, where)
        elif atom.keyword == "required":
            for name in atom.value:
                if name not in node.required and not self.full:
                    self._required(conj, node, name, where)
        elif atom.keyword == "items":
            self._items(node, atom.value, where)
        else:
            self._constraint(conj, node, atom, single, where)

    def _whole(self, where: Where, value: Any) -> Any:
        """The value as part of a whole one that proves the break, or `MISSING`."""
        whole = where.lift(value)
        if whole is MISSING or where.sure:
            return whole
        evaluate = self.prover.evaluate
        if evaluate.check(self.root, whole) is True and evaluate.check(self.other, whole) is False:
            return whole
        return MISSING

    def _refused(self, conj: Conj, single: Term, where: Where) -> tuple[Any, Any]:
        """A value of the place that is refused there, and the whole one around it."""
        for value in islice(self.maker.probes(conj, single), _MOST_PROBES):
            if self.prover.evaluate.check(single, value) is False:
                whole = self._whole(where, value)
                if whole is not MISSING:
                    return value, whole
        return MISSING, MISSING

    def _constraint(self, conj: Conj, node: Node, atom: Atom, single: Term, where: Where) -> None:
        value, whole = self._refused(conj, single, where)
        label, rule, must = self.label(where), RULE_OF[atom.keyword], constraint(*atom)
        gone = self._lost(conj, node, atom)
        if atom.keyword == "opaque":
            text = (
                f"{label}: `{clean(atom.value, limit=40)}` is beyond what can be compared, or leads out of the document"
            )
            self._say(Verdict.UNKNOWN, rule, where, text)
        elif whole is MISSING:
            text = (
                f"{label} has to be {must} now: it cannot be told whether all that callers send is"
                if self.consumed
                else f"{label} was always {must}: it cannot be told whether it still is"
            )
            self._say(Verdict.UNKNOWN, rule, where, text, must)
        else:
            such = gone or ("such a value" if holds_claims(value) else f"for example {shown(value, 40)}")
            if self.consumed:
                text = f"{label} no longer accepts {gone}" if gone else f"{label} has to be {must} now"
                text += ": callers that send it will fail" if gone else f": callers that send {such} will fail"
            else:
                text = f"{label} was always {must} and may be {such} now: callers do not expect it"
            self._say(
                Verdict.BREAKING, rule, where, text.replace("send for example", "send, for example,"), must, whole
            )

    def _lost(self, conj: Conj, node: Node, atom: Atom) -> str:
        """Which part of a node a constraint leaves out, where that can be listed."""
        if atom.keyword == "type":
            gone = node.kinds - atom.value
            return kind_names(kind for kind in gone if not self.prover.empty((*conj, KIND_TERMS[kind])))
        return lost_values(atom.value, node) if atom.keyword == "enum" else ""

    def _required(self, conj: Conj, node: Node, name: str, where: Where) -> None:
        whole = self._without(conj, name, where)
        place = where.named(name, lambda _: MISSING, sure=False)
        label = self.label(place)
        gone = not self.consumed and name not in node.declared()
        if self.consumed:
            rule, text, hurt = "json-required", f"{label} became required", "callers that omit it will fail"
        elif gone:
            rule, text, hurt = "json-property-removed", f"{label} is gone", "callers that read it will fail"
        else:
            rule, text, hurt = "json-optional", f"{label} may be missing now", "callers that rely on it will fail"
        verdict = Verdict.UNKNOWN if whole is MISSING else Verdict.BREAKING
        hurt = "it cannot be told whether callers rely on that" if whole is MISSING else hurt
        self._say(verdict, rule, place, f"{text}: {hurt}", "", whole)

    def _without(self, conj: Conj, name: str, where: Where) -> Any:
        """A whole value where a property is missing."""
        bare = self.maker.make(conj)
        if isinstance(bare, dict):
            less = {key: value for key, value in bare.items() if key != name}
            if len(less) == len(bare) or self.prover.evaluate.all(conj, less) is True:
                return self._whole(where, less)
        return self._refused(conj, required_term(name), where)[1]

    def _properties(self, conj: Conj, node: Node, group: Group, where: Where) -> None:
        for name in dict.fromkeys((*node.declared(), *group.named)):
            if self.full:
                break
            known = self.prover.property(conj, node, name)
            for term in property_terms(group, name, sure=False):
                if term is TRUE or self.prover.proves(known, term):
                    continue
                place = self._place(conj, node, name, where)
                if not known and name not in node.declared():
                    self._declared(place)
                elif never(term):
                    self._closed(known, place, name in group.named)
                else:
                    self.explain(known, term, place)
        if not others_proven(self.prover, conj, node, group, 0):
            self._others(conj, node, group, where)

    def _place(self, conj: Conj, node: Node, name: str, where: Where) -> Where:
        def lift(value: Any) -> Any:
            bare = self.maker.make(conj)
            return {**bare, name: value} if isinstance(bare, dict) else MISSING

        room = node.most["maxProperties"] > len(node.required) + node.least["minProperties"]
        return where.named(name, lift, sure=node.separable and not node.need and not node.names and room)

    def _declared(self, place: Where) -> None:
        if any(reported.finding.path == place.path for reported in self.found):
            return  # worse was said of it: it is required
        label = self.label(place)
        if self.consumed:
            text = f"{label} is declared now and was open before: callers that send something else for it will fail"
            self._say(Verdict.UNKNOWN, "json-property-declared", place, text)
        else:
            text = f"{label} is no longer declared: what is there, if anything, may be of another type"
            self._say(Verdict.UNKNOWN, "json-property-removed", place, text)

    def _closed(self, known: Conj, place: Where, named: bool) -> None:  # noqa: FBT001 - one caller
        value = self.maker.make(known)
        whole = MISSING if value is MISSING else self._whole(place, value)
        label = self.label(place)
        if self.consumed:
            rule, text, hurt = (
                "json-property-removed",
                f"{label} is gone and refused",
                "callers that still send it will fail",
            )
        else:
            rule, text, hurt = "json-property-added", f"{label} is new", "callers accept only what was declared"
        if named:
            rule = "json-closed"
        verdict = Verdict.UNKNOWN if whole is MISSING else Verdict.BREAKING
        self._say(verdict, rule, place, f"{text}: {hurt}", "", whole)

    def _others(self, conj: Conj, node: Node, group: Group, where: Where) -> None:
        named = {**node.declared(), **group.named}
        tries = (self._stranger(conj, node, group, name, where) for name in (EXTRA, "zq", "z") if name not in named)
        whole = next((one for one in tries if one is not MISSING), MISSING)
        label = self.label(where)
        shut = group.rest is not None and never(group.rest)
        rule = "json-closed" if shut else "json-names"
        what = "properties that are not declared" if shut else "properties of other names, or other values for them"
        text = f"{label}: {what} {'are no longer accepted' if self.consumed else 'may be there now'}"
        hurt = "callers that send them will fail" if self.consumed else "callers do not expect them"
        hurt = "it cannot be told whether that is so" if whole is MISSING else hurt
        verdict = Verdict.UNKNOWN if whole is MISSING else Verdict.BREAKING
        self._say(verdict, rule, where, f"{text}: {hurt}", "", whole)

    def _stranger(self, conj: Conj, node: Node, group: Group, name: str, where: Where) -> Any:
        """A whole value with a property that nobody declares and the other side refuses."""
        known, place = self.prover.property(conj, node, name), self._place(conj, node, name, where)
        for term in property_terms(group, name, sure=True):
            for value in islice(self.maker.probes(known, term), _MOST_PROBES):
                if self.prover.evaluate.check(term, value) is False:
                    whole = self._whole(place, value)
                    if whole is not MISSING:
                        return whole
        return MISSING

    def _items(self, node: Node, items: Items, where: Where) -> None:
        places = max([len(items.prefix), *(len(known.prefix) for known in node.items)])
        for place in range(places + 1):
            wanted = items.prefix[place] if place < len(items.prefix) else items.rest
            known = self.prover.element(node, place)
            if wanted is None or place >= node.longest or self.prover.proves(known, wanted):
                continue
            inner = where.placed(
                place if place < places else None,
                partial(self._list_with, node, place),
                sure=node.separable and not node.unique and not node.contains,
            )
            if never(wanted):
                value = self.maker.make(known)
                whole = MISSING if value is MISSING else self._whole(inner, value)
                verdict = Verdict.UNKNOWN if whole is MISSING else Verdict.BREAKING
                text = f"{self.label(where)}: more than {place} elements are " + (
                    "no longer accepted" if self.consumed else "possible now, which callers do not expect"
                )
                self._say(verdict, "json-items", where, text, "", whole)
            else:
                self.explain(known, wanted, inner)

    def _list_with(self, node: Node, place: int, value: Any) -> Any:
        length = max(place + 1, node.least["minItems"])
        if length > 2_000:
            return MISSING
        made = [value if n == place else self.maker.make(self.prover.element(node, n)) for n in range(length)]
        return MISSING if any(one is MISSING for one in made) else made
