"""A Dockerfile's instructions with their lines: continued lines, comments, here-documents, another escape character."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ESCAPE = re.compile(r"#\s*escape\s*=\s*([\\`])\s*", re.IGNORECASE)
_HEREDOC = re.compile(r"<<(?P<dash>-?)(?P<quote>[\"']?)(?P<word>[A-Za-z_][A-Za-z0-9_]*)(?P=quote)")
_WORD = re.compile(r"""(?:[^\s"']+|"(?:[^"\\]|\\.)*"|'[^']*')+""")
_TAKES_HEREDOC = {"RUN", "COPY", "ADD"}


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction."""

    line: int
    name: str
    """In capitals."""
    rest: str
    """Its arguments on one line, here-documents appended."""

    @property
    def words(self) -> list[str]:
        """Its arguments, cut at blanks outside of quotes."""
        return _WORD.findall(self.rest)

    def arguments(self) -> list[str]:
        """Its arguments without flags; of the JSON form the strings."""
        plain = self.rest.strip()
        if plain.startswith("[") and plain.endswith("]"):
            return re.findall(r'"((?:[^"\\]|\\.)*)"', plain)
        return [word.strip("\"'") for word in self.words if not word.startswith("--")]

    def flag(self, name: str) -> str:
        """The value of `--name=value`; empty: not given."""
        return next((word.partition("=")[2] for word in self.words if word.startswith(f"--{name}=")), "")


def instructions(text: str) -> list[Instruction]:
    """All instructions, in order."""
    lines = text.splitlines()
    escape = _escape(lines)
    found: list[Instruction] = []
    at = 0
    while at < len(lines):
        start = at
        parts: list[str] = []
        while at < len(lines):
            line = lines[at].strip()
            at += 1
            if line.startswith("#") or (not line and parts):
                continue
            continued = line.endswith(escape)
            parts.append(line[:-1] if continued else line)
            if not continued:
                break
        joined = " ".join(parts).strip()
        name, _, rest = joined.partition(" ")
        if not name:
            continue
        if name.upper() in _TAKES_HEREDOC:
            at, held = _heredocs(lines, at, rest)
            rest += held
        found.append(Instruction(_first(lines, start), name.upper(), rest.strip()))
    return found


def _first(lines: list[str], start: int) -> int:
    """The line where it begins, comments and blank lines before it left out."""
    while start < len(lines) and (not lines[start].strip() or lines[start].strip().startswith("#")):
        start += 1
    return start + 1


def _escape(lines: list[str]) -> str:
    for line in lines:
        if not line.strip().startswith("#"):
            break
        if found := _ESCAPE.fullmatch(line.strip()):
            return found[1]
    return "\\"


def _heredocs(lines: list[str], at: int, rest: str) -> tuple[int, str]:
    held = ""
    for word in _HEREDOC.finditer(rest):
        while at < len(lines):
            line = lines[at].lstrip("\t") if word["dash"] else lines[at]
            at += 1
            if line == word["word"]:
                break
            held += f"\n{line}"
    return at, held
