"""Where an address found in a cluster may lead: it is somebody else's text, so only to places we know. Pure."""

from __future__ import annotations

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from mlcd_tui.config.settings import PackageSettings
from mlcd_tui.domain.text import Clean, clean

CLUSTER = "cluster:"
CONFIG_MAP = "configmap:"
_WEB = ("http", "https")


@dataclass(frozen=True, slots=True)
class Way:
    """Whether an address is followed."""

    hosts: tuple[str, ...] = ()
    """The only hosts that may be asked on the way."""
    no: Clean = Clean("")
    """Why it is not followed, with what to do; empty: it is."""


def registry_host(image: str) -> str:
    """Host and port of the registry that an image reference names; empty where it names none."""
    first, slash, _ = image.partition("@")[0].partition("/")
    return first if slash and ("." in first or ":" in first or first == "localhost") else ""


def repository(image: str) -> str:
    """An image reference without its tag and digest."""
    name = image.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return f"{head}{slash}{last.partition(':')[0]}"


def mlflow_address(settings: PackageSettings) -> str:
    """The tracking URI in use; empty: none."""
    return settings.mlflow or os.environ.get("MLFLOW_TRACKING_URI", "")


def shown_address(address: str) -> str:
    """An address for the eye: without a user and a password."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}" if parts.netloc else address


def trusted_hosts(settings: PackageSettings, image: str) -> tuple[str, ...]:
    """Hosts of the settings, the MLflow server's and the image's own registry's."""
    own = (urlsplit(mlflow_address(settings)).netloc.rpartition("@")[2], registry_host(image))
    return tuple(dict.fromkeys((*settings.hosts, *filter(None, own))))


def way(address: str, image: str, settings: PackageSettings) -> Way:
    """Whether the address that a workload gives for its package is followed."""
    kind, colon, rest = address.partition(":")
    # whoever writes the annotation names the image as well: its registry is asked as a registry, for no other path
    hosts = trusted_hosts(settings, "" if kind in _WEB else image)
    shown = clean(address, limit=200)
    if not colon or any(ord(char) < 33 for char in address):
        return Way(no=clean(f"its annotation names {shown}, which is no address; local paths are never followed"))
    if kind == "mlflow":
        if not mlflow_address(settings):
            return Way(no=clean(f"its annotation names {shown}: set `mlflow` under [packages] to follow it"))
        return Way(hosts)
    if address.startswith(CONFIG_MAP):
        return Way(hosts)
    try:
        host = registry_host(rest) if kind == "oci" else urlsplit(address).netloc if kind in _WEB else ""
    except ValueError:  # brackets that are no IPv6 address, letters that turn into a slash
        return Way(no=clean(f"its annotation names {shown}, which is no address: write it anew"))
    if host in hosts and "@" not in host:
        return Way(hosts)
    if host:
        return Way(
            no=clean(f"its annotation names {shown}: add {clean(host)!r} to `hosts` under [packages] to follow it")
        )
    return Way(no=clean(f"its annotation names {shown}, which is never followed from a cluster: read it by hand"))
