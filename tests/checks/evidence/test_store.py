"""The store on this machine: append-only, found by every digest, and no damaged file hides the others."""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from mlcd_tui.checks.evidence import store as module
from mlcd_tui.checks.evidence.reading import seal_with
from mlcd_tui.checks.evidence.store import EvidenceStore
from mlcd_tui.domain.checks import CheckRun, CheckState, ImageIdentity, SignatureState, judged
from mlcd_tui.domain.errors import BadConfig, Conflict, Missing, Unreadable
from mlcd_tui.domain.text import Clean
from tests.checks.evidence.keys_made import made_key
from tests.checks.runs_made import CONFIG, MANIFEST, NOW, OTHER, PLAN, run

UNPUSHED = ImageIdentity(Clean("churn:dev"), CONFIG)


@pytest.fixture
def store(tmp_path: Path) -> EvidenceStore:
    return EvidenceStore(tmp_path / "checks")


def _later(number: int, **more: object) -> CheckRun:
    moment = NOW + timedelta(minutes=number)
    return run(id=f"run-{number}", started=moment, finished=moment, **more)


def test_newest_first_and_only_as_many_as_asked_for(store: EvidenceStore) -> None:
    for number in (2, 1, 3):
        store.add(_later(number))
    assert [each.run.id for each in store.runs(2).evidence] == ["run-3", "run-2"]
    assert store.runs(2).evidence[0].run == _later(3)
    assert store.runs(2).evidence[0].found_in == "this machine"


def test_found_by_each_digest_and_by_no_other(store: EvidenceStore) -> None:
    store.add(run())
    assert [e.run for e in store.by_digest({MANIFEST}).evidence] == [run()]
    assert [e.run for e in store.by_digest({CONFIG, OTHER}).evidence] == [run()]
    assert store.by_digest({OTHER, "", "../../etc/passwd", "sha256:short"}).evidence == ()


def test_nothing_is_overwritten(store: EvidenceStore) -> None:
    store.add(run())
    with pytest.raises(Conflict, match="kept already"):
        store.add(run(by=Clean("mallory")))
    assert store.runs().evidence[0].run.by == "maria"


def test_signed_where_there_is_a_key(tmp_path: Path) -> None:
    key = made_key(tmp_path)
    store = EvidenceStore(tmp_path / "checks", (key.public("you"),), seal_with(key))
    assert store.add(run()).signature is SignatureState.VERIFIED
    assert store.by_digest({MANIFEST}).evidence[0].signer == "you"
    assert json.loads(store.raw(run().id))["payloadType"] == "application/vnd.in-toto+json"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_not_waited_for(store: EvidenceStore, make: Callable[[Path], None]) -> None:
    """A pipe that nobody writes to would keep every reader for ever."""
    store.add(_later(1))
    make(store.folder / "runs" / "99990101T000000-x.json")
    (store.folder / "manifests").mkdir()
    make(store.folder / "manifests" / f"{'a' * 64}.json")
    kept = store.runs()
    assert [each.run.id for each in kept.evidence] == ["run-1"]
    assert [trouble.endswith("is passed over: it is no file.") for trouble in kept.troubles] == [True]
    assert store.links() == ()


@pytest.mark.parametrize("damage", [b"", b"{}", b"{" * 50_000, b"\xff\xfe"])
def test_a_damaged_file_is_told_and_passed_over(store: EvidenceStore, damage: bytes) -> None:
    store.add(_later(1))
    store.add(_later(2))
    path = max((store.folder / "runs").iterdir())
    path.write_bytes(damage)
    kept = store.runs()
    assert [each.run.id for each in kept.evidence] == ["run-1"]
    assert len(kept.troubles) == 1
    assert f"{path.name} is passed over: " in kept.troubles[0]
    assert [each.run.id for each in store.by_digest({MANIFEST}).evidence] == ["run-1"]


def test_a_file_that_was_changed_by_hand_is_broken(tmp_path: Path) -> None:
    key = made_key(tmp_path)
    store = EvidenceStore(tmp_path / "checks", (key.public("you"),), seal_with(key))
    store.add(run())
    path = next((store.folder / "runs").iterdir())
    document = json.loads(path.read_bytes())
    document["payload"] = json.loads(seal_with(key)(run(by=Clean("me")), 1 << 20))["payload"]
    path.write_text(json.dumps(document))
    (evidence,) = store.by_digest({MANIFEST}).evidence
    assert evidence.signature is SignatureState.BROKEN
    assert {each.state for each in judged(evidence, frozenset({MANIFEST}), PLAN, NOW)} == {CheckState.STALE}


def test_many_writers_at_once(store: EvidenceStore) -> None:
    def write(writer: int) -> None:
        for number in range(5):
            EvidenceStore(store.folder).add(_later(writer * 10 + number))

    threads = [threading.Thread(target=write, args=(writer,)) for writer in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.runs().evidence) == len(store.by_digest({CONFIG}).evidence) == 20
    assert [path.name for path in (store.folder / "runs").iterdir() if path.name.startswith(".")] == []


def test_ids_from_elsewhere_never_become_a_path(store: EvidenceStore) -> None:
    store.add(run(id="../../../evil"))
    assert len(list((store.folder / "runs").iterdir())) == 1
    assert store.runs().evidence[0].run.id == "../../../evil"


def test_what_cannot_be_kept_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadConfig, match="MLCD_STATE_DIR"):
        EvidenceStore(tmp_path / "file" / "checks").add(run())
    with pytest.raises(Unreadable, match="no image digest"):
        EvidenceStore(tmp_path / "checks").add(run(image=ImageIdentity(Clean("churn"))))
    assert EvidenceStore(tmp_path / "nowhere").runs().evidence == ()
    with pytest.raises(Missing):
        EvidenceStore(tmp_path / "nowhere").raw("run-1")


# --- a push ties digests together -----------------------------------------------------------------------------


def _manifest(config: str = CONFIG) -> bytes:
    return json.dumps({"schemaVersion": 2, "config": {"digest": config, "size": 7}, "layers": []}).encode()


def _sha(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def test_a_push_makes_the_build_s_evidence_count_for_what_runs(store: EvidenceStore) -> None:
    store.add(run(image=UNPUSHED))
    pushed = _sha(_manifest())
    assert store.by_digest({pushed}).evidence == ()
    store.link(_manifest())
    (evidence,) = store.by_digest({pushed}).evidence
    assert evidence.run.image.manifest_digest == pushed
    assert "manifest" in evidence.note
    assert judged(evidence, frozenset({pushed}), PLAN, NOW)[1].state is CheckState.PASSED
    index = json.dumps(
        {"manifests": [{"digest": pushed}, {"digest": OTHER, "platform": {"os": "unknown", "architecture": "unknown"}}]}
    ).encode()
    store.link(index)
    (evidence,) = store.by_digest({_sha(index)}).evidence
    assert judged(evidence, frozenset({_sha(index)}), PLAN, NOW)[1].state is CheckState.PASSED


def test_of_an_index_of_several_platforms_what_one_of_them_met_is_warned(store: EvidenceStore) -> None:
    """And it says nothing of the other platform, nor the index of either."""
    store.add(run(image=UNPUSHED))
    pushed = _sha(_manifest())
    platforms = ({"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64", "variant": "v8"})
    listed = [{"digest": pushed, "platform": platforms[0]}, {"digest": OTHER, "platform": platforms[1]}]
    index = json.dumps({"manifests": listed}).encode()
    store.link(_manifest())
    store.link(index)
    (evidence,) = store.by_digest({_sha(index)}).evidence
    lint, tests = judged(evidence, frozenset({_sha(index)}), PLAN, NOW)
    assert (lint.state, tests.state) == (CheckState.FAILED, CheckState.WARNED)
    assert "checked linux/amd64 only, one of 2" in tests.sentence
    (evidence,) = store.by_digest({pushed}).evidence
    assert judged(evidence, frozenset({pushed}), PLAN, NOW)[1].state is CheckState.PASSED
    assert store.by_digest({OTHER}).evidence == ()
    assert _sha(index) not in evidence.run.image.digests  # what is published of it does not say that it was the index


def test_an_image_that_was_pulled_by_its_index_is_one_platform_of_it(store: EvidenceStore) -> None:
    """A Docker Engine knows it by the digest of the index."""
    index = json.dumps({"manifests": [{"digest": MANIFEST}, {"digest": OTHER}]}).encode()
    store.add(run(image=ImageIdentity(Clean("churn"), CONFIG, _sha(index), platform=Clean("linux/arm64"))))
    store.link(index)
    (evidence,) = store.by_digest({_sha(index)}).evidence
    assert "checked linux/arm64 only" in evidence.run.results[1].sentence


@pytest.mark.parametrize("listed", [[], [{"digest": f"sha256:{number:064}"} for number in range(65)], [{}]])
def test_an_index_of_nothing_or_of_too_much_is_none(store: EvidenceStore, listed: list[dict[str, str]]) -> None:
    with pytest.raises(Unreadable):
        store.link(json.dumps({"manifests": listed}).encode())


def test_a_link_that_was_changed_proves_nothing(store: EvidenceStore) -> None:
    store.add(run(image=UNPUSHED))
    store.link(_manifest(OTHER))
    (path,) = (store.folder / "manifests").iterdir()
    path.write_bytes(_manifest(CONFIG))
    assert store.by_digest({f"sha256:{path.stem}"}).evidence == ()


# --- logs -----------------------------------------------------------------------------------------------------


def test_logs_by_digest(store: EvidenceStore) -> None:
    digest, size = store.add_log(b"all is well\n")
    assert (store.log(digest).data, store.log(digest).intact, size) == (b"all is well\n", True, 12)
    next((store.folder / "logs").iterdir()).write_bytes(b"all was well\n")
    assert not store.log(digest).intact
    for wrong in (MANIFEST, "", "sha256:../../etc"):
        with pytest.raises(Missing):
            store.log(wrong)


def test_large_logs_lose_their_middle_and_old_ones_make_room(
    store: EvidenceStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_LOG", 1_000)
    monkeypatch.setattr(module, "MOST_LOGS", 1_500)
    first, size = store.add_log(b"begin" + b"x" * 5_000 + b"end")
    kept = store.log(first)
    assert (kept.data[:5], kept.data[-3:], kept.intact) == (b"begin", b"end", True)
    assert len(kept.data) == size
    assert len(kept.data) <= 1_000
    assert b"bytes left out" in kept.data
    second, _ = store.add_log(b"y" * 900)
    assert store.log(second).intact
    with pytest.raises(Missing, match="made room"):
        store.log(first)
