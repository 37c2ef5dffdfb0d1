"""Media types of what registries hold."""

from __future__ import annotations

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
_DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"

INDEXES = frozenset({INDEX, _DOCKER_LIST})
ACCEPT = f"{MANIFEST}, {INDEX}, {_DOCKER_MANIFEST}, {_DOCKER_LIST}"
"""Asks for whatever a reference leads to."""
