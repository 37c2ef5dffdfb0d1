"""ReplicaSets, Pods and pod templates, read as kubectl reads them; shared by the engines."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.rollout import Container, ImageUse, Pod, ReplicaSet, Role
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.engines._json import (
    annotations_of,
    created,
    dig,
    integer,
    maybe_integer,
    name_of,
    oldest_first,
    owned_by,
    rows,
    table,
    text,
    uid_of,
)

_DIGEST = re.compile(r"(sha(?:256|384|512):[0-9a-fA-F]{32,128})$")
_BROKEN = frozenset({"Failed", "InvalidImageName", "ImagePullBackOff", "RegistryUnavailable", "OOMKilled", "Evicted"})
_BROKEN_SHAPE = re.compile(r"^(Init:)?(Err|Signal:|ExitCode:|.*(Error|BackOff|OOMKilled|Invalid\w*|CannotRun)$)")


def digest(image_id: object) -> Clean:
    """The digest in a container status' imageID (`repo@sha256:…`, `docker-pullable://…`, `sha256:…`), else empty.

    A bare `sha256:…` is the runtime's own id of an image that no registry gave a digest; it is returned as well.
    """
    match = _DIGEST.search(text(image_id))
    return Clean(match.group(1)) if match else Clean("")


def version(image: object) -> Clean:
    """The tag of an image reference; empty where it has none (`repo`, `repo@sha256:…`)."""
    name = text(image).partition("@")[0]
    _, colon, tag = name.rpartition(":")
    return clean(tag, limit=128) if colon and "/" not in tag else Clean("")


def template_containers(template: object) -> list[tuple[JSON, bool]]:
    """The containers of a pod template, each with whether it is an init container; the main ones first."""
    spec = dig(template, "spec")
    return [(c, False) for c in rows(dig(spec, "containers"))] + [(c, True) for c in rows(dig(spec, "initContainers"))]


def template_images(template: object, roles: tuple[Role, ...] = (), pods: Sequence[Pod] = ()) -> tuple[ImageUse, ...]:
    """The images of a pod template with the digests that `pods` really run; one entry per container and digest."""
    found: list[ImageUse] = []
    for container, init in template_containers(template):
        name = clean(text(container.get("name")), limit=256)
        use = ImageUse(name, clean(text(container.get("image")), limit=512), roles=roles, init=init)
        digests = [c.digest for pod in pods for c in pod.containers if c.name == name and c.init is init and c.digest]
        found.extend(replace(use, digest=d, pods=digests.count(d)) for d in dict.fromkeys(digests))
        if not digests:
            found.append(use)
    return tuple(found)


def merge_images(images: Iterable[ImageUse]) -> tuple[ImageUse, ...]:
    """One entry per container, image and digest, with the roles united and the pods counted together.

    An entry without a digest is dropped where the same container and image is there with one.
    """
    merged: dict[tuple[Clean, Clean, Clean, bool], ImageUse] = {}
    for use in images:
        key = (use.container, use.image, use.digest, use.init)
        old = merged.get(key)
        roles = tuple(role for role in Role if role in use.roles or (old and role in old.roles))
        trials = tuple(sorted({*use.experiments, *(old.experiments if old else ())}))
        merged[key] = replace(use, roles=roles, pods=use.pods + (old.pods if old else 0), experiments=trials)
    for key in [key for key in merged if not key[2]]:
        told = [other for other in merged if other[:2] == key[:2] and other[3] == key[3] and other[2]]
        if told:
            gone, first = merged.pop(key), merged[told[0]]
            roles = tuple(role for role in Role if role in {*gone.roles, *first.roles})
            trials = tuple(sorted({*gone.experiments, *first.experiments}))
            merged[told[0]] = replace(first, roles=roles, experiments=trials)
    return tuple(merged.values())


def _state(status: JSON, *, prefix: str = "") -> str:
    """Reason of a container's state as kubectl words it; empty when it simply runs or is about to."""
    waiting, terminated = dig(status, "state", "waiting"), dig(status, "state", "terminated")
    if reason := text(dig(waiting, "reason")):
        return prefix + reason
    if isinstance(terminated, dict):
        if reason := text(terminated.get("reason")):
            return prefix + reason
        signal = integer(terminated.get("signal"))
        return f"{prefix}Signal:{signal}" if signal else f"{prefix}ExitCode:{integer(terminated.get('exitCode'))}"
    return ""


def _condition(raw: JSON, kind: str) -> JSON:
    return next((c for c in rows(dig(raw, "status", "conditions")) if c.get("type") == kind), {})


class _Init:
    """What the init containers tell: the status while they run, restarts, and sidecars that are ready."""

    __slots__ = ("ready", "reason", "restarts", "sidecar_restarts", "sidecars")

    def __init__(self, raw: JSON) -> None:
        specs = rows(dig(raw, "spec", "initContainers"))
        sidecars = {text(c.get("name")) for c in specs if c.get("restartPolicy") == "Always"}
        self.sidecars, self.ready, self.restarts, self.sidecar_restarts = len(sidecars), 0, 0, 0
        self.reason = ""
        for index, status in enumerate(rows(dig(raw, "status", "initContainerStatuses"))):
            count = integer(status.get("restartCount"))
            self.restarts += count
            sidecar = text(status.get("name")) in sidecars
            self.sidecar_restarts += count if sidecar else 0
            terminated = dig(status, "state", "terminated")
            if isinstance(terminated, dict) and integer(terminated.get("exitCode")) == 0:
                continue
            if sidecar and status.get("started") is True:
                self.ready += status.get("ready") is True
                continue
            reason = _state(status, prefix="Init:")
            self.reason = reason if reason not in {"", "Init:PodInitializing"} else f"Init:{index}/{len(specs)}"
            break


def pod(raw: JSON) -> Pod:
    """A pod with the status, readiness and restarts that `kubectl get pods` prints."""
    status = table(raw.get("status"))
    phase = text(status.get("phase"))
    reason = text(status.get("reason")) or phase
    if _condition(raw, "PodScheduled").get("reason") == "SchedulingGated":
        reason = "SchedulingGated"
    init = _Init(raw)
    ready, restarts = init.ready, init.restarts
    reason = init.reason or reason
    if not init.reason or _condition(raw, "Initialized").get("status") == "True":
        restarts, running = init.sidecar_restarts, False
        for container in reversed(rows(status.get("containerStatuses"))):
            restarts += integer(container.get("restartCount"))
            told = _state(container)
            if told:
                reason = told
            elif container.get("ready") is True and isinstance(dig(container, "state", "running"), dict):
                running, ready = True, ready + 1
        if reason == "Completed" and running:
            reason = "Running" if _condition(raw, "Ready").get("status") == "True" else "NotReady"
    if dig(raw, "metadata", "deletionTimestamp"):
        if status.get("reason") == "NodeLost":
            reason = "Unknown"
        elif phase not in {"Failed", "Succeeded"}:
            reason = "Terminating"
    total = len(rows(dig(raw, "spec", "containers"))) + init.sidecars
    return Pod(
        name=clean(name_of(raw), limit=256),
        status=clean(reason, limit=256),
        healthy=_healthy(reason, ready, total),
        ready=ready,
        total=total,
        restarts=restarts,
        created=created(raw),
        node=clean(text(dig(raw, "spec", "nodeName")), limit=256),
        containers=_containers(raw),
    )


def _healthy(reason: str, ready: int, total: int) -> bool | None:
    if reason in _BROKEN or _BROKEN_SHAPE.match(reason):
        return False
    if reason == "Completed" or (reason == "Running" and ready >= total):
        return True
    return None


def _containers(raw: JSON) -> tuple[Container, ...]:
    found = []
    for spec_key, status_key, init in (
        ("containers", "containerStatuses", False),
        ("initContainers", "initContainerStatuses", True),
    ):
        statuses = {text(s.get("name")): s for s in rows(dig(raw, "status", status_key))}
        for spec in rows(dig(raw, "spec", spec_key)):
            status = statuses.get(text(spec.get("name")), {})
            running = isinstance(dig(status, "state", "running"), dict)
            found.append(
                Container(
                    name=clean(text(spec.get("name")), limit=256),
                    image=clean(text(spec.get("image")), limit=512),
                    digest=digest(status.get("imageID")),
                    ready=status.get("ready") is True,
                    restarts=integer(status.get("restartCount")),
                    state=clean(_state(status) or ("Running" if running else "Waiting" if status else ""), limit=256),
                    init=init,
                )
            )
    return tuple(found)


def pods_of(owner_uid: str, raw_pods: Iterable[JSON]) -> tuple[Pod, ...]:
    """The pods that an object owns, oldest first."""
    return tuple(pod(raw) for raw in oldest_first(raw for raw in raw_pods if owned_by(raw, owner_uid)))


def health(raw: JSON) -> Clean:
    """Healthy, Progressing, ScaledDown or ReplicaFailure, by the rule of `kubectl argo rollouts get`."""
    status, desired = table(raw.get("status")), maybe_integer(dig(raw, "spec", "replicas"))
    if integer(dig(raw, "metadata", "generation")) > integer(status.get("observedGeneration")):
        return Clean("Progressing")
    if _condition(raw, "ReplicaFailure").get("status") == "True":
        return Clean("ReplicaFailure")
    if desired is not None and integer(status.get("availableReplicas")) < desired:
        return Clean("Progressing")
    return Clean("ScaledDown" if desired == 0 else "Healthy")


def replica_set(
    raw: JSON,
    raw_pods: Iterable[JSON],
    *,
    roles: tuple[Role, ...] = (),
    hash_label: str = "pod-template-hash",
    scale_down_at: datetime | None = None,
    template: str = "",
) -> ReplicaSet:
    """A ReplicaSet with its own pods (found among `raw_pods` by owner) and the images that they really run."""
    pods = pods_of(uid_of(raw), raw_pods)
    trial = clean(template, limit=256)
    images = template_images(dig(raw, "spec", "template"), roles, pods)
    return ReplicaSet(
        name=clean(name_of(raw), limit=256),
        pod_hash=clean(pod_hash(raw, hash_label), limit=128),
        status=health(raw),
        roles=roles,
        desired=integer(dig(raw, "spec", "replicas")),
        ready=integer(dig(raw, "status", "readyReplicas")),
        available=integer(dig(raw, "status", "availableReplicas")),
        created=created(raw),
        scale_down_at=scale_down_at,
        images=tuple(replace(use, experiments=(trial,)) for use in images) if trial else images,
        pods=pods,
        template=trial,
    )


def pod_hash(raw: object, hash_label: str = "pod-template-hash") -> str:
    """The pod template hash label of a ReplicaSet. Not clean: for comparing."""
    return text(dig(raw, "metadata", "labels", hash_label))


def revision(raw: object, annotation: str) -> int:
    """The revision number in an annotation (`deployment.kubernetes.io/revision` …); 0 where there is none."""
    return integer(annotations_of(raw).get(annotation))


def bare_template(raw: JSON, hash_label: str = "pod-template-hash") -> JSON:
    """A ReplicaSet's pod template without the hash label: what an undo writes back and a diff compares."""
    template = dict(table(dig(raw, "spec", "template")))
    if isinstance(metadata := template.get("metadata"), dict) and isinstance(labels := metadata.get("labels"), dict):
        kept = {key: value for key, value in labels.items() if key != hash_label}
        template["metadata"] = {**metadata, "labels": kept}
    return template
