"""What the rooms ask of each other, as protocols."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mlcd_tui.domain.fleet import Fleet, Freshness
from mlcd_tui.domain.gates import Gate
from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Access, Outcome, Plan, Refusal, Settled
from mlcd_tui.domain.refs import Objects, Resource, RolloutRef, Scope
from mlcd_tui.domain.rollout import Rollout, RolloutDetail
from mlcd_tui.domain.text import Clean

if TYPE_CHECKING:  # thirty value classes that the first picture does without
    from mlcd_tui.domain.check_ports import CheckDesk
    from mlcd_tui.domain.package_ports import PackageDesk, RolloutPackages
    from mlcd_tui.domain.traffic_ports import TrafficDesk


class Clock(Protocol):
    """The time, so that tests can stop it."""

    def __call__(self) -> datetime:
        """The present moment, with time zone."""
        ...


@dataclass(frozen=True, slots=True)
class FleetWatch:
    """A kind that an engine needs for its fleet rows, and the lean msgspec Struct to decode each object into."""

    resource: Resource
    struct: type[Any]
    """Has at least `metadata` with `name`, `namespace`, `uid`, `resourceVersion`."""
    label_selector: str = ""
    optional: bool = False
    """The engine also works without it (forbidden or absent)."""
    when_needed: bool = False
    """Begun only once there is an object of the primary kind: other clusters pay nothing for it."""
    looked_up_by: Callable[[Any], Mapping[str, Any]] | None = None
    """Not None: its objects belong to no rollout by themselves, so `group` is not asked. A `Joining` engine's rows look
    them up, by name and by the labels that this tells of an object. Where another engine watches the whole kind anyway,
    its objects are used, of whatever struct they are, and nothing is watched twice."""


class Lookup(Protocol):
    """Where the row of one rollout looks other objects up; it is made anew when one of those changes."""

    def named(self, resource: Resource, namespace: str, name: str) -> Any | None:
        """The decoded object of that name, or None."""
        ...

    def labelled(self, resource: Resource, namespace: str, labels: Mapping[str, Any]) -> Sequence[Any]:
        """The decoded objects that carry all of these labels; none for no labels."""
        ...


@runtime_checkable
class Joining(Protocol):
    """An engine whose rows are made of more than what belongs to them by itself."""

    def join(
        self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], look: Lookup
    ) -> Mapping[Resource, Sequence[Any]]:
        """What else `summarise` is to be given, by kind. Never raises on absurd fields."""
        ...


class Engine(Protocol):
    """One delivery system. Pure: reads objects, writes plans; all times are arguments."""

    @property
    def name(self) -> str:
        """Its name in the registry."""
        ...

    @property
    def title(self) -> str:
        """Its name for the eye."""
        ...

    @property
    def watches(self) -> tuple[FleetWatch, ...]:
        """The first is the primary kind; where the cluster lacks it the engine is off."""
        ...

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        """The rollout that a decoded object (of one of `watches`) belongs to; None: not of interest."""
        ...

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:
        """The fleet's row, from all decoded objects of one group. Never raises on absurd fields."""
        ...

    def primary(self, ref: RolloutRef) -> tuple[Resource, str, str]:
        """Kind, namespace and name of the object to GET first for an opened rollout."""
        ...

    def scopes(self, ref: RolloutRef, primary: Mapping[str, Any]) -> tuple[Scope, ...]:
        """What else to list and watch for an opened rollout, events apart, the primary object's own kind included."""
        ...

    def observe(self, ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:
        """The detail, from raw objects; None when the primary object is not among them."""
        ...

    def access(self, verb: Verb, namespace: str) -> tuple[Access, ...]:
        """The rights that a verb needs; empty: the engine does not know the verb."""
        ...

    def plan(self, intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
        """What would be done, or why it cannot be."""
        ...

    def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
        """Whether the plan has taken effect, judged by fresh objects."""
        ...


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act, ready to be decided on."""

    intent: Intent
    plan: Plan | Refusal
    gates: tuple[Gate, ...] = ()
    denied: tuple[Clean, ...] = ()
    """Rights that are missing, or read-only mode, each in one sentence; not empty: it cannot be confirmed."""
    typed_name: str = ""
    """Not empty: the operator must type this first (a context marked production)."""
    needs_reason: bool = False
    answer_for: tuple[Clean, ...] = ()
    """What the reason must answer for, beside a breaking schema: `lint is failed`."""
    packages: RolloutPackages | None = None
    """What is deployed and what serves; None: this act brings no version."""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log, as it is shown."""

    id: str
    at: datetime
    user: Clean
    context: Clean
    rollout: Clean
    verb: Clean
    stage: Clean
    """intended, done, sent, conflict, refused, failed."""
    sentence: Clean
    reason: Clean = Clean("")
    unfinished: bool = False
    """Intended, with no ending recorded: under way, or the program was killed and the outcome is unknown."""

    @property
    def told(self) -> Clean:
        """The sentence for the eye."""
        return Clean(f"{self.sentence} (no ending recorded: outcome unknown)") if self.unfinished else self.sentence


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a container's log."""

    text: Clean
    at: datetime | None = None


class Session(Protocol):
    """What the UI and the command line ask for: all that is shown comes from here, every act goes through here."""

    @property
    def fleet(self) -> Fleet:
        """The newest picture."""
        ...

    @property
    def packages(self) -> PackageDesk:
        """Packages: reading, comparing, finding those of a rollout, publishing."""
        ...

    @property
    def checks(self) -> CheckDesk:
        """Checks: running them, evidence of images, accepting."""
        ...

    @property
    def traffic(self) -> TrafficDesk:
        """Live traffic: how each version answers, what is copied, comparisons, ways back that are offered."""
        ...

    @property
    def audit_path(self) -> str:
        """Where the audit log is, for the eye."""
        ...

    def subscribe(self, listener: Callable[[Fleet], None]) -> Callable[[], None]:
        """Call `listener` with each new fleet (at most 30 a second, in the same loop); returns how to stop."""
        ...

    async def start(self) -> None:
        """Connect and watch until `stop`. Returns at once; problems travel in `Fleet.freshness`."""
        ...

    async def stop(self) -> None:
        """End every watch and connection."""
        ...

    async def reconnect(self) -> None:
        """Drop all connections and begin anew."""
        ...

    async def contexts(self) -> tuple[Clean, ...]:
        """Names of the kubeconfig's contexts."""
        ...

    async def namespaces(self) -> tuple[Clean, ...]:
        """Namespaces of the cluster; those known from elsewhere when the user may not list them."""
        ...

    async def use(self, *, context: str | None = None, namespace: str | None = None) -> None:
        """Switch context and/or namespace ('' is all); raises `BadConfig` for an unknown context, nothing changed."""
        ...

    def open(
        self, ref: RolloutRef, listener: Callable[[RolloutDetail | None, Freshness], None]
    ) -> Callable[[], Awaitable[None]]:
        """Watch one rollout in full; `listener` gets each new detail (None: gone). Returns the async closer."""
        ...

    async def detail(self, ref: RolloutRef) -> RolloutDetail:
        """One look at a rollout in full. Raises `Problem`."""
        ...

    async def propose(self, intent: Intent) -> Proposal:
        """Plan from fresh objects, with evidence and rights. Raises `Problem` when the cluster cannot be asked."""
        ...

    async def confirm(
        self,
        proposal: Proposal,
        *,
        reason: str = "",
        typed_name: str = "",
        patience: float = 30.0,
        progress: Callable[[Clean], None] | None = None,
    ) -> Outcome:
        """Do it: audit, send, await the effect for `patience` seconds, audit. Never raises.

        `progress` hears what is being waited for.
        """
        ...

    async def decline(self, proposal: Proposal, reason: str = "") -> None:
        """Record that the operator said no, or was refused."""
        ...

    def logs(
        self,
        namespace: str,
        pod: str,
        *,
        container: str = "",
        follow: bool = True,
        previous: bool = False,
        tail: int = 500,
    ) -> AsyncIterator[LogLine]:
        """Lines of a container's log. Raises `Problem` while iterating."""
        ...

    async def yaml(self, ref: RolloutRef) -> tuple[Clean, ...]:
        """The primary object as YAML without managedFields. Raises `Problem`."""
        ...

    async def describe(self, ref: RolloutRef) -> tuple[Clean, ...]:
        """The object, its conditions and events as text, like `kubectl describe`. Raises `Problem`."""
        ...

    def audit(self, ref: RolloutRef | None = None, limit: int = 200) -> tuple[AuditEntry, ...]:
        """Newest entries first, of one rollout or all."""
        ...
