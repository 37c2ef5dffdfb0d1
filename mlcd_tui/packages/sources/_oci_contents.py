"""What a manifest, its config, its small layers and its referrers become: files of a package."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.errors import Missing, Problem, Unreadable
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.sources._files import Held, PackageFiles, inside
from mlcd_tui.packages.sources._oci_client import LARGEST_DOCUMENT, Document, RegistryClient
from mlcd_tui.packages.sources._oci_reference import DIGEST, Reference
from mlcd_tui.wire.oci_media import INDEXES

MOST_REFERRERS = 20
MOST_LAYERS = 10_000
_TITLES = ("org.cncf.model.filepath", "org.opencontainers.image.title")
_PACKED = ("tar", "gzip", "zstd", "tgz", "zip")
_STATEMENTS = {
    "application/vnd.in-toto+json": "json",
    "application/vnd.in-toto.bundle": "json",
    "application/vnd.dsse.envelope.v1+json": "json",
    "application/vnd.dsse+json": "json",
    "application/vnd.dev.sigstore.bundle.v0.3+json": "json",
    "application/vnd.cyclonedx+json": "cdx.json",
}
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}
_ATTESTED = "vnd.docker.reference.digest"


@dataclass(slots=True)
class Contents:
    """Fills a package's files from a registry."""

    client: RegistryClient
    reference: Reference
    files: PackageFiles
    wanted: Callable[[str], bool]
    _statements: int = 0

    def fill(self) -> None:
        """All that belongs to the reference. Weights are listed, and read by their headers only."""
        top = self.client.manifest(self.reference)
        self.files.digest = top.digest
        subjects = [top.digest]
        attesting: list[dict[str, Any]] = []
        manifest = top
        if top.media_type in INDEXES:
            self.files.bodies["oci/index.json"] = Held(top.data)
            chosen, attesting = self._of_index(top)
            manifest = self.client.manifest(self.reference, chosen)
            subjects.append(manifest.digest)
        if "config" not in manifest.value or manifest.value.get("schemaVersion") != 2:
            raise Unreadable(
                f"{clean(self.files.address)} is of a kind of manifest that is not read here.",
                advice="Push it anew as an OCI image or artifact.",
            )
        self.files.bodies["oci/manifest.json"] = Held(manifest.data)
        self._config(manifest)
        for layer in _dicts(manifest.value.get("layers"))[:MOST_LAYERS]:
            self._layer(layer)
        self._referrers(subjects, attesting)

    def _of_index(self, index: Document) -> tuple[str, list[dict[str, Any]]]:
        """The manifest of this machine's platform, else the first; and those that attest something of it."""
        every = [each for each in _dicts(index.value.get("manifests")) if _digest(each)]
        images = [each for each in every if _ATTESTED not in _strings(each.get("annotations"))]
        if not images:
            raise Unreadable(f"{clean(self.files.address)} is an index of nothing.", advice="Push it anew.")
        machine = _MACHINES.get(platform.machine(), platform.machine())
        known = [each for each in images if _strings(each.get("platform")).get("os", "unknown") != "unknown"]
        ours = [each for each in known if _strings(each["platform"]).get("architecture") == machine]
        chosen = _digest((ours or known or images)[0])
        return chosen, [each for each in every if _strings(each.get("annotations")).get(_ATTESTED) == chosen]

    def _config(self, manifest: Document) -> None:
        config = manifest.value["config"]
        if not isinstance(config, dict) or not _digest(config):
            raise Unreadable(f"{clean(self.files.address)} names no config by its digest.", advice="Push it anew.")
        size = config.get("size")
        if isinstance(size, int) and size > LARGEST_DOCUMENT:
            raise Unreadable(
                f"The config of {clean(self.files.address)} has {size:,} bytes, at most {LARGEST_DOCUMENT:,} are read."
            )
        self.files.bodies["oci/config.json"] = Held(self.client.config(self.reference, _digest(config)).data)

    def _layer(self, layer: dict[str, Any]) -> None:
        """A raw layer with a name of its own is a file."""
        annotations, media = _strings(layer.get("annotations")), _strings(layer).get("mediaType", "")
        title = next((annotations[key] for key in _TITLES if annotations.get(key)), "")
        size = layer.get("size")
        if not title or not _digest(layer) or not isinstance(size, int) or size < 0:
            return
        if any(word in _PACKED for word in media.replace("+", ".").replace("-", ".").split(".")):
            return
        path = inside(title)
        if not path or path.startswith("oci/"):
            self.files.notes.left_out("its path leads out of the package or cannot be used", title)
        elif path not in self.files.bodies:
            self.files.bodies[path] = self.client.layer(self.reference, _digest(layer), size)
        elif self.wanted(path):
            raise Unreadable(f"{clean(self.files.address)} holds {clean(path)} twice.", advice="Push it anew.")

    def _referrers(self, subjects: list[str], attesting: list[dict[str, Any]]) -> None:
        """Statements about the package. What cannot be read of them is a remark: the package itself is there."""
        found: dict[str, None] = {}
        try:
            for subject in subjects:
                found |= dict.fromkeys(_digest(each) for each in self.client.referrers(self.reference, subject))
                found |= dict.fromkeys(self.client.attested(self.reference, subject))
        except Problem as problem:
            self.files.notes.add(f"Statements about it were not read: {problem}")
        digests = [digest for digest in (*(_digest(each) for each in attesting), *found) if digest]
        if len(digests) > MOST_REFERRERS:
            self.files.notes.add(f"{len(digests)} documents refer to it; the first {MOST_REFERRERS} were read.")
        for number, digest in enumerate(digests[:MOST_REFERRERS]):
            try:
                self._referrer(number, digest)
            except Missing:
                self.files.notes.add(f"The statement {digest} is listed, but not there.")
            except Problem as problem:
                self.files.notes.add(f"The statement {digest} was not read: {problem}")

    def _referrer(self, number: int, digest: str) -> None:
        manifest = self.client.manifest(self.reference, digest)
        self.files.bodies[f"oci/referrers/{number}.json"] = Held(manifest.data)
        for layer in _dicts(manifest.value.get("layers"))[:MOST_REFERRERS]:
            kind = _STATEMENTS.get(_strings(layer).get("mediaType", ""))
            size = layer.get("size")
            if kind is None or not _digest(layer) or self._statements >= MOST_REFERRERS:
                continue
            if not isinstance(size, int) or size > LARGEST_DOCUMENT:
                self.files.notes.left_out("it is too large for a statement", _digest(layer))
                continue
            data = self.client.blob(self.reference, _digest(layer))
            self.files.bodies[f"oci/statements/{self._statements}.{kind}"] = Held(data)
            self._statements += 1


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _strings(value: Any) -> dict[str, str]:
    return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}


def _digest(descriptor: dict[str, Any]) -> str:
    told = descriptor.get("digest")
    return told if isinstance(told, str) and DIGEST.match(told) else ""
