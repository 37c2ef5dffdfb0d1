"""What is remembered survives a crash, another session, and a damaged file."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from mlcd_tui.config.state import ContextState, State, StateFile
from mlcd_tui.domain.errors import BadConfig


def test_two_sessions_add_up_and_contexts_stay_apart(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "state.json"
    one, two = StateFile(path), StateFile(path)
    one.favourite("prod", "argo/a/x")
    two.favourite("prod", "argo/a/y")
    two.favourite("lab", "argo/a/z")
    one.favourite("prod", "argo/a/x")
    one.sort("prod", "phase", descending=True)
    two.theme("mlcd-light")
    found, problem = StateFile(path).load()
    assert problem == ""
    assert found.of("prod") == ContextState(favourites=("argo/a/y",), sort="phase", descending=True)
    assert found.of("lab").favourites == ("argo/a/z",)
    assert found.theme == "mlcd-light"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == ["state.json"]


def test_recent_namespaces_are_nine_the_newest_first(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    for number in range(12):
        file.visit("lab", f"n{number}")
    assert file.visit("lab", "n5").of("lab").namespaces == ("n5", "n11", "n10", "n9", "n8", "n7", "n6", "n4", "n3")


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"contexts": 3}', b"\xff\xfe", b"", b'{"theme":' + b"[" * 9000])
def test_a_damaged_file_is_kept_aside_with_one_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "state.json"
    path.write_bytes(data)
    found, problem = StateFile(path).load()
    assert found == State()
    assert "state.json.bad" in problem
    assert (tmp_path / "state.json.bad").read_bytes() == data
    assert StateFile(path).load() == (State(), "")


def test_what_cannot_be_written_is_a_sentence_and_leaves_no_litter(tmp_path: Path) -> None:
    (tmp_path / "state.json").mkdir()
    file = StateFile(tmp_path / "state.json")
    assert "cannot be read" in file.load()[1]
    with pytest.raises(BadConfig, match="cannot be written"):
        file.theme("x")
    assert [entry.name for entry in tmp_path.iterdir()] == ["state.json"]
