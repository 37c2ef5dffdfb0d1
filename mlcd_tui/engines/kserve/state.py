"""An InferenceService with the objects around it: what the row, the opened rollout and all plans are made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.rollout import Replicas
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines import _httproute as httproute
from mlcd_tui.engines._httproute import Route
from mlcd_tui.engines._httproute_status import acceptance
from mlcd_tui.engines._json import annotations_of, dig, integer, labels_of, maybe_integer, name_of, rows, text
from mlcd_tui.engines.kserve.inference import Canary, Inference, called, source
from mlcd_tui.engines.kserve.kinds import KNATIVE_REVISION, SOURCE, Mode


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the predictor: a Knative revision, or a predictor of Standard mode."""

    handle: str
    """The revision, or the name of the Deployment."""
    service: str
    where: str
    """Where its model comes from; empty: the objects at hand do not tell."""
    deployment: JSON | None = None
    canary: Canary | None = None

    @property
    def name(self) -> Clean:
        """What to call it in a table."""
        return clean(called(self.where) or (self.canary.name if self.canary else "") or self.handle, limit=128)

    @property
    def told(self) -> str:
        """What sentences call it: the version with its handle. Not clean."""
        short = self.canary.name if self.canary else self.handle
        return short if self.name == short else f"{self.name} ({short})" if short else self.name

    def count(self, field: str) -> int:
        """A number of its Deployment's status."""
        return max(integer(dig(self.deployment, "status", field)), 0)

    @property
    def desired(self) -> int:
        """Pods that are wished."""
        found = maybe_integer(dig(self.deployment, "spec", "replicas"))
        return 0 if self.deployment is None else 1 if found is None else max(found, 0)

    @property
    def complete(self) -> bool:
        """Its Deployment runs what it is asked for, or is not at hand."""
        if self.deployment is None:
            return True
        seen = self.count("observedGeneration") >= integer(dig(self.deployment, "metadata", "generation"))
        return (
            seen and self.count("updatedReplicas") >= self.desired and self.count("availableReplicas") >= self.desired
        )

    @property
    def stuck(self) -> str:
        """Why its Deployment has given up waiting for pods; empty: it has not. Not clean."""
        for c in rows(dig(self.deployment, "status", "conditions")):
            if c.get("type") == "Progressing" and c.get("status") == "False":
                return text(c.get("message")) or text(c.get("reason")) or "no progress"
        return ""


@dataclass(frozen=True, slots=True)
class State:
    """Everything at hand about one InferenceService."""

    inference: Inference
    deployments: Sequence[JSON] = ()
    routes: Sequence[JSON] = ()
    """HTTPRoutes that KServe made for it, as far as they can be seen."""

    @property
    def mode(self) -> Mode | None:
        """The mode."""
        return self.inference.mode

    @property
    def stable(self) -> Version:
        """What serves, or what is to serve first."""
        own = self.inference
        if self.mode is Mode.KNATIVE:
            handle = own.rolled or own.ready or own.created
            return self._revision(handle, source(own.predictor) if handle == own.created else "")
        name = own.workload(own.stable_name)
        return Version(name, name, source(own.predictor), self._deployment(name))

    @property
    def candidates(self) -> tuple[Version, ...]:
        """The versions on their way: one at most in Knative mode, any number in Standard mode."""
        own = self.inference
        if self.mode is Mode.KNATIVE:
            new = own.created if own.rolled and own.created and own.created != own.rolled else ""
            return (self._revision(new, source(own.predictor)),) if new else ()
        if self.mode is not Mode.STANDARD:
            return ()
        return tuple(self._canary(canary) for canary in own.canaries if canary.name)

    @property
    def candidate(self) -> Version | None:
        """The version on its way; of several the only one that has a share, else the first."""
        return self.meant or next(iter(self.candidates), None)

    @property
    def meant(self) -> Version | None:
        """The version that an act is about; None: there is none, or which of several cannot be told."""
        found = self.candidates
        with_share = [each for each in found if each.canary is not None and each.canary.percent]
        return found[0] if len(found) == 1 else with_share[0] if len(with_share) == 1 else None

    def _revision(self, handle: str, where: str) -> Version:
        found = next((d for d in self.deployments if handle and labels_of(d).get(KNATIVE_REVISION) == handle), None)
        found = found or self._deployment(f"{handle}-deployment")
        return Version(handle, handle, where or _loaded(found), found)

    def _canary(self, canary: Canary) -> Version:
        name = self.inference.workload(canary.name)
        # What a canary leaves out, KServe takes from the predictor that serves.
        where = source(canary.predictor) or source(self.inference.predictor)
        return Version(name, name, where, self._deployment(name), canary)

    def _deployment(self, name: str) -> JSON | None:
        return next((raw for raw in self.deployments if name_of(raw) == name), None)

    # --- shares -------------------------------------------------------------------------------------------

    @property
    def in_flight(self) -> bool:
        """A new version is on its way, or waits beside what serves."""
        return bool(self.candidates)

    @property
    def asked(self) -> int:
        """Percent of live traffic that the spec asks for the versions on their way."""
        own = self.inference
        if self.mode is Mode.KNATIVE:
            return 100 if own.percent is None else own.percent
        return min(sum(canary.percent for canary in own.canaries), 100)

    @property
    def share(self) -> int | None:
        """Percent of live traffic that they really get; None: the objects at hand do not tell."""
        own = self.inference
        if self.mode is Mode.KNATIVE:
            share = own.share_of_latest()
            # While nothing newer is ready, `latest` is what serves anyway.
            return 0 if share is not None and own.ready == own.rolled else share
        if (route := self.route) is not None:
            return self._routed(route)
        return None if self.reckoned else 0

    @property
    def reckoned(self) -> int:
        """What KServe's rule makes of the shares of Standard mode: only a canary that is ready gets its own."""
        return min(sum(canary.percent for canary in self.inference.canaries if canary.ready), 100)

    @property
    def route(self) -> Route | None:
        """The HTTPRoute by which customers reach the predictors, of those that can be seen."""
        own = self.inference
        ours = self._services()
        found = sorted((httproute.read(raw) for raw in self.routes), key=lambda route: route.name != own.name)
        return next((r for r in found if any(t.name in ours for rule in r.rules for t in rule.targets())), None)

    @property
    def route_ok(self) -> bool | None:
        """Whether every gateway took the route as it is now; None: not told."""
        return None if self.route is None else acceptance(self.route).ok

    def _services(self) -> set[str]:
        return {self.stable.service, *(each.service for each in self.candidates)}

    def _routed(self, route: Route) -> int:
        new = {each.service for each in self.candidates}
        found = 0.0
        for rule in route.rules:
            total = sum(b.weight for b in rule.backends)
            if total and any(b.target.name in self._services() for b in rule.backends):
                found = max(found, 100 * sum(b.weight for b in rule.backends if b.target.name in new) / total)
        return round(found)

    @property
    def arrived(self) -> bool:
        """What is asked is what they get, as far as is told."""
        return self.share is None or self.share == self.asked

    @property
    def ready(self) -> bool:
        """All versions on their way are ready to answer."""
        own = self.inference
        if self.mode is Mode.KNATIVE:
            return bool(own.created) and own.ready == own.created
        canaries = [each.canary for each in self.candidates if each.canary is not None]
        # Of several, one at 0 % without pods of its own never gets ready, and holds nobody up.
        with_pods = [canary for canary in canaries if own.pods_of(canary, canary.percent)] or canaries
        return bool(canaries) and all(canary.ready is True for canary in with_pods)

    @property
    def next_step(self) -> int:
        """Where a promotion goes from here."""
        now = self.asked if self.in_flight else 0
        if self.mode is Mode.KNATIVE and self.inference.percent is None:
            now = 0
        return next((step for step in self.inference.steps if step > now), 100)

    # --- pods ---------------------------------------------------------------------------------------------

    @property
    def replicas(self) -> Replicas:
        """Pods of what serves and of what is on its way, counted together."""
        both = [each for each in (self.stable, *self.candidates) if each.deployment is not None]
        newest = self.candidates or (self.stable,)
        return Replicas(
            desired=sum(each.desired for each in both),
            current=sum(each.count("replicas") for each in both),
            updated=sum(each.count("updatedReplicas") for each in newest),
            ready=sum(each.count("readyReplicas") for each in both),
            available=sum(each.count("availableReplicas") for each in both),
        )


def _loaded(deployment: JSON | None) -> str:
    """Where the pods of a Deployment load their model from."""
    template = dig(deployment, "spec", "template")
    return text(annotations_of(template).get(SOURCE)) or source({"containers": dig(template, "spec", "containers")})
