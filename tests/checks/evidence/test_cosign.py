"""What the real cosign wrote with a key (recorded by tests/e2e/registry/record_cosign.py) is verified as it stands."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from mlcd_tui.checks.evidence.keys import PublicKey
from mlcd_tui.checks.evidence.reading import read_evidence, read_with_bundle
from mlcd_tui.checks.evidence.referrers import read
from mlcd_tui.domain.checks import CheckState, ImageIdentity, SignatureState
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean
from tests.checks.evidence.keeping import Keeping
from tests.checks.runs_made import CONFIG, run

HERE = Path(__file__).parent / "cosign"
KEY = PublicKey("release", load_pem_public_key((HERE / "cosign.pub").read_bytes()))
DIGEST = sha256_of((HERE / "image.json").read_bytes())
RUN = run(image=ImageIdentity(Clean("registry.example/churn:7"), manifest_digest=DIGEST))


def recorded(name: str) -> bytes:
    return (HERE / name).read_bytes()


@pytest.mark.parametrize("name", ["bundle.json", "attestation-1.json", "blob.bundle.json"])
def test_an_attestation_is_verified_with_its_key_alone(name: str) -> None:
    evidence = read_evidence(recorded(name), (KEY,))
    assert (evidence.run, evidence.signature, evidence.signer) == (RUN, SignatureState.VERIFIED, "release")
    assert read_evidence(recorded(name), ()).signature is SignatureState.UNKNOWN_KEY


def _forged(name: str) -> bytes:
    document = json.loads(recorded(name))
    envelope = document.get("dsseEnvelope", document)
    payload = base64.b64decode(envelope["payload"]).replace(b'"state":"passed"', b'"state":"warned"')
    payload = payload.replace(b'"passedTests":["tests"]', b'"passedTests":[]')
    envelope["payload"] = base64.b64encode(payload.replace(b'"warnedTests":[]', b'"warnedTests":["tests"]')).decode()
    return json.dumps(document).encode()


def test_a_bundle_that_was_changed_is_broken_and_an_envelope_without_a_name_is_of_nobody() -> None:
    changed = read_evidence(_forged("bundle.json"), (KEY,))
    assert changed.run != RUN
    assert (changed.signature, changed.signer) == (SignatureState.BROKEN, "release")
    assert read_evidence(_forged("attestation-1.json"), (KEY,)).signature is SignatureState.UNKNOWN_KEY


def test_the_predicate_of_another_program_is_read_from_its_attestation() -> None:
    evidence = read_evidence(recorded("attestation-2.json"), (KEY,))
    assert evidence.signature is SignatureState.VERIFIED
    assert evidence.run.image.digests == {DIGEST}
    states = {str(each.name): each.state for each in evidence.run.results}
    assert states == {"bias": CheckState.PASSED, "drift": CheckState.FAILED}


def test_a_file_is_verified_by_the_bundle_beside_it() -> None:
    data, bundle = recorded("signed.json"), recorded("signed.json.sigstore.json")
    evidence = read_with_bundle(data, bundle, (KEY,), "signed.json")
    assert (evidence.run, evidence.signature, evidence.signer) == (RUN, SignatureState.VERIFIED, "release")
    assert read_with_bundle(data, bundle, ()).signature is SignatureState.UNKNOWN_KEY
    changed = read_with_bundle(data.replace(b'"maria"', b'"marta"'), bundle, (KEY,))
    assert changed.signature is SignatureState.BROKEN
    for other in (b"{}", recorded("bundle.json"), bundle.replace(b"MEUC", b"!!!!").replace(b"MEQC", b"!!!!")):
        with pytest.raises(Unreadable):
            read_with_bundle(data, other, (KEY,))


def _statement(**more: Any) -> bytes:
    document = json.loads(recorded("signed.json"))
    return json.dumps(document | more).encode()


def test_a_statement_of_one_digest_vouches_for_no_other_of_the_run() -> None:
    document = json.loads(recorded("signed.json"))
    image = document["predicate"]["https://mlcd.dev/check-run/v1"]["image"]
    image["configDigest"], image["indexDigest"] = CONFIG, CONFIG
    assert read_evidence(json.dumps(document).encode(), ()).run.image.digests == {DIGEST}
    subject = [{"name": "x", "digest": {"sha256": "0" * 64}}]
    with pytest.raises(Unreadable, match="contradicts itself"):
        read_evidence(_statement(subject=subject), ())
    with pytest.raises(Unreadable, match="no in-toto Statement v1"):
        read_evidence(_statement(_type="https://in-toto.io/Statement/v2"), ())


def test_attestations_by_tag_are_all_looked_at_whatever_lies_between_them() -> None:
    """Provenance lies first; the tag says so, and where it does not, the others count all the same."""
    keeping = Keeping({DIGEST: recorded("image.json")})
    for place in range(3):
        keeping.keep(recorded(f"attestation-{place}.json"))
    keeping.tag(f"{DIGEST.replace(':', '-')}.att", recorded("attestations.json"))
    found = read(keeping.registry, DIGEST, (KEY,))
    assert {str(each.run.by) for each in found.evidence} == {"maria", "another program"}
    assert found.troubles == ()
    silent = json.loads(recorded("attestations.json"))
    for layer in silent["layers"]:
        del layer["annotations"]
    keeping.tag(f"{DIGEST.replace(':', '-')}.att", json.dumps(silent).encode())
    found = read(keeping.registry, DIGEST, (KEY,))
    assert len(found.evidence) == 2
    assert len(found.troubles) == 1
    assert "not of test results" in found.troubles[0]


def test_a_bundle_among_the_referrers() -> None:
    keeping = Keeping({DIGEST: recorded("image.json")})
    keeping.keep(recorded("bundle.json"))
    place = keeping.keep(recorded("referrer.json"))
    listed = {"manifests": [{"digest": place, "artifactType": "application/vnd.oci.empty.v1+json"}]}
    keeping.tag(DIGEST.replace(":", "-"), json.dumps(listed).encode())
    (evidence,) = read(keeping.registry, DIGEST, (KEY,)).evidence
    assert (evidence.run, evidence.signature) == (RUN, SignatureState.VERIFIED)
