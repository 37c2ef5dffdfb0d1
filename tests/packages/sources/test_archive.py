"""Archives are listed and judged, never unpacked."""

from __future__ import annotations

import gzip
import io
import random
import stat
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Forbidden, Missing, Unreadable
from mlcd_tui.domain.package_ports import Reach, Remarking
from mlcd_tui.packages.sources import _tar
from mlcd_tui.packages.sources.archive import SOURCE

WANTED = Reach(wanted=lambda path: path.endswith(("MLmodel", ".safetensors")))
BIG = random.Random(1).randbytes(10 << 20)


def _tar_of(path: Path, mode: str, *members: tuple[str, bytes], **fields: object) -> None:
    with tarfile.open(path, f"w{mode}", **fields) as tar:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))


def _zip_of(path: Path, *members: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, data in members:
            archive.writestr(name, data)


MAKERS: dict[str, Callable[..., None]] = {
    "plain.tar": lambda path, *members: _tar_of(path, "", *members),
    "packed.tar.gz": lambda path, *members: _tar_of(path, ":gz", *members, compresslevel=1),
    "gnu.tgz": lambda path, *members: _tar_of(path, ":gz", *members, compresslevel=1, format=tarfile.GNU_FORMAT),
    "stored.zip": lambda path, *members: _zip_of(path, *members, how=zipfile.ZIP_STORED),
    "deflated.zip": _zip_of,
}


def _remarks(path: Path, reach: Reach = WANTED) -> str:
    with SOURCE.open(str(path), reach) as files:
        assert isinstance(files, Remarking)
        return " ".join(files.remarks())


def _read_all(path: Path) -> None:
    with SOURCE.open(str(path), WANTED) as files:
        for entry in files.entries():
            files.read(entry.path, 1 << 20)


def _refused(path: Path, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence) as caught:
        _read_all(path)
    assert path.name in str(caught.value)


@pytest.mark.parametrize("name", MAKERS)
def test_small_files_are_read_and_weights_in_parts(name: str, tmp_path: Path) -> None:
    long = "a/" * 80 + "MLmodel"
    MAKERS[name](
        tmp_path / name, ("./churn/MLmodel", b"flavors"), ("m.safetensors", BIG), (long, b"long"), ("ü/MLmodel", b"")
    )
    with SOURCE.open(str(tmp_path / name), WANTED) as files:
        sizes = {entry.path: entry.size for entry in files.entries()}
        assert sizes == {"churn/MLmodel": 7, "m.safetensors": len(BIG), long: 4, "ü/MLmodel": 0}
        assert files.read("churn/MLmodel", 100) == b"flavors"
        assert files.read(long, 100) == b"long"
        assert files.read("ü/MLmodel", 100) == b""
        assert files.part("m.safetensors", 0, 300) == BIG[:300]
        assert files.part("m.safetensors", 5_000_001, 300) == BIG[5_000_001:5_000_301]
        assert files.part("m.safetensors", len(BIG) - 3, 300) == BIG[-3:]
        with pytest.raises(Unreadable, match="at most 5 are read"):
            files.read("churn/MLmodel", 5)


def test_what_leads_out_of_a_tar_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "evil.tar"
    with tarfile.open(path, "w") as tar:
        for name in ("../up/MLmodel", "/etc/MLmodel", "a/../../MLmodel", "C:/MLmodel", "a\\MLmodel", "fine/MLmodel"):
            tar.addfile(tarfile.TarInfo(name))
        for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE):
            info = tarfile.TarInfo(f"kind{kind.decode()}/MLmodel")
            info.type, info.linkname = kind, "/etc/passwd"
            tar.addfile(info)
    with SOURCE.open(str(path), WANTED) as files:
        assert [entry.path for entry in files.entries()] == ["fine/MLmodel"]
    said = _remarks(path)
    assert "5 files were left out, ../up/MLmodel the first: its path leads out" in said
    assert "2 files were left out, kind2/MLmodel the first: links in archives are not followed" in said
    assert "2 files were left out, kind3/MLmodel the first: it is no plain file" in said


def test_what_leads_out_of_a_zip_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("../MLmodel", "/etc/MLmodel", "fine/MLmodel"):
            archive.writestr(name, "x")
        link = zipfile.ZipInfo("link/MLmodel")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with SOURCE.open(str(path), WANTED) as files:
        assert [entry.path for entry in files.entries()] == ["fine/MLmodel"]
    assert "2 files were left out, ../MLmodel the first: its path" in _remarks(path)
    assert "link/MLmodel was left out: links in archives" in _remarks(path)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_files_of_one_name_are_refused_where_it_matters(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    MAKERS[name](path, ("MLmodel", b"1"), ("./MLmodel", b"2"), ("MLmodel", b"3"))
    _refused(path, "holds MLmodel twice")
    MAKERS[name](path, ("code.py", b"1"), ("code.py", b"2"), ("MLmodel", b"3"))
    assert "code.py was left out: the archive holds another file of the same name" in _remarks(path)


@pytest.mark.parametrize("name", MAKERS)
def test_a_cut_archive_is_a_sentence_wherever_it_is_cut(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    MAKERS[name](path, ("a/MLmodel", bytes(range(256)) * 3), ("b/MLmodel", bytes(range(256)) * 9))
    data = path.read_bytes()
    end = len(data) if name != "plain.tar" else 512 + 1024 + 512 + 2560  # behind that there are only zeros
    for length in {length for length in (0, 1, 2, 5, 60, 511, 512, 600, end // 2, end - 1) if length < end}:
        path.write_bytes(data[:length])
        _refused(path, r"\.")


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.sampled_from(sorted(MAKERS)),
    st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=4)), max_size=6),
)
def test_damage_is_never_anything_but_a_sentence(tmp_path: Path, name: str, damage: list[tuple[int, bytes]]) -> None:
    path = tmp_path / name
    MAKERS[name](path, ("a/MLmodel", b"hello" * 200), ("b.safetensors", b"abc"), ("x" * 120 + "/MLmodel", b"y"))
    data = bytearray(path.read_bytes())
    for place, bytes_ in damage:
        at = place % len(data)
        data[at : at + len(bytes_)] = bytes_
    path.write_bytes(data)
    try:
        with SOURCE.open(str(path), WANTED) as files:
            for entry in files.entries():
                files.part(entry.path, 0, 5000)
    except Unreadable as problem:
        assert path.name in str(problem)  # noqa: PT017 - most damage goes unnoticed


def test_a_gzip_bomb_ends_early(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar.gz"
    info = tarfile.TarInfo("weights.bin")
    info.size = 1 << 34
    with gzip.open(path, "wb", compresslevel=1) as packed:
        packed.write(info.tobuf())
        for _ in range(40):
            packed.write(bytes(1 << 20))
    _refused(path, "unpacks to more than 200 times its size")


def test_a_member_that_lies_about_its_size_in_a_zip_gives_no_more_than_it_says(tmp_path: Path) -> None:
    path = tmp_path / "liar.zip"
    _zip_of(path, ("MLmodel", bytes(50 << 20)))
    data = path.read_bytes()
    for mark, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        begin = data.index(mark) + at
        data = data[:begin] + struct.pack("<I", 10) + data[begin + 4 :]
    path.write_bytes(data)
    _refused(path, "MLmodel in .* is damaged: its checksum is wrong")


def test_names_and_attributes_of_any_length_are_not_taken_into_memory(tmp_path: Path) -> None:
    path = tmp_path / "long.tar"
    info = tarfile.TarInfo("././@LongLink")
    info.type, info.size = tarfile.GNUTYPE_LONGNAME, 8 << 30
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(4096))
    _refused(path, "a name or attributes of 8,589,934,592 bytes")


def test_the_number_of_members_is_capped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tar, "MOST_ENTRIES", 5)
    path = tmp_path / "many.tar"
    _tar_of(path, "", *((str(number), b"") for number in range(9)))
    _refused(path, "holds more than 5 files")


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("x.tar.zst", b"\x28\xb5\x2f\xfd" + bytes(600), "compressed by zstd, which is not read here"),
        ("x.tar.xz", b"\xfd7zXZ\x00" + bytes(600), "compressed by xz"),
        pytest.param("x.tar", b"no tar" * 200, "a header's checksum is wrong", id="x.tar"),
        ("x.zip", b"PK\x03\x04" + bytes(600), "no zip archive, or is cut off"),
        ("x.tgz", b"", "is empty"),
    ],
)
def test_what_is_no_archive_is_a_sentence(name: str, data: bytes, sentence: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    _refused(tmp_path / name, sentence)


def test_methods_that_are_not_read_and_encryption_are_told(tmp_path: Path) -> None:
    _zip_of(tmp_path / "a.zip", ("MLmodel", b"x"), how=zipfile.ZIP_BZIP2)
    _refused(tmp_path / "a.zip", "is compressed by bzip2")
    _zip_of(tmp_path / "b.zip", ("MLmodel", b"x"))
    data = bytearray((tmp_path / "b.zip").read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "b.zip").write_bytes(data)
    _refused(tmp_path / "b.zip", "is encrypted")


def test_addresses(tmp_path: Path) -> None:
    assert SOURCE.accepts("archive:x")
    assert SOURCE.accepts("./churn.TAR.gz")
    assert not SOURCE.accepts("https://host/churn.zip")
    (tmp_path / "folder.zip").mkdir()
    assert not SOURCE.accepts(str(tmp_path / "folder.zip"))
    with pytest.raises(Missing, match="There is no archive"), SOURCE.open(f"{tmp_path}/no.zip", Reach()):
        pass
    with pytest.raises(Forbidden), SOURCE.open("/etc/x.zip", Reach(hosts=("host",))):
        pass
    _zip_of(tmp_path / "one.zip", ("MLmodel", b"x"))
    (entry,) = SOURCE.list(str(tmp_path / "one.zip"), Reach())
    assert (entry.name, entry.address) == ("one.zip", f"archive:{tmp_path}/one.zip")
