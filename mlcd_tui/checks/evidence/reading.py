"""Evidence in whatever wrapping it comes: a bare statement, a DSSE envelope, or a sigstore bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from mlcd_tui.checks.evidence.bundle import is_bundle, read_beside, read_bundle
from mlcd_tui.checks.evidence.dsse import envelope_bytes, envelope_of, sign, verified
from mlcd_tui.checks.evidence.keys import PublicKey, SigningKey
from mlcd_tui.checks.evidence.statement import fitting, json_object, read_statement, run_of
from mlcd_tui.domain.checks import CheckRun, Evidence
from mlcd_tui.domain.text import clean

Seal = Callable[[CheckRun, int], bytes]
"""A run as evidence of at most so many bytes; its findings are trimmed before it is signed."""


def seal_with(key: SigningKey | None) -> Seal:
    """How runs become evidence: signed with the operator's key where there is one, else as a bare statement."""

    def seal(run: CheckRun, most_bytes: int) -> bytes:
        if key is None:
            return fitting(run, most_bytes)[0]
        room = (most_bytes - 1024) * 3 // 4  # base64 makes four bytes of three
        return envelope_bytes(sign(fitting(run, room)[0], key))

    return seal


BESIDE = ".sigstore.json"
"""Ending of the bundle that signs the file beside it, as `cosign sign-blob` writes it."""


def read_with_bundle(data: bytes, bundle: bytes, trusted: Sequence[PublicKey], found_in: str = "") -> Evidence:
    """The run in a file that a sigstore bundle beside it signs as it is. Raises as `read_evidence` does."""
    evidence = read_evidence(data, trusted, found_in)
    told = read_beside(json_object(bundle, "The sigstore bundle"), data, trusted)
    return Evidence(evidence.run, told.state, told.signer, told.note, evidence.found_in)


def read_evidence(data: bytes, trusted: Sequence[PublicKey], found_in: str = "") -> Evidence:
    """The run in some bytes from anywhere, and what its signature comes to.

    Raises:
        Unreadable: it is no evidence that this program understands. Nothing else is ever raised.
    """
    value = json_object(data, "The evidence")
    place = clean(found_in)
    if is_bundle(value):
        envelope, told = read_bundle(value, trusted)
    elif "payload" in value:
        envelope = envelope_of(value)
        told = verified(envelope, trusted)
    else:
        return Evidence(run_of(value), found_in=place)
    run = read_statement(envelope.payload)
    return Evidence(run, told.state, told.signer, told.note, place)
