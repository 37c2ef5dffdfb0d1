"""Whole or not at all: what stands there is never half of anything, and nothing is left lying beside it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlcd_tui.config.whole_file import write_new, write_whole


def test_a_file_is_replaced_and_a_link_never_followed(tmp_path: Path) -> None:
    elsewhere, place = tmp_path / "elsewhere", tmp_path / "folder" / "file"
    place.parent.mkdir()
    elsewhere.write_bytes(b"mine")
    place.symlink_to(elsewhere)
    write_whole(place, b"one")
    write_whole(place, b"two", 0o644)
    assert place.read_bytes() == b"two"
    assert not place.is_symlink()
    assert place.stat().st_mode & 0o777 == 0o644
    assert elsewhere.read_bytes() == b"mine"
    assert [entry.name for entry in place.parent.iterdir()] == ["file"]


def test_what_is_there_is_never_written_over(tmp_path: Path) -> None:
    place = tmp_path / "file"
    assert write_new(place, b"one")
    assert not write_new(place, b"two")
    assert place.read_bytes() == b"one"
    assert place.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_full_disk_leaves_what_was_there_and_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "file"
    write_whole(place, b"one")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    for write in (write_whole, write_new):
        with pytest.raises(OSError, match="No space"):
            write(place, b"two")
    assert place.read_bytes() == b"one"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
