"""Signatures: what was changed is broken, what nobody vouches for is unknown, and a key that others read is no key."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import errno
import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcd_tui.checks.evidence.dsse import Envelope, Signature, envelope_bytes, pae, read_envelope, sign, verified
from mlcd_tui.checks.evidence.keys import OWN, TRUSTED, PublicKey, SigningKey, keygen, own_key, renew, trusted_keys
from mlcd_tui.checks.evidence.reading import read_evidence, seal_with
from mlcd_tui.checks.evidence.statement import MOST_BYTES, PAYLOAD, statement_bytes
from mlcd_tui.domain.checks import SignatureState
from mlcd_tui.domain.errors import BadConfig, Conflict, Unreadable
from tests.checks.evidence.keys_made import made_key
from tests.checks.runs_made import run

RUN = run()


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return made_key(tmp_path_factory.mktemp("keys"))


def test_the_signed_bytes_are_those_of_the_specification() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )
    assert pae("é", b"\xff") == b"DSSEv1 2 \xc3\xa9 1 \xff"  # lengths are those of bytes


def test_signed_and_read_back(key: SigningKey) -> None:
    data = seal_with(key)(RUN, MOST_BYTES)
    evidence = read_evidence(data, (key.public("maria"),), "somewhere")
    assert (evidence.run, evidence.signature, evidence.signer) == (RUN, SignatureState.VERIFIED, "maria")
    assert read_evidence(data, ()).signature is SignatureState.UNKNOWN_KEY
    assert read_evidence(seal_with(None)(RUN, MOST_BYTES), ()).signature is SignatureState.UNSIGNED


def test_a_changed_predicate_is_broken(key: SigningKey) -> None:
    envelope = sign(statement_bytes(RUN), key)
    forged = replace(envelope, payload=envelope.payload.replace(b"1 finding in 1 file", b"0 finding in 0 file"))
    assert forged.payload != envelope.payload
    evidence = read_evidence(envelope_bytes(forged), (key.public("maria"),))
    assert (evidence.signature, evidence.signer) == (SignatureState.BROKEN, "maria")
    # nor does hiding whose signature it was make it good, or another signature beside it
    unnamed = replace(forged, signatures=(Signature(forged.signatures[0].sig),))
    assert verified(unnamed, (key.public("maria"),)).state is SignatureState.UNKNOWN_KEY
    other = Signature(key.sign(pae(PAYLOAD, forged.payload)))
    both = replace(forged, signatures=(*forged.signatures, other))
    assert verified(both, (key.public("maria"),)).state is SignatureState.BROKEN


def test_the_type_is_signed_too(key: SigningKey) -> None:
    envelope = replace(sign(statement_bytes(RUN), key), payload_type="application/vnd.in-toto.test-result+json")
    assert verified(envelope, (key.public("maria"),)).state is SignatureState.BROKEN


def test_evidence_is_trimmed_before_it_is_signed(key: SigningKey) -> None:
    data = seal_with(key)(RUN, 3_800)
    assert len(data) <= 3_800
    evidence = read_evidence(data, (key.public("maria"),))
    assert evidence.signature is SignatureState.VERIFIED
    assert evidence.run.results[0].report.truncated or not evidence.run.results[0].report.findings[0].context


# --- keys -----------------------------------------------------------------------------------------------------


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path, public = keygen(tmp_path / "new")
    assert path.stat().st_mode & 0o777 == 0o600
    assert public.read_text().startswith("-----BEGIN PUBLIC KEY-----")
    before = path.read_bytes()
    with pytest.raises(Conflict, match="not replaced"):
        keygen(tmp_path / "new")
    assert path.read_bytes() == before


def test_a_key_that_could_not_be_written_leaves_no_half_and_the_one_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, public = keygen(tmp_path / "had")
    before = path.read_bytes(), public.read_bytes()

    def full(_file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadConfig, match="No space left"):
        keygen(tmp_path / "new")
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(BadConfig, match="No space left"):
        renew(tmp_path / "had")
    assert (path.read_bytes(), public.read_bytes()) == before
    assert set(path.parent.iterdir()) == {path, public}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o622])
def test_a_key_that_others_can_read_is_refused(tmp_path: Path, mode: int) -> None:
    path, _ = keygen(tmp_path)
    path.chmod(mode)
    with pytest.raises(BadConfig, match="chmod 600"):
        own_key(tmp_path)
    assert "chmod 600" in trusted_keys(tmp_path)[1][0]


def test_no_key_is_no_problem_and_a_damaged_one_is(tmp_path: Path) -> None:
    assert own_key(tmp_path) is None
    path = tmp_path / OWN
    path.write_bytes(b"-----BEGIN PRIVATE KEY-----\nrubbish\n-----END PRIVATE KEY-----\n")
    path.chmod(0o600)
    with pytest.raises(BadConfig, match="no private key"):
        own_key(tmp_path)


def test_trusted_keys_are_files_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    keygen(tmp_path)
    (tmp_path / TRUSTED).mkdir()
    maria = ec.generate_private_key(ec.SECP256R1())
    (tmp_path / TRUSTED / "maria.pem").write_bytes(_pem(maria.public_key()))
    (tmp_path / TRUSTED / "broken.pub").write_bytes(b"no key")
    (tmp_path / TRUSTED / "notes.txt").write_bytes(b"no key either")
    found, troubles = trusted_keys(tmp_path)
    assert [each.name for each in found] == ["you", "maria"]
    assert len(troubles) == 1
    assert "broken.pub" in troubles[0]
    payload = statement_bytes(RUN)
    envelope = Envelope(payload, (Signature(maria.sign(pae(PAYLOAD, payload), ec.ECDSA(hashes.SHA256()))),))
    assert verified(envelope, found).signer == "maria"


def _pem(key: Any) -> bytes:
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


# --- envelopes and bundles from anywhere --------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(
    st.fixed_dictionaries(
        {
            "payloadType": st.just(PAYLOAD) | st.text(max_size=5) | st.none(),
            "payload": st.just(base64.b64encode(statement_bytes(RUN)).decode()) | st.text(max_size=9) | st.integers(),
            "signatures": st.lists(
                st.fixed_dictionaries(
                    {
                        "sig": st.just("AAAA") | st.text(max_size=5) | st.none(),
                        "keyid": st.text(max_size=3) | st.none() | st.integers(),
                    }
                )
                | st.none(),
                max_size=2,
            )
            | st.none(),
        }
    )
)
def test_hostile_envelopes(value: dict[str, Any]) -> None:
    with contextlib.suppress(Unreadable):
        assert read_evidence(json.dumps(value).encode(), ()).signature is SignatureState.UNKNOWN_KEY


def test_url_safe_base64_is_accepted(key: SigningKey) -> None:
    document = json.loads(envelope_bytes(sign(statement_bytes(RUN), key)))
    document["payload"] = document["payload"].replace("+", "-").replace("/", "_")
    document["signatures"][0]["sig"] = document["signatures"][0]["sig"].replace("+", "-").replace("/", "_")
    assert verified(read_envelope(json.dumps(document).encode()), (key.public("m"),)).state is SignatureState.VERIFIED


def _bundle(envelope: Envelope, **material: Any) -> bytes:
    inside = json.loads(envelope_bytes(envelope))
    kind = "application/vnd.dev.sigstore.bundle.v0.3+json"
    return json.dumps({"mediaType": kind, "verificationMaterial": material, "dsseEnvelope": inside}).encode()


def test_a_bundle_by_key(key: SigningKey) -> None:
    envelope = sign(statement_bytes(RUN), key)
    unnamed = replace(envelope, signatures=(Signature(envelope.signatures[0].sig),))
    hint = {"hint": base64.b64encode(bytes.fromhex(key.keyid)).decode()}
    maria = (key.public("maria"),)
    assert read_evidence(_bundle(unnamed, publicKey=hint), maria).signature is SignatureState.VERIFIED
    forged = replace(unnamed, payload=statement_bytes(run(by=RUN.engine)))
    assert read_evidence(_bundle(forged, publicKey=hint), maria).signature is SignatureState.BROKEN
    assert read_evidence(_bundle(unnamed, publicKey=hint), ()).signature is SignatureState.UNKNOWN_KEY


def _certificate(private: ec.EllipticCurvePrivateKey, mail: str) -> bytes:
    now = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sigstore")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    made = made.serial_number(7).not_valid_before(now).not_valid_after(now + dt.timedelta(minutes=10))
    made = made.add_extension(x509.SubjectAlternativeName([x509.RFC822Name(mail)]), critical=True)
    return made.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def test_a_keyless_bundle_is_told_as_not_verified_and_a_forged_one_as_broken() -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    payload = statement_bytes(RUN)
    envelope = Envelope(payload, (Signature(private.sign(pae(PAYLOAD, payload), ec.ECDSA(hashes.SHA256()))),))
    raw = {"rawBytes": base64.b64encode(_certificate(private, "maria@example.com")).decode()}
    evidence = read_evidence(_bundle(envelope, certificate=raw), ())
    assert evidence.signature is SignatureState.UNKNOWN_KEY
    assert evidence.signer == ""
    assert evidence.note == "not verified: no transparency log here; it claims to be of maria@example.com"
    older = read_evidence(_bundle(envelope, x509CertificateChain={"certificates": [raw]}), ())
    assert older == evidence
    forged = replace(envelope, payload=statement_bytes(run(by=RUN.engine)))
    assert read_evidence(_bundle(forged, certificate=raw), ()).signature is SignatureState.BROKEN


@pytest.mark.parametrize(
    "material",
    [
        {},
        {"certificate": {}},
        {"certificate": {"rawBytes": "AAAA"}},
        {"x509CertificateChain": {"certificates": [1]}},
        {"publicKey": 3},
    ],
)
def test_a_bundle_with_nothing_to_verify_by(key: SigningKey, material: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_evidence(_bundle(sign(statement_bytes(RUN), key), **material), (key.public("maria"),))


def test_keys_do_not_show_themselves(key: SigningKey) -> None:
    assert "_key" not in repr(key)
    assert isinstance(key.public("maria"), PublicKey)
