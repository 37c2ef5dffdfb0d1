"""The kubeconfig, read as kubectl reads it: merged from a list of files, or from inside a cluster."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

IN_CLUSTER = "in-cluster"
_MOST_BYTES = 10_000_000
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FILE_KEYS = ("certificate-authority", "client-certificate", "client-key", "tokenFile")
_PLAIN = re.compile(r"[!-~]+")  # printable ASCII without blanks: what a URL consists of
_HOST = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?")
_SECTIONS = (("clusters", "cluster"), ("contexts", "context"), ("users", "user"))


@dataclass(frozen=True, slots=True)
class ContextEntry:
    """A context: which cluster, as whom, where."""

    name: str
    cluster: str
    user: str
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Target:
    """Everything that is needed to speak to one cluster as one user."""

    context: str
    server: str
    namespace: str = "default"
    namespace_set: bool = False
    """The context names a namespace itself."""
    cluster: str = ""
    user: str = ""
    cluster_fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The cluster as the kubeconfig has it, file names absolute."""
    user_fields: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """The user as the kubeconfig has it, file names absolute. Holds secrets."""
    files: tuple[Path, ...] = ()
    """The kubeconfig files that it was read from."""

    @property
    def address(self) -> str:
        """The server for the eye and for records: without a user and a password, which `server` may hold."""
        scheme, _, rest = self.server.partition("://")
        host, slash, path = rest.partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """All files merged."""

    current: str
    contexts: Mapping[str, ContextEntry]
    clusters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    users: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    files: tuple[Path, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the contexts, raw, in file order."""
        return tuple(self.contexts)

    def target(self, context: str | None = None) -> Target:
        """The cluster and user of a context, the current one by default.

        Raises:
            BadConfig: no such context, or it names a cluster or user that does not exist, or without a server.
        """
        name = context or self.current
        there_is = f"There is: {_listed(self.contexts)}."
        if not name:
            raise BadConfig("The kubeconfig has no current context.", advice=f"Choose one with --context. {there_is}")
        entry = self.contexts.get(name)
        if entry is None:
            raise BadConfig(f"No context {clean(name)!r} in the kubeconfig.", advice=there_is)
        cluster = self.clusters.get(entry.cluster)
        if cluster is None:
            raise BadConfig(
                f"Context {clean(name)!r} names the cluster {clean(entry.cluster)!r}, which is not in the kubeconfig.",
                advice=f"There is: {_listed(self.clusters)}.",
            )
        user = self.users.get(entry.user)
        if user is None and entry.user:
            raise BadConfig(
                f"Context {clean(name)!r} names the user {clean(entry.user)!r}, which is not in the kubeconfig.",
                advice=f"There is: {_listed(self.users)}.",
            )
        return Target(
            context=name,
            server=_server(cluster, entry.cluster),
            namespace=entry.namespace or "default",
            namespace_set=bool(entry.namespace),
            cluster=entry.cluster,
            user=entry.user,
            cluster_fields=cluster,
            user_fields=user or {},
            files=self.files,
        )


def _listed(names: Iterable[str]) -> str:
    shown = [str(clean(name, limit=80)) for name in names]
    more = f" and {len(shown) - 20} more" if len(shown) > 20 else ""
    return (", ".join(shown[:20]) + more) or "none"


def _server(cluster: Mapping[str, Any], name: str) -> str:
    server = cluster.get("server")
    if not isinstance(server, str) or not server.strip():
        raise BadConfig(f"Cluster {clean(name)!r} of the kubeconfig has no server.")
    address = server.strip()
    if "://" not in address:
        address = f"https://{address}"
    if not address.startswith(("https://", "http://")):
        raise BadConfig(f"Cluster {clean(name)!r} of the kubeconfig has a server that is not http(s): {clean(server)}.")
    if not _reachable(address):
        raise BadConfig(
            f"Cluster {clean(name)!r} of the kubeconfig has a server that is no address: {clean(server, limit=200)}.",
            advice="Write it as https://HOST:PORT.",
        )
    return address.rstrip("/")


def _reachable(address: str) -> bool:
    """Whether an address has a host and a port that there can be."""
    if not _PLAIN.fullmatch(address):
        return False
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
        if ":" in host:
            ipaddress.IPv6Address(host.partition("%")[0])
    except ValueError:
        return False
    return port != 0 and (":" in host or bool(_HOST.fullmatch(host)))


def _read(path: Path) -> Mapping[str, Any]:
    """One file as a mapping; empty for an empty file."""
    shown = clean(str(path))
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise BadConfig(f"Cannot read the kubeconfig {shown}: {clean(error.strerror or error)}.") from error
    if len(text) > _MOST_BYTES:
        raise BadConfig(f"The kubeconfig {shown} is larger than {_MOST_BYTES // 1_000_000} MB.")
    try:
        data = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader, the C one where there is one
    except yaml.MarkedYAMLError as error:
        line = f" at line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise BadConfig(f"The kubeconfig {shown} is not YAML{line}: {clean(error.problem)}.") from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise BadConfig(f"The kubeconfig {shown} is not YAML: {clean(first, limit=200)}.") from error
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise BadConfig(f"The kubeconfig {shown} is not a kubeconfig: a mapping is expected.")
    return data


def _named(data: Mapping[str, Any], path: Path, section: str, inner: str) -> dict[str, Mapping[str, Any]]:
    """The entries of one section of one file by name, with file names made absolute."""
    entries = data.get(section) or []
    shown = clean(str(path))
    if not isinstance(entries, list):
        raise BadConfig(f"The kubeconfig {shown} has a {section!r} that is not a list.")
    found: dict[str, Mapping[str, Any]] = {}
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("name") is None:
            raise BadConfig(f"The kubeconfig {shown} has an entry without a name in {section!r}.")
        name, fields = str(entry["name"]), entry.get(inner) or {}
        if not isinstance(fields, dict):
            raise BadConfig(f"The kubeconfig {shown} has a {inner} {clean(name)!r} that is not a mapping.")
        if name in found:
            raise BadConfig(f"The kubeconfig {shown} has two entries {clean(name)!r} in {section!r}.")
        found[name] = _absolute(fields, path.parent)
    return found


def _absolute(fields: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    moved = {key: str(folder / str(fields[key])) for key in _FILE_KEYS if fields.get(key)}
    plugin = fields.get("exec")
    if isinstance(plugin, dict):
        command = str(plugin.get("command") or "")
        if os.path.dirname(command):  # noqa: PTH120 - a bare name is looked up in PATH, as kubectl does
            moved["exec"] = {**plugin, "command": str(folder / command)}  # type: ignore[assignment]
    return {**fields, **moved}


def _paths(explicit: str | Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files to merge, in order. Only the explicit one must exist."""
    if explicit:
        path = Path(explicit).expanduser().absolute()
        if not path.exists():
            raise BadConfig(f"There is no kubeconfig {clean(str(path))}.", advice="Check --kubeconfig.")
        return (path,)
    listed = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if not listed:
        home = environ.get("HOME") or environ.get("USERPROFILE") or str(Path.home())
        listed = [str(Path(home) / ".kube" / "config")]
    return tuple(dict.fromkeys(Path(part).absolute() for part in listed))


def load(explicit: str | Path | None = None, environ: Mapping[str, str] | None = None) -> Kubeconfig:
    """Read and merge the kubeconfig: --kubeconfig, or KUBECONFIG, or ~/.kube/config, or from inside a cluster.

    Raises:
        BadConfig: one sentence on the first thing that is wrong.
    """
    environ = os.environ if environ is None else environ
    paths = _paths(explicit, environ)
    merged = merge((path, _read(path)) for path in paths if path.exists())
    if merged.contexts or merged.clusters:
        return merged
    if not explicit and environ.get("KUBERNETES_SERVICE_HOST") and environ.get("KUBERNETES_SERVICE_PORT"):
        return _in_cluster(environ, _SERVICE_ACCOUNT)
    looked = ", ".join(clean(str(path)) for path in paths)
    what = f"The kubeconfig has no contexts ({looked})." if merged.files else f"There is no kubeconfig ({looked})."
    raise BadConfig(what, advice="Set KUBECONFIG or give --kubeconfig, or try the demo: mlcd-tui --demo.")


def merge(files: Iterable[tuple[Path, Mapping[str, Any]]]) -> Kubeconfig:
    """Merge files: the first one that has a name, or sets the current context, wins."""
    sections: dict[str, dict[str, Mapping[str, Any]]] = {section: {} for section, _ in _SECTIONS}
    current, seen = "", []
    for path, data in files:
        seen.append(path)
        current = current or str(data.get("current-context") or "")
        for section, inner in _SECTIONS:
            for name, fields in _named(data, path, section, inner).items():
                sections[section].setdefault(name, fields)
    contexts = {
        name: ContextEntry(
            name, str(fields.get("cluster") or ""), str(fields.get("user") or ""), str(fields.get("namespace") or "")
        )
        for name, fields in sections["contexts"].items()
    }
    return Kubeconfig(current, contexts, sections["clusters"], sections["users"], tuple(seen))


def _in_cluster(environ: Mapping[str, str], folder: Path) -> Kubeconfig:
    """The configuration of a pod: its service account and the address of the API server."""
    token, authority = folder / "token", folder / "ca.crt"
    if not token.exists():
        raise BadConfig(
            "There is no kubeconfig, and this pod has no service account token.",
            advice="Set KUBECONFIG or give --kubeconfig.",
        )
    host = environ["KUBERNETES_SERVICE_HOST"]
    address = f"[{host}]" if ":" in host else host
    cluster: dict[str, Any] = {"server": f"https://{address}:{environ['KUBERNETES_SERVICE_PORT']}"}
    if authority.exists():
        cluster["certificate-authority"] = str(authority)
    try:
        namespace = (folder / "namespace").read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError):
        namespace = ""
    entry = ContextEntry(IN_CLUSTER, IN_CLUSTER, IN_CLUSTER, namespace)
    return Kubeconfig(IN_CLUSTER, {IN_CLUSTER: entry}, {IN_CLUSTER: cluster}, {IN_CLUSTER: {"tokenFile": str(token)}})
