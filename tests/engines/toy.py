"""A toy engine in one file: every ConfigMap labelled `toy.example/rollout` is a rollout."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from mlcd_tui.domain.intent import Intent, Verb
from mlcd_tui.domain.plan import Ability, Access, Change, Plan, Refusal, Request, Settled
from mlcd_tui.domain.ports import Engine, FleetWatch
from mlcd_tui.domain.refs import Objects, Resource, RolloutRef, Scope
from mlcd_tui.domain.rollout import Phase, Rollout, RolloutDetail, Strategy
from mlcd_tui.domain.text import clean

CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap")


class Meta(msgspec.Struct):
    """What the fleet needs of `metadata`."""

    name: str
    namespace: str = ""
    uid: str = ""
    resourceVersion: str = ""  # noqa: N815 - the wire's name
    labels: dict[str, str] = {}


class Lean(msgspec.Struct):
    """What the fleet needs of a ConfigMap."""

    metadata: Meta
    data: dict[str, str] = {}


class Toy:
    """Restarts by writing a word into a ConfigMap."""

    name = "toy"
    title = "Toys"
    watches: tuple[FleetWatch, ...] = (FleetWatch(CONFIG_MAPS, Lean, label_selector="toy.example/rollout"),)

    def group(self, resource: Resource, decoded: Any) -> RolloutRef | None:
        """Each stands for itself."""
        del resource
        return RolloutRef(self.name, decoded.metadata.namespace, decoded.metadata.name)

    def summarise(self, ref: RolloutRef, decoded: Mapping[Resource, Sequence[Any]], now: datetime) -> Rollout | None:
        """The row."""
        del now
        lean = decoded[CONFIG_MAPS][0]
        return self._row(ref, lean.data, lean.metadata.uid)

    def _row(self, ref: RolloutRef, data: Mapping[str, str], uid: str) -> Rollout:
        return Rollout(
            ref,
            Strategy.ROLLING,
            Phase.HEALTHY,
            clean(data.get("restarted", "")),
            version=clean(data.get("version", "")),
            uid=uid,
            abilities=(Ability(Verb.RESTART.value, allowed=True),),
        )

    def primary(self, ref: RolloutRef) -> tuple[Resource, str, str]:
        """The ConfigMap."""
        return CONFIG_MAPS, ref.namespace, ref.name

    def scopes(self, ref: RolloutRef, primary: Mapping[str, Any]) -> tuple[Scope, ...]:
        """Nothing else matters."""
        del primary
        return (Scope(CONFIG_MAPS, ref.namespace, field_selector=f"metadata.name={ref.name}"),)

    def observe(self, ref: RolloutRef, objects: Objects, now: datetime) -> RolloutDetail | None:
        """The detail."""
        del now
        raw = next((o for o in objects.get(CONFIG_MAPS, ()) if o["metadata"]["name"] == ref.name), None)
        return RolloutDetail(self._row(ref, raw.get("data", {}), raw["metadata"]["uid"]), raw=raw) if raw else None

    def access(self, verb: Verb, namespace: str) -> tuple[Access, ...]:
        """Patching is all it takes."""
        return (Access("patch", CONFIG_MAPS, namespace),) if verb is Verb.RESTART else ()

    def plan(self, intent: Intent, objects: Objects, now: datetime) -> Plan | Refusal:
        """Restart, and nothing else."""
        if intent.verb is not Verb.RESTART:
            return Refusal(intent, clean("A toy can only be restarted."))
        raw = objects[CONFIG_MAPS][0]
        version = raw["metadata"]["resourceVersion"]
        body = {"metadata": {"resourceVersion": version}, "data": {"restarted": now.isoformat()}}
        return Plan(
            intent,
            title=clean("Restart the toy"),
            sentence=clean(f"Write the present time into {intent.ref}."),
            way_back=clean("None is needed."),
            changes=(Change(clean("restarted"), clean(raw.get("data", {}).get("restarted")), clean(now.isoformat())),),
            requests=(Request(CONFIG_MAPS, intent.ref.namespace, intent.ref.name, body),),
            seen=(("version", clean(raw.get("data", {}).get("version"))),),
            mark={"restarted": now.isoformat()},
        )

    def settled(self, plan: Plan, objects: Objects, now: datetime) -> Settled:
        """Written is done."""
        del now
        done = objects[CONFIG_MAPS][0].get("data", {}).get("restarted") == plan.mark["restarted"]
        return Settled(done, clean("restarted" if done else "not yet"))


ENGINE: Final[Engine] = Toy()
