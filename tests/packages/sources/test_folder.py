"""A folder is read within its bounds."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlcd_tui.domain.errors import Forbidden, Missing, Problem, Unreadable
from mlcd_tui.domain.package_ports import Reach, Remarking
from mlcd_tui.packages.sources import folder
from mlcd_tui.packages.sources.folder import SOURCE


def _remarks(address: str) -> str:
    with SOURCE.open(address, Reach()) as files:
        assert isinstance(files, Remarking)
        return " ".join(files.remarks())


def test_files_are_listed_with_sizes_and_read_in_parts(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "MLmodel").write_text("flavors: {}")
    (tmp_path / "deep" / "model.onnx").write_bytes(bytes(range(100)))
    with SOURCE.open(f"folder:{tmp_path}", Reach()) as files:
        assert [(e.path, e.size) for e in files.entries()] == [("MLmodel", 11), ("deep/model.onnx", 100)]
        assert files.read("MLmodel", 100) == b"flavors: {}"
        assert files.part("deep/model.onnx", 98, 10) == b"bc"
        with pytest.raises(Unreadable, match=r"MLmodel in folder:.* has 11 bytes, and at most 5 are read"):
            files.read("MLmodel", 5)
        with pytest.raises(Unreadable, match="There is no gone"):
            files.part("gone", 0, 1)


def test_a_single_file_is_a_package_of_one(tmp_path: Path) -> None:
    (tmp_path / "churn.onnx").write_bytes(b"x")
    (tmp_path / "secret").write_bytes(b"y")
    with SOURCE.open(str(tmp_path / "churn.onnx"), Reach()) as files:
        assert [e.path for e in files.entries()] == ["churn.onnx"]


def test_links_that_lead_out_are_not_followed_and_told(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("secret")
    root = tmp_path / "root"
    (root / "real").mkdir(parents=True)
    (root / "real" / "MLmodel").write_text("in")
    (root / "MLmodel").symlink_to("real/MLmodel")
    (root / "README.md").symlink_to("../outside")
    (root / "etc").symlink_to("/etc")
    (root / "loop").symlink_to("loop")
    with SOURCE.open(f"folder:{root}", Reach()) as files:
        assert [e.path for e in files.entries()] == ["MLmodel", "real/MLmodel"]
        assert files.read("MLmodel", 10) == b"in"
    remarks = _remarks(f"folder:{root}")
    assert "2 files were left out, README.md the first: it is a link that leads out of the folder." in remarks
    assert "loop was left out: it is a link that leads nowhere." in remarks


def test_a_file_swapped_for_a_link_or_pipe_after_listing_is_not_followed(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("in")
    with SOURCE.open(f"folder:{tmp_path}", Reach()) as files:
        for name in ("a", "b"):
            (tmp_path / name).unlink()
        (tmp_path / "a").symlink_to("/etc/hostname")
        os.mkfifo(tmp_path / "b")
        for name in ("a", "b"):
            with pytest.raises(Unreadable):
                files.read(name, 1000)


def test_pipes_and_depth_are_told_and_names_of_any_bytes_are_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path.joinpath(*["d"] * 40)).mkdir(parents=True)
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/odd\xff\x1b")).write_bytes(b"odd")
    with SOURCE.open(f"folder:{tmp_path}", Reach()) as files:
        (entry,) = files.entries()
        assert entry.path.encode() == b"odd\\xff\x1b"
        assert files.read(entry.path, 9) == b"odd"
    assert "it is no file but a device" in _remarks(f"folder:{tmp_path}")
    assert "deeper than 32 folders" in _remarks(f"folder:{tmp_path}")


def test_the_number_of_entries_is_capped_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "MOST_ENTRIES", 5)
    for number in range(9):
        (tmp_path / str(number)).touch()
    with SOURCE.open(f"folder:{tmp_path}", Reach()) as files:
        assert len(files.entries()) == 5
    assert "holds more than 5 files" in _remarks(f"folder:{tmp_path}")


def test_a_listing_names_the_folders_with_a_document(tmp_path: Path) -> None:
    for name in ("a/1", "b", "empty"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "a" / "1" / "MLmodel").touch()
    (tmp_path / "b" / "Kitfile").touch()
    (tmp_path / "b" / "other").touch()
    reach = Reach(wanted=lambda path: path.endswith(("MLmodel", "Kitfile")))
    assert [(e.name, e.address) for e in SOURCE.list(f"folder:{tmp_path}", reach)] == [
        ("b", f"folder:{tmp_path}/b"),
        ("a/1", f"folder:{tmp_path}/a/1"),
    ]


@pytest.mark.parametrize(
    ("address", "accepted"),
    [
        ("folder:x", True),
        ("./x", True),
        ("/x", True),
        ("~/x", True),
        ("models/churn", True),
        ("churn", False),
        ("x.zip", False),
        ("./x.tar.gz", False),
        ("oci:host/repo", False),
        ("https://host/x", False),
        ("", False),
    ],
)
def test_which_addresses_are_folders(
    address: str, accepted: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert SOURCE.accepts(address) is accepted


def test_what_cannot_be_opened_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="There is no folder"), SOURCE.open(f"folder:{tmp_path}/no", Reach()):
        pass
    with pytest.raises(Problem, match=r"cannot be opened|There is no"), SOURCE.open("folder:a\0b", Reach()):
        pass
    with pytest.raises(Forbidden, match="never followed there"), SOURCE.open(f"folder:{tmp_path}", Reach(hosts=())):
        pass
    with pytest.raises(Unreadable, match="given up"), SOURCE.open(f"folder:{tmp_path}", Reach(cancelled=lambda: True)):
        pass


def test_a_hundred_thousand_files_are_listed_once(tmp_path: Path) -> None:
    """Nineteen formats look through the list, some of them more than once."""
    (tmp_path / "a").write_bytes(b"x")
    with SOURCE.open(str(tmp_path), Reach()) as files:
        assert files.entries() is files.entries()
