"""The image itself: who it runs as, labels, size, ports, secrets, what it starts, and whether it can be built again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from mlcd_tui.checks.kinds._ended import ended
from mlcd_tui.checks.kinds._judging import plural
from mlcd_tui.checks.kinds._reproducible import examine
from mlcd_tui.checks.kinds._secrets import secret_kind, secret_name
from mlcd_tui.checks.kinds._tools import Inside
from mlcd_tui.checks.parsers._findings import Findings
from mlcd_tui.checks.plain_file import read_plain
from mlcd_tui.checks.plan_model import BesidePlan, Bytes, CheckPart
from mlcd_tui.domain.check_ports import Bench
from mlcd_tui.domain.checks import CheckResult, CheckState, Severity
from mlcd_tui.domain.errors import BadConfig, Missing, Unreadable
from mlcd_tui.domain.text import clean

_MOST_DOCKERFILE = 1 << 20
_MOST_VARIABLES = 2_000


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"{value!r} is no regular expression: {error}") from error
    return value


Pattern = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_pattern)]
Port = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}(/(tcp|udp|sctp))?$")]


class ImagePart(CheckPart):
    """Rules for the image; what is left out is not asked, but the user, the secrets and the command are."""

    kind: Literal["image"]
    non_root: bool = True
    """It runs as a user other than root; a user by name is looked up in its /etc/passwd."""
    labels: dict[str, Pattern] = Field(default_factory=dict)
    """Labels that it must have; the whole value fits the regular expression."""
    max_size: Bytes | None = None
    """Largest size, unpacked."""
    ports: tuple[Port, ...] | None = None
    """Exactly the ports that it declares: `8000`, `53/udp`."""
    platform: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+/[a-z0-9_]+$")] | None = None
    """Such as `linux/amd64`."""
    no_secrets: bool = True
    """No variable, label or command that looks like a secret, by its name or by itself."""
    not_secret: tuple[str, ...] = ()
    """Variables that are called like secrets and are none."""
    command: bool = True
    """It says what it starts."""
    healthcheck: bool = False
    """It has a health check. Kubernetes does not use it."""
    files: tuple[Inside, ...] = ()
    """Files that must be in it."""
    dockerfile: BesidePlan | None = None
    """Dockerfile that is asked whether the image can be built again; what it lacks only warns."""
    context: BesidePlan = "."
    """Build context of that Dockerfile."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule's outcome: empty messages: it is met."""

    name: str
    messages: tuple[tuple[str, str, str], ...] = ()
    """Message, expected, actual."""


@dataclass(frozen=True, slots=True)
class _Image:
    name: str = "image"
    title: str = "Image"
    model: type[Any] = ImagePart

    def files(self, spec: ImagePart) -> tuple[str, ...]:
        """The Dockerfile."""
        return (spec.dockerfile,) if spec.dockerfile else ()

    def run(self, spec: ImagePart, bench: Bench, folder: str, log: Callable[[str], None]) -> CheckResult:
        """Ask the image's inspection and its files."""
        started, clock = datetime.now(UTC), time.monotonic()
        inspection = bench.config()
        rules = [*_rules(spec, inspection, bench)]
        findings = Findings()
        for rule in rules:
            log(f"{rule.name}: {'; '.join(message for message, _, _ in rule.messages) or 'met'}")
            for message, expected, actual in rule.messages:
                findings.add(message, rule=rule.name, expected=expected, actual=actual)
        met = sum(not rule.messages for rule in rules)
        report = findings.report(total=len(rules), passed=met, skipped=0)
        advice = examine(*_dockerfile(spec, folder)) if spec.dockerfile else ()
        report = replace(report, findings=(*report.findings, *advice))
        told = f"{met} of {plural(len(rules), 'rule')} met" if met < len(rules) else f"{plural(met, 'rule')} met"
        told += f", {plural(len(advice), 'remark')} on {spec.dockerfile}" if advice else ""
        serious = any(one.severity is not Severity.INFO for one in advice)
        state = CheckState.FAILED if met < len(rules) else CheckState.WARNED if serious else CheckState.PASSED
        seconds = time.monotonic() - clock
        return replace(ended(spec, state, told), report=report, started=started, seconds=seconds)


CHECK = _Image()


def _dockerfile(spec: ImagePart, folder: str) -> tuple[str, str, Path]:
    assert spec.dockerfile is not None
    place = Path(folder) / spec.dockerfile
    try:
        text = read_plain(place, _MOST_DOCKERFILE).decode("utf-8", "replace")
    except OSError as error:
        raise BadConfig(f"{clean(spec.dockerfile)} cannot be read: {clean(error.strerror)}.") from error
    return text, spec.dockerfile, Path(folder) / spec.context


def _rules(spec: ImagePart, inspection: Mapping[str, Any], bench: Bench) -> Iterator[_Rule]:
    found = inspection.get("Config")
    config: Mapping[str, Any] = found if isinstance(found, dict) else {}
    if spec.non_root:
        yield _Rule("non-root", _user(str(config.get("User") or ""), bench))
    labels = config.get("Labels") or {}
    for name, pattern in spec.labels.items():
        yield _Rule("label", _label(name, pattern, labels.get(name)))
    if spec.max_size is not None:
        size = inspection.get("Size")
        bad = not isinstance(size, int) or size > spec.max_size
        told = (
            f"It has {size / 1e6:,.0f} MB, at most {spec.max_size / 1e6:,.0f} are allowed"
            if isinstance(size, int)
            else ""
        )
        yield _Rule("size", ((told or "Its size is not known", str(spec.max_size), str(size)),) if bad else ())
    if spec.ports is not None:
        asked = {port if "/" in port else f"{port}/tcp" for port in spec.ports}
        yield _Rule("ports", _same("ports", asked, set(config.get("ExposedPorts") or {})))
    if spec.platform is not None:
        actual = f"{inspection.get('Os', '')}/{inspection.get('Architecture', '')}"
        yield _Rule("platform", _same("platform", {spec.platform}, {actual}))
    if spec.no_secrets:
        yield _Rule("secrets", tuple(_secrets(spec, config)))
    started = bool(config.get("Entrypoint") or config.get("Cmd"))
    if spec.command:
        yield _Rule("command", () if started else (("It has neither an entrypoint nor a command", "", ""),))
    if spec.healthcheck:
        test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
        yield _Rule("health check", (("It has no health check", "", ""),) if test[:1] in ([], ["NONE"]) else ())
    for path in spec.files:
        yield _Rule("file", _file(path, bench))


def _user(user: str, bench: Bench) -> tuple[tuple[str, str, str], ...]:
    name = user.partition(":")[0]
    if not name:
        return (("It names no user, so it runs as root", "a user other than root", ""),)
    if name.isdecimal():
        return ((f"It runs as root (user {user})", "a user other than root", user),) if int(name) == 0 else ()
    try:
        passwd = bench.file("/etc/passwd").decode("utf-8", "replace")
    except (Missing, Unreadable):
        return ((f"User {name} cannot be looked up: the image has no readable /etc/passwd", "", user),)
    for line in passwd.splitlines():
        entry = line.split(":")
        if entry[0] == name and len(entry) > 2:
            root = not entry[2].isdecimal() or int(entry[2]) == 0
            return (
                ((f"User {name} is root (uid {entry[2]} in /etc/passwd)", "a user other than root", user),)
                if root
                else ()
            )
    return ((f"User {name} is not in /etc/passwd, so the image cannot start", "", user),)


def _label(name: str, pattern: str, value: object) -> tuple[tuple[str, str, str], ...]:
    if not isinstance(value, str):
        return ((f"It has no label {name}", pattern, ""),)
    shown = "" if secret_kind(value) else value
    return () if re.fullmatch(pattern, value[:4000]) else ((f"Its label {name} does not fit", pattern, shown),)


def _same(what: str, asked: set[str], actual: set[str]) -> tuple[tuple[str, str, str], ...]:
    expected, there = ", ".join(sorted(asked)) or "none", ", ".join(sorted(actual)) or "none"
    return () if asked == actual else ((f"Its {what}: {there}, {expected} expected", expected, there),)


def _secrets(spec: ImagePart, config: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    for entry in (config.get("Env") or [])[:_MOST_VARIABLES]:
        name, _, value = str(entry).partition("=")
        if name in spec.not_secret:
            continue
        if kind := secret_kind(value):
            yield f"Variable {name} holds {kind}", "", ""
        elif secret_name(name, value):
            yield f"Variable {name} is called like a secret and is not empty", "", ""
    for name, value in (config.get("Labels") or {}).items():
        if kind := secret_kind(str(value)):
            yield f"Label {name} holds {kind}", "", ""
    if kind := secret_kind(" ".join(map(str, [*(config.get("Entrypoint") or []), *(config.get("Cmd") or [])]))):
        yield f"What it starts holds {kind}", "", ""


def _file(path: str, bench: Bench) -> tuple[tuple[str, str, str], ...]:
    try:
        bench.file(path, limit=1)
    except Missing:
        return ((f"{path} is not in it", path, ""),)
    except Unreadable:
        return ()  # it is there, larger than what was asked for
    return ()
