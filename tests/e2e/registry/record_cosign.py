"""record_cosign.py COSIGN FOLDER: what the real cosign writes with a key, kept as tests/checks/evidence/cosign.

COSIGN is its binary (`go install github.com/sigstore/cosign/v2/cmd/cosign@v2.6.1`, half an hour on two cores, which is why it is
recorded and not built by the tests). The private key is thrown away.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mlcd_tui.checks.evidence.registry import Registry
from mlcd_tui.checks.evidence.statement import PREDICATE, statement
from mlcd_tui.domain.checks import ImageIdentity
from mlcd_tui.domain.text import Clean
from tests.checks.runs_made import run
from tests.e2e.registry import contents, process

PLAIN = {"result": "FAILED", "configuration": [], "passedTests": ["bias"], "failedTests": ["drift"]}
"""What another program would state."""


def record(cosign: str, folder: Path) -> None:
    """Write all recordings."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)

        def call(*arguments: str) -> None:
            environment = {**os.environ, "COSIGN_PASSWORD": "", "COSIGN_YES": "true", "HOME": name}
            subprocess.run([cosign, *arguments], check=True, cwd=work, env=environment, timeout=120)

        call("generate-key-pair")
        (folder / "cosign.pub").write_bytes((work / "cosign.pub").read_bytes())
        with process.with_referrers(work) as registry, registry.pusher("serving/churn") as pusher:
            layer = pusher.blob(b"a layer", "application/vnd.oci.image.layer.v1.tar")
            image = pusher.artifact("7", b'{"architecture":"amd64","os":"linux"}', contents.CONFIG, [layer])
            whole = _statement(image["digest"])
            (work / "plain.json").write_text(json.dumps(PLAIN))
            (work / "whole.json").write_text(json.dumps(whole["predicate"]))
            (work / "statement.json").write_text(json.dumps(whole))
            place = f"{registry.host}/serving/churn@{image['digest']}"
            how = ("--key", "cosign.key", "--type", PREDICATE, "--tlog-upload=false")
            slsa = ("--key", "cosign.key", "--type", "slsaprovenance", "--tlog-upload=false")
            (work / "provenance.json").write_text(
                json.dumps({"builder": {"id": "https://builder.example"}, "buildType": "x"})
            )
            call("attest", "--predicate", "provenance.json", "--allow-http-registry", *slsa, place)
            for predicate in ("whole.json", "plain.json"):
                call("attest", "--predicate", predicate, "--allow-http-registry", *how, place)
            call("attest", "--predicate", "whole.json", "--allow-http-registry", "--new-bundle-format", *how, place)
            with Registry(registry.host, "serving/churn") as repository:
                _keep(repository, image["digest"], folder)
                (work / "image.json").write_bytes(repository.manifest(image["digest"])[0])
        _blobs(call, work, folder)


def _statement(digest: str) -> dict[str, Any]:
    return statement(run(image=ImageIdentity(Clean("registry.example/churn:7"), manifest_digest=digest)))


def _keep(repository: Registry, digest: str, folder: Path) -> None:
    """The image, its attestations by tag, and the bundle that refers to it."""
    (folder / "image.json").write_bytes(repository.manifest(digest)[0])
    by_tag, _ = repository.manifest(f"{digest.replace(':', '-')}.att")
    (folder / "attestations.json").write_bytes(by_tag)
    for place, layer in enumerate(json.loads(by_tag)["layers"]):
        (folder / f"attestation-{place}.json").write_bytes(repository.blob(layer["digest"], 1 << 20))
    (page,) = repository.referrers(digest) or []
    (listed,) = json.loads(page)["manifests"]
    referrer, _ = repository.manifest(listed["digest"])
    (folder / "referrer.json").write_bytes(referrer)
    (folder / "bundle.json").write_bytes(repository.blob(json.loads(referrer)["layers"][0]["digest"], 1 << 20))


def _blobs(call: Any, work: Path, folder: Path) -> None:
    """Of a file in place of an image: an attestation, and a plain signature."""
    key = ("--key", "cosign.key", "--tlog-upload=false", "--new-bundle-format")
    attest = ("--type", PREDICATE, "--predicate", "whole.json", "--bundle", "blob.json")
    call("attest-blob", *key, *attest, "image.json")
    call("sign-blob", *key, "--bundle", "signature.json", "statement.json")
    (folder / "blob.bundle.json").write_bytes((work / "blob.json").read_bytes())
    (folder / "signed.json").write_bytes((work / "statement.json").read_bytes())
    (folder / "signed.json.sigstore.json").write_bytes((work / "signature.json").read_bytes())


if __name__ == "__main__":
    record(sys.argv[1], Path(sys.argv[2]))
