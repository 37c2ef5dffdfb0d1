"""Sigstore bundles, as cosign writes them: verified where the key is at hand, and told apart where it is not."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Sequence
from typing import Any

from mlcd_tui.checks.evidence.dsse import Envelope, Verification, envelope_of, pae, verified
from mlcd_tui.checks.evidence.keys import PublicKey, fits
from mlcd_tui.domain.checks import SignatureState
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean, clean

MEDIA_TYPE = "application/vnd.dev.sigstore.bundle"
"""How the media types of all its versions begin."""
NOT_KEYLESS = Clean("not verified: no transparency log here")
_MOST_CERTIFICATE = 64 * 1024


def is_bundle(value: dict[str, Any]) -> bool:
    """Whether a JSON object says that it is a bundle."""
    return str(value.get("mediaType", "")).startswith(MEDIA_TYPE)


def read_bundle(value: dict[str, Any], trusted: Sequence[PublicKey]) -> tuple[Envelope, Verification]:
    """The envelope in a bundle, and what its signature comes to.

    Raises:
        Unreadable: it holds no statement, or nothing to check it by. Nothing else is ever raised.
    """
    inside, material = value.get("dsseEnvelope"), value.get("verificationMaterial")
    if not isinstance(inside, dict):
        raise Unreadable("The sigstore bundle holds no statement: only bundles with a dsseEnvelope do.")
    if not isinstance(material, dict):
        raise Unreadable("The sigstore bundle holds nothing to verify it by.")
    envelope = envelope_of(inside)
    certificate = _certificate(material)
    if certificate is None:
        if not isinstance(material.get("publicKey"), dict):
            raise Unreadable("The sigstore bundle names neither a key nor a certificate.")
        return envelope, _by_hint(envelope, material["publicKey"].get("hint"), trusted)
    signed = pae(envelope.payload_type, envelope.payload)
    return envelope, _keyless(signed, [each.sig for each in envelope.signatures], certificate)


def read_beside(value: dict[str, Any], data: bytes, trusted: Sequence[PublicKey]) -> Verification:
    """What a bundle that lies beside a file, and signs it as it is, comes to for the file's bytes.

    Raises:
        Unreadable: it signs no file, or there is nothing to check it by. Nothing else is ever raised.
    """
    signature, material = value.get("messageSignature"), value.get("verificationMaterial")
    if not is_bundle(value) or not isinstance(signature, dict) or not isinstance(material, dict):
        raise Unreadable("It is no sigstore bundle that signs a file.")
    sig = _signature(signature.get("signature"))
    certificate = _certificate(material)
    if certificate is not None:
        return _keyless(data, [sig], certificate)
    fitting = next((key for key in trusted if key.verifies(sig, data)), None)
    if fitting is not None:
        return Verification(SignatureState.VERIFIED, clean(fitting.name))
    told = material.get("publicKey")
    hint = told.get("hint") if isinstance(told, dict) else None
    named = next((key for key in trusted if isinstance(hint, str) and hint in key.ids), None)
    if named is None:
        return Verification(SignatureState.UNKNOWN_KEY, note=clean("no trusted key fits the signature beside it"))
    return Verification(SignatureState.BROKEN, clean(named.name), _not_signed_with(f"the key of {named.name}"))


def _signature(value: Any) -> bytes:
    if isinstance(value, str) and len(value) <= _MOST_CERTIFICATE:
        with contextlib.suppress(binascii.Error, ValueError):
            return base64.b64decode(value, validate=True)
    raise Unreadable("The sigstore bundle's signature is no base64.")


def _not_signed_with(what: str) -> Clean:
    return clean(f"it names {what}, but what it says is not what was signed with it")


def _by_hint(envelope: Envelope, hint: Any, trusted: Sequence[PublicKey]) -> Verification:
    found = verified(envelope, trusted)
    named = next((key for key in trusted if isinstance(hint, str) and hint in key.ids), None)
    if found.state is SignatureState.UNKNOWN_KEY and named is not None:
        return Verification(SignatureState.BROKEN, clean(named.name), _not_signed_with(f"the key of {named.name}"))
    return found


def _certificate(material: dict[str, Any]) -> bytes | None:
    """The certificate of the signer, in the place of either version; None: it was signed with a key."""
    chain = material.get("x509CertificateChain")
    first = material.get("certificate")
    if first is None and isinstance(chain, dict):
        listed = chain.get("certificates")
        first = listed[0] if isinstance(listed, list) and listed else {}
    if first is None:
        return None
    raw = first.get("rawBytes") if isinstance(first, dict) else None
    if isinstance(raw, str) and len(raw) <= _MOST_CERTIFICATE:
        try:
            return base64.b64decode(raw, validate=True)
        except (binascii.Error, ValueError):
            pass
    raise Unreadable("The sigstore bundle's certificate is no base64.")


def _keyless(signed: bytes, signatures: Sequence[bytes], der: bytes) -> Verification:
    """A short-lived certificate proves nothing without the log; but a signature that does not fit it proves forgery."""
    from cryptography import x509

    try:
        certificate = x509.load_der_x509_certificate(der)
        key = certificate.public_key()
        name = _claimed(certificate)
    except Exception as error:  # a parser of foreign bytes: it raises whatever it likes, and all of it means the same
        raise Unreadable(f"The sigstore bundle's certificate cannot be read ({clean(error, limit=80)}).") from error
    if not any(fits(key, signature, signed) for signature in signatures):
        note = clean("what it says is not what was signed with its certificate")
        return Verification(SignatureState.BROKEN, clean(name), note)
    claims = f"; it claims to be of {name}" if name else ""
    return Verification(SignatureState.UNKNOWN_KEY, note=clean(f"{NOT_KEYLESS}{claims}"))


def _claimed(certificate: Any) -> str:
    from cryptography import x509

    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    told = [*names.get_values_for_type(x509.RFC822Name), *names.get_values_for_type(x509.UniformResourceIdentifier)]
    return str(clean(told[0], limit=200)) if told else ""
