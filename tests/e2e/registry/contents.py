"""What model publishers push: a ModelPack, a Cog image for two platforms, a KitOps kit, an in-toto statement."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path

from tests.e2e.registry.push import FILEPATH, INDEX, Descriptor, Pusher

FIXTURES = Path(__file__).parents[2] / "fixtures" / "packages"
WEIGHTS = (FIXTURES / "safetensors" / "churn.safetensors").read_bytes()
LARGE = 6 << 20
"""Bytes of weights behind the header: more than is ever fetched as a whole."""
CONFIG = "application/vnd.oci.image.config.v1+json"
IN_TOTO = "application/vnd.in-toto+json"


def modelpack(pusher: Pusher, tag: str) -> Descriptor:
    """Weights and a card as raw layers, code as a packed one."""
    kind = "application/vnd.cncf.model"
    layers = [
        pusher.file(WEIGHTS + bytes(LARGE), f"{kind}.weight.v1.raw", "churn.safetensors", FILEPATH),
        pusher.file((FIXTURES / "huggingface" / "README.md").read_bytes(), f"{kind}.doc.v1.raw", "README.md", FILEPATH),
        pusher.file(b"packed", f"{kind}.code.v1.tar+gzip", "code", FILEPATH),
    ]
    config = (FIXTURES / "modelpack" / "config.json").read_bytes()
    return pusher.artifact(tag, config, f"{kind}.config.v1+json", layers, artifactType=f"{kind}.manifest.v1+json")


def cog_image(pusher: Pusher, tag: str) -> Descriptor:
    """An index of two platforms and, as BuildKit does it, a statement about the first."""
    config = (FIXTURES / "cog" / "image-config.json").read_bytes()
    amd = pusher.artifact("", config, CONFIG, [])
    arm = pusher.artifact("", json.dumps({"architecture": "arm64", "os": "linux"}).encode(), CONFIG, [])
    statement = (FIXTURES / "intoto" / "statement.json").read_bytes()
    attested = pusher.artifact("", b"{}", CONFIG, [pusher.blob(statement, IN_TOTO)])
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": amd["digest"]}
    manifests = [
        arm | {"platform": {"os": "linux", "architecture": "arm64"}},
        amd | {"platform": {"os": "linux", "architecture": "amd64"}},
        attested | {"platform": {"os": "unknown", "architecture": "unknown"}, "annotations": marks},
    ]
    return pusher.manifest(tag, {"manifests": manifests}, INDEX)


def kit(pusher: Pusher, tag: str) -> Descriptor:
    """A KitOps ModelKit: the Kitfile as config, the model as a packed layer."""
    kind = "application/vnd.kitops.modelkit"
    layer = pusher.blob(b"packed", f"{kind}.model.v1.tar+gzip")
    return pusher.artifact(tag, (FIXTURES / "kitops" / "config.json").read_bytes(), f"{kind}.config.v1+json", [layer])


def statement(pusher: Pusher, subject: Descriptor) -> Descriptor:
    """An in-toto statement that refers to something."""
    return pusher.statement(subject, (FIXTURES / "intoto" / "statement.json").read_bytes(), IN_TOTO)


def cosign_attestation(pusher: Pusher, subject: Descriptor) -> Descriptor:
    """A DSSE envelope by the tag that cosign gives it, about the manifest itself."""
    claim = json.loads((FIXTURES / "intoto" / "statement.json").read_bytes())
    claim["subject"] = [{"name": pusher.repository, "digest": {"sha256": subject["digest"].removeprefix("sha256:")}}]
    payload = b64encode(json.dumps(claim).encode()).decode()
    signatures = [{"keyid": "", "sig": "AAAA"}]
    envelope = {"payloadType": IN_TOTO, "payload": payload, "signatures": signatures}
    layer = pusher.blob(json.dumps(envelope).encode(), "application/vnd.dsse.envelope.v1+json")
    return pusher.artifact(f"{subject['digest'].replace(':', '-')}.att", b"{}", CONFIG, [layer])
