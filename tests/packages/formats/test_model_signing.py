"""OpenSSF model signing: the list of files with their digests, never called verified."""

from __future__ import annotations

import hashlib

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import TrustState
from mlcd_tui.packages.formats.model_signing import FORMAT
from tests.packages.formats.document_fixtures import fixture, read
from tests.packages.memory_files import MemoryFiles


def test_a_real_bundle_lists_every_file_with_its_true_digest() -> None:
    files = fixture("model_signing")
    (path,) = FORMAT.find(files)
    package = FORMAT.read(files, path)

    for artifact in package.artifacts:
        content = files.contents[f"model/{artifact.path}"]
        assert artifact.digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
    assert [one.path for one in package.artifacts] == ["README.md", "churn.safetensors"]


def test_the_signature_is_there_and_not_verified() -> None:
    (claim,) = FORMAT.read(fixture("model_signing"), "model.sig").statements

    assert claim.state is TrustState.UNVERIFIED
    assert claim.reason == "present, not verified by mlcd-tui"
    assert claim.by == "key 8fa58cdae36e845b"
    assert claim.subject.startswith("sha256:e89f8ac1")


def test_other_signatures_are_left_alone_and_a_damaged_one_is_told() -> None:
    provenance = fixture("intoto").contents["churn.intoto.jsonl"]
    assert FORMAT.find(MemoryFiles({"weights.sig": b"\x00\x01", "b.sigstore": provenance})) == ()
    with pytest.raises(Unreadable, match=r"model\.sig"):
        read(FORMAT, {"model.sig": "{"})
