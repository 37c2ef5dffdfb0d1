"""What every part of a check plan is made of: the base of a check's part, limits, serving, tools to run."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from mlcd_tui.domain.check_ports import Limits, Serve

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_SIZES = {"": 1, "k": 1000, "m": 1000**2, "g": 1000**3, "ki": 1 << 10, "mi": 1 << 20, "gi": 1 << 30}
_AMOUNT = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)")


def _amount(value: Any, units: dict[str, int], example: str) -> Any:
    if not isinstance(value, str):
        return value
    found = _AMOUNT.fullmatch(value.strip())
    if found is None or found[2].lower() not in units:
        raise ValueError(f"{value!r} is no amount; write it as {example}")
    return float(found[1]) * units[found[2].lower()]


def _seconds(value: Any) -> Any:
    return _amount(value, _UNITS, "90, 90s, 5m, 24h or 7d")


def _bytes(value: Any) -> Any:
    size = _amount(value, _SIZES, "512Mi, 1Gi or 800m")
    return int(size) if isinstance(size, float) else size


def _beside(value: str) -> str:
    parts = PurePosixPath(value)
    if parts.is_absolute() or ".." in parts.parts or "\\" in value or "\0" in value:
        raise ValueError("only files beside the plan can be named: a path without '/' in front and without '..'")
    return parts.as_posix()


def _argv(value: Any) -> Any:
    """A command as one text is cut as a shell would, but no shell runs it."""
    import shlex  # late: only where a command is written as one text

    return shlex.split(value) if isinstance(value, str) else value


Seconds = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=float | str), Field(gt=0, le=30 * 86400)]
"""A duration: `90`, `90s`, `5m`, `24h`, `7d`."""
Bytes = Annotated[int, BeforeValidator(_bytes, json_schema_input_type=int | str), Field(ge=1, le=1 << 50)]
"""A size: bytes, `512Mi`, `1Gi`."""
BesidePlan = Annotated[str, StringConstraints(min_length=1, max_length=500), AfterValidator(_beside)]
"""A path relative to the plan's folder that does not leave it."""
Argv = Annotated[
    tuple[str, ...], BeforeValidator(_argv, json_schema_input_type=list[str] | str), Field(min_length=1, max_length=200)
]
"""A command: a list, or one text that is cut at its blanks."""
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]
Environment = dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")], str]


class Part(BaseModel):
    """A part of the plan: frozen, and unknown keys are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True, use_attribute_docstrings=True)


class LimitsPart(Part):
    """What a container may use; what is left out comes from the plan's `defaults`, then from the house."""

    seconds: Seconds | None = None
    """Time until the container is ended: `300`, `5m`. House: 5 minutes."""
    memory: Bytes | None = None
    """Memory, swap included: `512Mi`, `1Gi`. House: 1Gi."""
    cpus: Annotated[float, Field(gt=0, le=1024)] | None = None
    """Processors. House: 1."""
    pids: Annotated[int, Field(ge=4, le=100_000)] | None = None
    """Processes and threads. House: 256."""
    user: Annotated[str, StringConstraints(min_length=1, max_length=100)] | None = None
    """`uid:gid` it runs as. House: 10001:10001. Root needs a `why`."""
    read_only: bool | None = None
    """Root file system only for reading. House: true. False needs a `why`."""
    why: Reason | None = None
    """Why it must run as root or write to its root file system; shown to the approver."""

    @model_validator(mode="after")
    def _explained(self) -> LimitsPart:
        if self.why is None and self.user is not None and self.user.partition(":")[0] in {"0", "root"}:
            raise ValueError("running as root needs a reason: add why")
        if self.why is None and self.read_only is False:
            raise ValueError("a root file system that can be written needs a reason: add why")
        return self

    def over(self, defaults: LimitsPart) -> LimitsPart:
        """These limits, with what they leave out taken from the plan's defaults."""
        return LimitsPart(**{**defaults.model_dump(exclude_none=True), **self.model_dump(exclude_none=True)})

    def limits(self) -> Limits:
        """As the runner takes them."""
        return Limits(**self.model_dump(exclude_none=True, exclude={"why"}))


class ServePart(Part):
    """How the image serves, for checks that ask it."""

    port: Annotated[int, Field(ge=1, le=65535)]
    """Port that it listens on inside the container."""
    ready: Annotated[str, StringConstraints(pattern=r"^/[^\s]*$", max_length=500)] = "/"
    """Path that answers 200 once it is ready."""
    within: Seconds = 60.0
    """How long it may take to be ready."""
    command: Argv | None = None
    """In place of the image's own command."""
    environment: Environment = Field(default_factory=dict)
    """Set in the container beside the image's own."""

    def serve(self, limits: LimitsPart) -> Serve:
        """As the runner takes it."""
        return Serve(
            port=self.port,
            ready=self.ready,
            seconds=self.within,
            argv=self.command or (),
            environment=tuple(sorted(self.environment.items())),
            limits=limits.limits(),
        )


class CheckPart(Part):
    """What every check has; a kind's model inherits from it and adds `kind: Literal["…"]`."""

    name: Name
    """Its name in this plan, unique."""
    kind: str
    required: bool = True
    """Whether the approver needs it met; false: advisory."""
    skip: Reason | None = None
    """Why it is left out; shown to the approver, and it does not count as met."""
    limits: LimitsPart = Field(default_factory=LimitsPart)
    """What its container may use; what is left out comes from the plan's `defaults`."""

    def stage(self) -> str:
        """Build stage that it needs; empty: the image itself."""
        return ""


class ServingPart(CheckPart):
    """What a check has that asks the running image."""

    serve: ServePart | None = None
    """How the image serves; left out: the plan's own `serve`."""

    def serving(self) -> Serve:
        """How the image serves, as the runner takes it; after loading it is always there."""
        assert self.serve is not None
        return self.serve.serve(self.limits)
