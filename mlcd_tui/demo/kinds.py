"""The kinds that the simulated cluster serves, as one table."""

from __future__ import annotations

from dataclasses import dataclass

VERBS = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")


@dataclass(frozen=True, slots=True)
class Kind:
    """One resource: its names, where it lives, and how the real API server treats it."""

    group: str
    version: str
    kind: str
    plural: str
    singular: str
    short: tuple[str, ...] = ()
    namespaced: bool = True
    status: bool = True
    """Whether `/status` is a subresource of its own; argo-rollouts gives it to rollouts only."""
    custom: bool = False
    """Made by a CRD: no strategic merge patch, and its own rule for the generation."""
    generation: bool = True
    """Whether the kind counts its generation."""
    fields: tuple[str, ...] = ()
    """Field selectors beyond metadata.name and metadata.namespace."""
    everywhere: bool = False
    """Part of `kubectl get all`."""

    @property
    def api_version(self) -> str:
        """Group and version as objects carry them."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """Plural and group as error messages name them."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    @property
    def base(self) -> str:
        """The path of the group and version."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"


def _argo(kind: str, plural: str, short: tuple[str, ...], **more: bool) -> Kind:
    return Kind(
        "argoproj.io",
        "v1alpha1",
        kind,
        plural,
        kind.lower(),
        short,
        status=more.get("status", False),
        namespaced=more.get("namespaced", True),
        custom=True,
    )


_INVOLVED = tuple(f"involvedObject.{name}" for name in ("kind", "namespace", "name", "uid", "apiVersion"))

NAMESPACES = Kind("", "v1", "Namespace", "namespaces", "namespace", ("ns",), namespaced=False, generation=False)
NODES = Kind("", "v1", "Node", "nodes", "node", ("no",), namespaced=False, generation=False)
PODS = Kind(
    "",
    "v1",
    "Pod",
    "pods",
    "pod",
    ("po",),
    generation=False,
    fields=("spec.nodeName", "status.phase", "status.podIP"),
    everywhere=True,
)
SERVICES = Kind("", "v1", "Service", "services", "service", ("svc",), generation=False, everywhere=True)
EVENTS = Kind(
    "", "v1", "Event", "events", "event", ("ev",), status=False, generation=False, fields=(*_INVOLVED, "reason", "type")
)
CONFIGMAPS = Kind("", "v1", "ConfigMap", "configmaps", "configmap", ("cm",), status=False, generation=False)
DEPLOYMENTS = Kind("apps", "v1", "Deployment", "deployments", "deployment", ("deploy",), everywhere=True)
REPLICASETS = Kind("apps", "v1", "ReplicaSet", "replicasets", "replicaset", ("rs",), everywhere=True)
INGRESSES = Kind("networking.k8s.io", "v1", "Ingress", "ingresses", "ingress", ("ing",))
ROLLOUTS = _argo("Rollout", "rollouts", ("ro",), status=True)
ANALYSISRUNS = _argo("AnalysisRun", "analysisruns", ("ar",))
ANALYSISTEMPLATES = _argo("AnalysisTemplate", "analysistemplates", ("at",))
CLUSTERANALYSISTEMPLATES = _argo(
    "ClusterAnalysisTemplate", "clusteranalysistemplates", ("cat",), namespaced=False, status=False
)
EXPERIMENTS = _argo("Experiment", "experiments", ("exp",))
GATEWAY_API = "gateway.networking.k8s.io"
GATEWAYCLASSES = Kind(
    GATEWAY_API, "v1", "GatewayClass", "gatewayclasses", "gatewayclass", ("gc",), namespaced=False, custom=True
)
GATEWAYS = Kind(GATEWAY_API, "v1", "Gateway", "gateways", "gateway", ("gtw",), custom=True)
HTTPROUTES = Kind(GATEWAY_API, "v1", "HTTPRoute", "httproutes", "httproute", custom=True)
VIRTUALSERVICES = Kind(
    "networking.istio.io", "v1alpha3", "VirtualService", "virtualservices", "virtualservice", ("vs",), status=False,
    custom=True,
)  # fmt: skip
REFERENCEGRANTS = Kind(
    GATEWAY_API,
    "v1beta1",
    "ReferenceGrant",
    "referencegrants",
    "referencegrant",
    ("refgrant",),
    status=False,
    custom=True,
)

KINDS: tuple[Kind, ...] = (
    NAMESPACES,
    NODES,
    PODS,
    SERVICES,
    EVENTS,
    CONFIGMAPS,
    DEPLOYMENTS,
    REPLICASETS,
    INGRESSES,
    ROLLOUTS,
    ANALYSISRUNS,
    ANALYSISTEMPLATES,
    CLUSTERANALYSISTEMPLATES,
    EXPERIMENTS,
    GATEWAYCLASSES,
    GATEWAYS,
    HTTPROUTES,
    REFERENCEGRANTS,
    VIRTUALSERVICES,
)
BY_PATH = {(kind.group, kind.version, kind.plural): kind for kind in KINDS}
BY_KIND = {kind.kind: kind for kind in KINDS}
