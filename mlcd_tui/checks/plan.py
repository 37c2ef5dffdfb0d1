"""The check plan `checks.yaml`: which checks an image must meet, and digests that say by which plan it was checked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import BaseModel, Field, StringConstraints, ValidationError, create_model, model_validator

from mlcd_tui.checks.plain_file import read_plain
from mlcd_tui.checks.plan_files import digest_of, files_of, stamp_of
from mlcd_tui.checks.plan_model import BesidePlan, Bytes, CheckPart, LimitsPart, Part, Seconds, ServePart, ServingPart
from mlcd_tui.checks.plan_problems import placed, refuse
from mlcd_tui.checks.plan_yaml import MOST_BYTES, Document, read_yaml
from mlcd_tui.domain.check_ports import CheckKind
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean
from mlcd_tui.registry import Registry

API_VERSION = "mlcd.dev/v1"
KINDS = Registry[CheckKind]("mlcd_tui.checks.kinds", "CHECK", "mlcd_tui.checks.kinds")
MOST_CHECKS = 100


class BuildPart(Part):
    """How the build stages are built that checks name as `target`."""

    context: BesidePlan = "."
    """Folder of the build context, beside the plan."""
    dockerfile: BesidePlan = "Dockerfile"
    """Path of the Dockerfile within the context."""
    args: dict[Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")], str] = Field(
        default_factory=dict
    )
    """Build arguments."""


class BudgetPart(Part):
    """What all checks that run side by side may use together."""

    cpus: Annotated[float, Field(gt=0, le=1024)] | None = None
    """Left out: what the engine has."""
    memory: Bytes | None = None
    """Left out: what the engine has."""
    checks: Annotated[int, Field(ge=1, le=64)] | None = None
    """Most checks side by side."""


class PlanPart(Part):
    """A check plan."""

    apiVersion: Literal["mlcd.dev/v1"]  # noqa: N815 - Kubernetes writes it so
    kind: Literal["CheckPlan"] = "CheckPlan"
    image: Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^\S+$")] | None = None
    """Image that is checked; the command line may name another one. Evidence is bound to its digest, never to this."""
    build: BuildPart | None = None
    """How build stages are built; needed where a check names a `target`."""
    defaults: LimitsPart = Field(default_factory=LimitsPart)
    """Limits of checks that name none."""
    serve: ServePart | None = None
    """How the image serves, for checks that do not say it themselves."""
    budget: BudgetPart = Field(default_factory=BudgetPart)
    """What all checks that run side by side may use together."""
    max_age: Seconds | None = None
    """Evidence that is older is stale: `24h`, `7d`. Left out: age does not matter."""
    checks: tuple[CheckPart, ...]
    """The checks, each by its `kind`."""

    @model_validator(mode="after")
    def _whole(self) -> PlanPart:
        names = [check.name for check in self.checks]
        if not 1 <= len(names) <= MOST_CHECKS:
            raise ValueError(f"a plan has 1 to {MOST_CHECKS} checks, this one {len(names)}")
        for at, check in enumerate(self.checks):
            if check.name in names[:at]:
                raise placed(f"two checks are called {check.name}; each needs a name of its own", at, "name")
            if check.stage() and self.build is None:
                told = f"check {check.name} runs in build stage {check.stage()}; say how it is built: add build"
                raise placed(told, at, "target")
            if isinstance(check, ServingPart) and check.serve is None and self.serve is None:
                raise placed(f"check {check.name} asks the running image; say how it serves: add serve", at)
        return self


@dataclass(frozen=True, slots=True)
class PlannedCheck:
    """One check, with what it leaves out filled in from the plan."""

    name: str
    kind: str
    spec: Any
    """The kind's own part."""
    check: CheckKind
    digest: str
    """`sha256:…` of its part of the plan and of the files it names."""
    files: Mapping[str, str]
    """Those files with their digests; `absent` where there is none."""

    @property
    def required(self) -> bool:
        """Whether the approver needs it met."""
        return bool(self.spec.required)

    @property
    def skip(self) -> str:
        """Why the plan leaves it out; empty: it does not."""
        return self.spec.skip or ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan as it was read."""

    path: str
    folder: str
    image: str
    """As the plan names it; may be empty."""
    build: BuildPart | None
    budget: BudgetPart
    max_age: float | None
    """Seconds after which evidence is stale; None: age does not matter."""
    checks: tuple[PlannedCheck, ...]
    digest: str
    """`sha256:…` of the resolved plan without the image's name, and of all files that the checks name."""

    def stamp(self) -> tuple[tuple[str, int, int], ...]:
        """Another one whenever the plan's file, or one that it names, is another one. Raises `BadConfig`."""
        folder = Path(self.folder)
        patterns = dict.fromkeys(pattern for check in self.checks for pattern in check.files)
        named = (path for pattern in patterns for path in files_of(folder, pattern))
        return stamp_of((Path(self.path), *named))

    def only(self, names: tuple[str, ...]) -> tuple[PlannedCheck, ...]:
        """The checks called so, in the plan's order; none named: all.

        Raises:
            BadConfig: the plan has no check of a name.
        """
        known = [check.name for check in self.checks]
        if unknown := [name for name in names if name not in known]:
            raise BadConfig(f"The plan has no check called {clean(unknown[0])}; it has: {', '.join(known)}.")
        return tuple(check for check in self.checks if not names or check.name in names)


@cache
def document_model() -> type[BaseModel]:
    """The model of a whole plan, its checks being of any kind that the registry knows."""
    models = tuple(kind.model for kind in KINDS.all())
    # The union is made of what the registry holds, which no annotation can name.
    each: Any = Annotated[Union[models], Field(discriminator="kind")]  # noqa: UP007
    counts: Any = {"minItems": 1, "maxItems": MOST_CHECKS}
    described = Field(description="The checks, each by its `kind`.", json_schema_extra=counts)
    checks: Any = Annotated[tuple[each, ...], described]
    made: type[BaseModel] = create_model("CheckPlan", __base__=PlanPart, __doc__="A check plan.", checks=(checks, ...))
    return made


@cache
def _schema() -> dict[str, Any]:
    return document_model().model_json_schema()


def load_plan(path: str | Path) -> Plan:
    """Read a plan and digest it with the files that it names.

    Raises:
        BadConfig: it cannot be read or used; each problem is told with its line.
    """
    place = Path(path)
    try:
        content = read_plain(place, MOST_BYTES)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise BadConfig(f"The plan {clean(place)} cannot be read: {clean(why)}.") from error
    return parse_plan(content, str(place), place.resolve().parent)


def parse_plan(content: bytes, where: str, folder: Path) -> Plan:
    """A plan from its bytes; files that it names lie in `folder`."""
    document = read_yaml(content, Path(where).name)
    part = _validated(document, Path(where).name)
    checks = tuple(_planned(check, part, folder) for check in part.checks)
    told = part.model_dump(mode="json", exclude={"image", "checks"})
    told["checks"] = [{"name": check.name, "digest": check.digest} for check in checks]
    return Plan(
        path=where,
        folder=str(folder),
        image=part.image or "",
        build=part.build,
        budget=part.budget,
        max_age=part.max_age,
        checks=checks,
        digest=sha256_of(canonical(told)),
    )


def canonical(value: Any) -> bytes:
    """JSON that is the same wherever it is written: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


def _validated(document: Document, name: str) -> PlanPart:
    model = document_model()
    if not isinstance(document.data, dict):
        raise BadConfig(f"{clean(name)} is empty or no map.", advice=f"A plan begins with `apiVersion: {API_VERSION}`.")
    try:
        part = model.model_validate(document.data)
    except ValidationError as error:
        refuse(error.errors(include_url=False), document, name, _schema())
    assert isinstance(part, PlanPart)
    return part


def _planned(check: CheckPart, part: PlanPart, folder: Path) -> PlannedCheck:
    filled: dict[str, Any] = {"limits": check.limits.over(part.defaults)}
    if isinstance(check, ServingPart) and check.serve is None:
        filled["serve"] = part.serve
    spec = check.model_copy(update=filled)
    kind = KINDS.load(spec.kind)
    files = {pattern: digest_of(folder, pattern) for pattern in kind.files(spec)}
    told = {"check": spec.model_dump(mode="json"), "files": files}
    if spec.stage() and part.build is not None:
        told["build"] = part.build.model_dump(mode="json")
    return PlannedCheck(spec.name, spec.kind, spec, kind, sha256_of(canonical(told)), files)
