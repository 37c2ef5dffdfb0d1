"""Whether an image can be built again from its Dockerfile: pins, checksums, files at hand. Findings advise only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from mlcd_tui.checks.kinds._dockerfile import Instruction, instructions
from mlcd_tui.checks.kinds._secrets import secret_kind, secret_name
from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.domain.checks import Finding, Severity
from mlcd_tui.domain.text import clean

_PIPED = re.compile(
    r"\b(?:curl|wget)\b[^|;&\n]*\|\s*(?:sudo\s+)?(?:[\w/]*/)?(?:ba|da|z|k)?sh\b|\b(?:curl|wget)\b[^|;&\n]*\|\s*python"
)
_STEP = re.compile(r"&&|\|\||;|\n|\|")
_PIP = re.compile(r"(?:^|\s)(?:pip[0-9.]*|uv\s+pip)\s+install\b(?P<rest>.*)")
_APT = re.compile(r"(?:^|\s)apt(?:-get)?\s+(?:-\S+\s+)*install\b(?P<rest>.*)")
_PINNED = re.compile(r"[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*={2,3}\s*[^\s*,;]+")
_COMMIT = re.compile(r"@[0-9a-f]{40}\b")
_TAKES_VALUE = {"-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-t", "--target"}
_TAKES_VALUE |= {"-f", "--find-links", "--prefix", "--root", "--python", "--timeout", "--retries", "--platform"}


@dataclass(slots=True)
class _Reading:
    findings: Findings
    name: str
    context: Path
    """Folder of the build context."""

    def say(self, line: int, rule: str, message: str, *, info: bool = False, file: str = "") -> None:
        severity = Severity.INFO if info else Severity.WARNING
        self.findings.add(message, severity=severity, rule=rule, file=file or self.name, line=line)


def examine(text: str, name: str, context: Path) -> tuple[Finding, ...]:
    """What keeps a Dockerfile from building the same image again."""
    reading = _Reading(Findings(), name, context)
    steps = instructions(text)
    _bases(steps, reading)
    for step in steps:
        if step.name in {"ADD", "COPY"}:
            _copied(step, reading)
        elif step.name == "RUN":
            _run(step, reading)
        elif step.name in {"ENV", "ARG"}:
            _secrets(step, reading)
    lines = text.splitlines()
    return tuple(_with_lines(one, lines) if one.file == name else one for one in reading.findings.kept)


def _with_lines(finding: Finding, lines: list[str]) -> Finding:
    at = finding.line or 1
    near = range(max(at - 2, 1), min(at + 2, len(lines)) + 1)
    return replace(finding, context=tuple((n, clean(lines[n - 1].replace("\t", "    "), limit=300)) for n in near))


def _bases(steps: list[Instruction], reading: _Reading) -> None:
    stages: set[str] = set()
    arguments: dict[str, str] = {}
    for step in steps:
        if step.name == "ARG":
            key, _, value = (step.arguments() or [""])[0].partition("=")
            arguments[key] = value.strip("\"'")
        if step.name != "FROM" or not (words := step.arguments()):
            continue
        image = re.sub(r"\$\{?(\w+)(?::-[^}]*)?\}?", lambda found: arguments.get(found[1], found[0]), words[0])
        settled = image.lower() in stages or image == "scratch" or "@sha256:" in image
        if len(words) >= 3 and words[1].upper() == "AS":
            stages.add(words[2].lower())
        if settled:
            continue
        shown = clean(image, limit=120)
        reading.say(step.line, "base-not-pinned", f"The base image {shown} is not pinned by digest (@sha256:…)")


def _copied(step: Instruction, reading: _Reading) -> None:
    *sources, _ = step.arguments() or [""]
    if step.flag("from") or "<<" in step.rest:
        return
    for source in sources:
        if re.match(r"https?://|ftp://", source, re.IGNORECASE):
            if not step.flag("checksum") and not re.search(r"\.git(?:#|$)", source):
                reading.say(
                    step.line, "download-without-checksum", f"{clean(source, limit=120)} is fetched without --checksum"
                )
            elif ".git" in source and not re.search(r"#[0-9a-f]{40}\b", source):
                reading.say(step.line, "git-not-pinned", f"{clean(source, limit=120)} is not pinned to a commit")
        elif "$" not in source and not _at_hand(reading.context, source):
            reading.say(step.line, "not-at-hand", f"{clean(source, limit=120)} is not in the build context")
        elif source in {".", "./"} and not (reading.context / ".dockerignore").is_file():
            reading.say(
                step.line,
                "no-dockerignore",
                "The whole folder is copied, and no .dockerignore leaves anything out",
                info=True,
            )


def _at_hand(context: Path, source: str) -> bool:
    plain = source.lstrip("/")
    if ".." in Path(plain).parts:
        return False
    try:
        return (context / plain).exists() or (any(c in plain for c in "*?[") and any(context.glob(plain)))
    except (OSError, ValueError, NotImplementedError):
        return False


def _run(step: Instruction, reading: _Reading) -> None:
    if _PIPED.search(step.rest[:20_000]):
        reading.say(step.line, "piped-to-shell", "What is downloaded is run unseen, without a checksum")
    for command in _STEP.split(step.rest):
        if pip := _PIP.search(command):
            _pip(step, pip["rest"].split(), reading)
        elif apt := _APT.search(command):
            loose = [word for word in apt["rest"].split() if not word.startswith("-") and "=" not in word]
            if loose:
                shown = clean(", ".join(loose), limit=120)
                reading.say(
                    step.line, "system-packages-not-pinned", f"System packages without a version: {shown}", info=True
                )


def _pip(step: Instruction, words: list[str], reading: _Reading) -> None:
    loose: list[str] = []
    rest = iter(words)
    for word in rest:
        option, _, value = word.partition("=")
        if option in {"-r", "--requirement"}:
            name = value or next(rest, "")
            for line, rule, message in _requirements(reading.context, name, hashed="--require-hashes" in words):
                reading.say(line or step.line, rule, message, file=name if line else "")
        elif word in _TAKES_VALUE:
            next(rest, None)
        elif word.startswith(("git+", "hg+")):
            loose += [] if _COMMIT.search(word) else [word]
        elif not word.startswith(("-", ".", "/", "$")) and not word.endswith((".whl", ".tar.gz")):
            plain = word.strip("\"'")
            loose += [] if _PINNED.fullmatch(plain) or _at_hand(reading.context, plain) else [plain]
    if loose:
        reading.say(
            step.line, "packages-not-pinned", f"Packages without an exact version: {clean(', '.join(loose), limit=120)}"
        )


def _requirements(context: Path, name: str, *, hashed: bool) -> Iterator[tuple[int, str, str]]:
    """Line (0: of the Dockerfile), rule, message."""
    place = next((path for path in (context / name.lstrip("/"), context / Path(name).name) if path.is_file()), None)
    if place is None or place.stat().st_size > 1 << 20:
        yield (
            0,
            "requirements-unknown",
            f"{clean(name, limit=120)} is not in the build context, so its pins are not known",
        )
        return
    without, start, held = 0, 0, ""
    for number, line in enumerate(place.read_text("utf-8", "replace").splitlines(), 1):
        start = start if held else number
        held += line.strip().rstrip("\\") + " "
        if line.rstrip().endswith("\\"):
            continue
        wanted, held = held.split(" #")[0].strip(), ""
        if not wanted or wanted.startswith(("#", "-")):
            continue
        if not _PINNED.match(wanted) and not _COMMIT.search(wanted) and "--hash=" not in wanted:
            yield start, "packages-not-pinned", f"{clean(wanted, limit=120)} has no exact version"
        without += "--hash=" not in wanted
    if without and not hashed:
        yield 0, "no-hashes", f"{without} of the packages in {clean(name, limit=120)} have no --hash"


def _secrets(step: Instruction, reading: _Reading) -> None:
    for word in step.arguments():
        key, _, value = word.partition("=")
        if secret_name(key, value) or secret_kind(value):
            reading.say(
                step.line,
                "secret-in-dockerfile",
                f"{clean(key, limit=100)} looks like a secret that stays in the image",
            )
