"""DSSE envelopes: what is signed, by whom, and whether it still says what was signed."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mlcd_tui.checks.evidence.keys import PublicKey, SigningKey
from mlcd_tui.checks.evidence.statement import PAYLOAD, json_object
from mlcd_tui.domain.checks import SignatureState
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean, clean

MOST_SIGNATURES = 50
_MOST_SIGNATURE = 4096


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature and the hint at its key, which nobody vouches for."""

    sig: bytes
    keyid: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with its signatures; what it says is worth nothing before `verified`."""

    payload: bytes
    signatures: tuple[Signature, ...]
    payload_type: str = PAYLOAD


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look at the signatures comes to."""

    state: SignatureState
    signer: Clean = Clean("")
    note: Clean = Clean("")
    """Why it is not verified."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that are signed: type and payload, each with its length in front."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign(payload: bytes, key: SigningKey) -> Envelope:
    """An envelope around a statement, signed with the operator's key."""
    return Envelope(payload, (Signature(key.sign(pae(PAYLOAD, payload)), key.keyid),))


def envelope_bytes(envelope: Envelope) -> bytes:
    """The envelope as JSON."""
    document = {
        "payloadType": envelope.payload_type,
        "payload": _encoded(envelope.payload),
        "signatures": [{"keyid": each.keyid, "sig": _encoded(each.sig)} for each in envelope.signatures],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def read_envelope(data: bytes) -> Envelope:
    """An envelope from anywhere. Raises `Unreadable`, and nothing else."""
    return envelope_of(json_object(data, "The envelope"))


def envelope_of(value: dict[str, Any]) -> Envelope:
    """An envelope from a JSON object. Raises `Unreadable`, and nothing else."""
    kind, signatures = value.get("payloadType"), value.get("signatures")
    if not isinstance(kind, str) or not kind.startswith("application/vnd.in-toto") or not kind.endswith("+json"):
        raise Unreadable(f"The envelope holds {clean(kind, limit=80) or 'nothing named'}, no in-toto statement.")
    if not isinstance(signatures, list) or not 0 < len(signatures) <= MOST_SIGNATURES:
        raise Unreadable(f"The envelope has no list of 1 to {MOST_SIGNATURES} signatures.")
    found = []
    for each in signatures:
        keyid = each.get("keyid") or "" if isinstance(each, dict) else None
        if not isinstance(keyid, str) or len(keyid) > _MOST_SIGNATURE:
            raise Unreadable("The envelope has a signature that is none.")
        sig = _decoded(each.get("sig"), "a signature")
        if not 0 < len(sig) <= _MOST_SIGNATURE:
            raise Unreadable("The envelope has an empty or an endless signature.")
        found.append(Signature(sig, keyid))
    return Envelope(_decoded(value.get("payload"), "the payload"), tuple(found), kind)


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _decoded(value: Any, what: str) -> bytes:
    """Standard or URL-safe base64, as DSSE allows."""
    if isinstance(value, str):
        try:
            return base64.b64decode(value.replace("-", "+").replace("_", "/"), validate=True)
        except (binascii.Error, ValueError):
            pass
    raise Unreadable(f"The envelope has {what} that is no base64.")


def verified(envelope: Envelope, trusted: Sequence[PublicKey]) -> Verification:
    """Whether a trusted key signed exactly this payload.

    A signature that names a trusted key and does not fit means that the payload was changed: broken, whatever other
    signatures say. Where no trusted key is named or fits, nothing is known of it.
    """
    told = pae(envelope.payload_type, envelope.payload)
    signer, forged = "", ""
    for signature in envelope.signatures:
        named = [key for key in trusted if signature.keyid and signature.keyid in key.ids]
        fits = next((key for key in named or trusted if key.verifies(signature.sig, told)), None)
        if fits is not None:
            signer = signer or fits.name
        elif named:
            forged = named[0].name
    if forged:
        note = clean(f"it names the key of {forged}, but what it says is not what was signed with it")
        return Verification(SignatureState.BROKEN, clean(forged), note)
    if signer:
        return Verification(SignatureState.VERIFIED, clean(signer))
    hint = next((each.keyid for each in envelope.signatures if each.keyid), "")
    told_of = f"no trusted key fits; it names {clean(hint, limit=80)}" if hint else "no trusted key fits"
    return Verification(SignatureState.UNKNOWN_KEY, note=clean(told_of))
