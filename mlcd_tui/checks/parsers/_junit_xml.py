"""JUnit XML as events, without building a tree: no entities, no document types, bounded in depth and text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from mlcd_tui.checks.parsers._reading import refuse, text_of

_WHAT = "JUnit XML"
_DEPTH = 64
MOST_TRACE = 20_000
"""Characters of a failure's text that are read."""
_TRACE = re.compile(r"^(?P<file>[^\s:][^:\n]{0,300}):(?P<line>\d{1,9}): ", re.MULTILINE)
_ENDINGS = {"failure": "failure", "error": "error", "skipped": "skipped"}


@dataclass(slots=True)
class Case:
    """One test case with what stands in it."""

    attributes: Mapping[str, str]
    suite: Mapping[str, str]
    endings: list[tuple[str, str, str]] = field(default_factory=list)
    """What, its message, its text."""

    @property
    def bad(self) -> bool:
        """Whether it failed or could not run."""
        return any(what != "skipped" for what, _, _ in self.endings)


@dataclass(slots=True)
class Suites:
    """All of a report."""

    root: Mapping[str, str] = field(default_factory=dict)
    cases: list[Case] = field(default_factory=list)
    suites: list[Mapping[str, str]] = field(default_factory=list)


def suites_of(report: bytes) -> Suites:
    """Everything that the report lists."""
    text = text_of(report, _WHAT)
    reader = _Reader()
    parser = expat.ParserCreate(encoding="utf-8")
    parser.StartDoctypeDeclHandler = reader.doctype
    parser.EntityDeclHandler = reader.doctype
    parser.StartElementHandler = reader.begin
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.buffer_text = True
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except expat.ExpatError as error:
        refuse(_WHAT, f"it is no well-formed XML in line {error.lineno}")
    return reader.found


class _Reader:
    """Hears the parser's events."""

    def __init__(self) -> None:
        self.found = Suites()
        self._open: list[str] = []
        self._suites: list[Mapping[str, str]] = []
        self._case: Case | None = None
        self._broken: Case | None = None
        self._ending: tuple[str, str] | None = None
        self._text: list[str] = []
        self._length = 0

    def doctype(self, *_: object) -> None:
        """A document type could define entities that grow without bound."""
        refuse(_WHAT, "it has a document type or entities")

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""
        tag = name.rpartition(":")[2]
        if not self._open:
            if tag not in {"testsuites", "testsuite"}:
                refuse(_WHAT, "it begins neither with testsuites nor with testsuite")
            self.found.root = attributes
        if len(self._open) >= _DEPTH:
            refuse(_WHAT, "it is nested too deeply")
        self._open.append(tag)
        if tag == "testsuite":
            self._suites.append(attributes)
            self.found.suites.append(attributes)
        elif tag == "testcase":
            self._case = Case(attributes, self._suites[-1] if self._suites else {})
            self.found.cases.append(self._case)
        elif tag in {"failure", "error"} and self._case is None and self._suites:
            # The suite itself broke, such as in its set-up: as a case of its own it is not lost.
            self._case = self._broken = Case({"name": self._suites[-1].get("name", "")}, self._suites[-1])
            self.found.cases.append(self._case)
            self._begin(tag, attributes)
        elif tag in _ENDINGS and self._case is not None and self._ending is None:
            self._begin(tag, attributes)

    def _begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        self._ending = (_ENDINGS[tag], attributes.get("message", "") or attributes.get("type", ""))
        self._text, self._length = [], 0

    def characters(self, text: str) -> None:
        """Text within an element."""
        if self._ending is not None and self._length < MOST_TRACE:
            self._text.append(text[: MOST_TRACE - self._length])
            self._length += len(text)

    def end(self, name: str) -> None:
        """An element ends."""
        tag = name.rpartition(":")[2]
        self._open.pop()
        if tag == "testsuite":
            self._suites.pop()
        elif tag == "testcase":
            self._case = None
        elif self._ending is not None and _ENDINGS.get(tag) == self._ending[0] and self._case is not None:
            self._case.endings.append((*self._ending, "".join(self._text)))
            self._ending = None
            if self._case is self._broken:
                self._case = None


def raised(text: str, file: str) -> tuple[str, int | None]:
    """Where pytest says that it was raised: the last place within the test's own file (where that is known)."""
    places = [(found["file"], int(found["line"])) for found in _TRACE.finditer(text)]
    for place, line in reversed(places):
        if not file or file == place or file.endswith("/" + place) or place.endswith("/" + file):
            return place, line or None
    return "", None
