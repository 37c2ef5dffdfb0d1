"""What differs between two schemas without hurting anyone, and defaults that changed."""

from __future__ import annotations

from typing import Any

from mlcd_tui.domain.compatibility.json_explain import Explainer, Where
from mlcd_tui.domain.compatibility.json_nodes import Node
from mlcd_tui.domain.compatibility.json_terms import Term, same
from mlcd_tui.domain.compatibility.rules import finding
from mlcd_tui.domain.compatibility.values import equal, shown
from mlcd_tui.domain.verdict import Finding, Verdict

_DEEPEST = 8
_NONE = object()


class Notes:
    """Walks the properties that both schemas declare outright."""

    def __init__(self, explainer: Explainer) -> None:
        self.explainer, self.prover = explainer, explainer.prover
        self.consumed, self.side = explainer.consumed, explainer.side
        self.found: list[Finding] = []
        self._seen: set[tuple[int, int]] = set()
        self._told = {reported.finding.path for reported in explainer.found}
        self._around: set[str] = set()
        """Places that something was said of, or of what is inside of them."""
        for path in self._told:
            self._mark(path)

    def walk(self, old: Term, new: Term, where: Where, depth: int = 0) -> None:
        """Note differences of two terms at one place."""
        if same(old, new) or depth > _DEEPEST or (old.uid, new.uid) in self._seen:
            return
        self._seen.add((old.uid, new.uid))
        one, two = self.prover.node((old,)), self.prover.node((new,))
        for name in dict.fromkeys((*one.declared(), *two.declared())):
            before, after = _declared(one, name), _declared(two, name)
            place = where.named(name, lambda value: value, sure=False)
            if before is None:
                self._added(two, name, place)
            elif after is None:
                self._removed(place)
            else:
                self._presence(one, two, name, place)
                if not same(before, after):
                    self._default(before, after, place)
                    self.walk(before, after, place, depth + 1)
        for items, others in zip(one.items, two.items, strict=False):
            if items.rest is not None and others.rest is not None:
                self.walk(items.rest, others.rest, where.placed(None, lambda value: value, sure=False), depth + 1)
        self._meaning(old, new, where)

    def _mark(self, path: str) -> None:
        while path and path not in self._around:
            self._around.add(path)
            path = path.rpartition("/")[0]

    def _say(self, verdict: Verdict, rule: str, where: Where, text: str, before: str = "", after: str = "") -> None:
        one = finding(verdict, self.side, rule, where.path, f"{self.explainer.label(where)} {text}", before, after)
        if verdict is Verdict.UNKNOWN or one.path not in self._told:
            self.found.append(one)
            self._mark(one.path)

    def _added(self, node: Node, name: str, place: Where) -> None:
        if not self.consumed:
            self._say(Verdict.COMPATIBLE, "json-property-added", place, "is new: callers that do not know it go on")
        elif name not in node.required:
            self._say(Verdict.COMPATIBLE, "json-property-added", place, "is new and may be omitted")

    def _removed(self, place: Where) -> None:
        text = "is no longer declared: what is sent for it is accepted, and may be ignored"
        text = text if self.consumed else "is no longer declared"
        self._say(Verdict.COMPATIBLE, "json-property-removed", place, text)

    def _presence(self, one: Node, two: Node, name: str, place: Where) -> None:
        was, is_ = name in one.required, name in two.required
        if was and not is_ and self.consumed:
            self._say(Verdict.COMPATIBLE, "json-optional", place, "became optional: callers may omit it now")
        elif is_ and not was and not self.consumed:
            self._say(Verdict.COMPATIBLE, "json-required", place, "is always there now")

    def _default(self, old: Term, new: Term, place: Where) -> None:
        before, after = default_of(old), default_of(new)
        if not self.consumed or (before is not _NONE and after is not _NONE and equal(before, after)):
            return
        if before is _NONE and after is _NONE:
            return
        one, two = ("none" if value is _NONE else shown(value, 40) for value in (before, after))
        text = f"has another default, {two} instead of {one}: callers that omit it get another behaviour"
        self._say(Verdict.UNKNOWN, "json-default", place, text, one, two)

    def _meaning(self, old: Term, new: Term, where: Where) -> None:
        if where.path in self._around:
            return
        sub, sup = (old, new) if self.consumed else (new, old)
        if self.prover.proves((sub,), sup) and not self.prover.proves((sup,), sub):
            if self.consumed:
                self._say(Verdict.COMPATIBLE, "json-loosened", where, "accepts more than before")
            else:
                self._say(Verdict.COMPATIBLE, "json-narrowed", where, "gives nothing that it could not give before")


def _declared(node: Node, name: str) -> Term | None:
    return next((group.named[name] for group in node.groups if name in group.named), None)


def default_of(term: Term) -> Any:
    """The default that a schema, or what it refers to, states."""
    for _ in range(_DEEPEST):
        if isinstance(term.raw, dict) and "default" in term.raw:
            return term.raw["default"]
        refs = [atom.value for atom in term.parsed if atom.keyword == "ref"]
        if len(refs) != 1:
            break
        term = refs[0]
    return _NONE
