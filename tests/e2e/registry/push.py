"""Pushes to a registry by plain HTTP; shares no code with what reads from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

Descriptor = dict[str, Any]
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
TITLE = "org.opencontainers.image.title"
FILEPATH = "org.cncf.model.filepath"


@dataclass
class Pusher:
    """Pushes into one repository."""

    base: str
    repository: str
    login: tuple[str, str] | None = None
    client: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = httpx.Client(base_url=self.base, auth=self.login, trust_env=False, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()

    def blob(self, data: bytes, media_type: str, **annotations: str) -> Descriptor:
        """Uploads a blob."""
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        begun = self.client.post(f"/v2/{self.repository}/blobs/uploads/")
        begun.raise_for_status()
        place = httpx.URL(self.base).join(begun.headers["location"]).copy_merge_params({"digest": digest})
        self.client.put(place, content=data, headers={"Content-Type": "application/octet-stream"}).raise_for_status()
        told: Descriptor = {"mediaType": media_type, "digest": digest, "size": len(data)}
        return told | ({"annotations": annotations} if annotations else {})

    def file(self, data: bytes, media_type: str, path: str, key: str = TITLE) -> Descriptor:
        """Uploads a file that keeps its name."""
        return self.blob(data, media_type) | {"annotations": {key: path}}

    def manifest(self, tag: str, value: Mapping[str, Any], media_type: str = IMAGE) -> Descriptor:
        """Puts a manifest; an empty tag puts it by its digest alone."""
        data = json.dumps({"schemaVersion": 2, "mediaType": media_type, **value}).encode()
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        answer = self.client.put(
            f"/v2/{self.repository}/manifests/{tag or digest}", content=data, headers={"Content-Type": media_type}
        )
        answer.raise_for_status()
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def artifact(self, tag: str, config: bytes, config_type: str, layers: list[Descriptor], **more: Any) -> Descriptor:
        """Uploads a config and puts a manifest of it and the layers."""
        return self.manifest(tag, {"config": self.blob(config, config_type), "layers": layers, **more})

    def statement(self, subject: Descriptor, data: bytes, media_type: str) -> Descriptor:
        """Puts a document that refers to a manifest, as `oras attach` does."""
        layer = self.blob(data, media_type)
        return self.artifact("", b"{}", EMPTY, [layer], artifactType=media_type, subject=subject)

    def fallback_tag(self, subject: Descriptor, *referrers: Descriptor) -> None:
        """What a client keeps where a registry has no referrers API."""
        self.manifest(subject["digest"].replace(":", "-"), {"manifests": list(referrers)}, INDEX)
