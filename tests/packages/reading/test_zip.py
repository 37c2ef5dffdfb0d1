from __future__ import annotations

import io
import zipfile

import pytest

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.packages.reading.zip import members, read_member
from tests.packages.memory_files import MemoryFiles


def _zip(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in contents.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_one_member_costs_its_own_bytes() -> None:
    data = _zip({"big.npy": bytes(range(256)) * 4000, "schema.json": b'{"a": 1}'})
    files = MemoryFiles({"m.skops": data})
    found = {member.name: member for member in members(files, "m.skops")}
    files.reads.clear()
    assert read_member(files, "m.skops", found["schema.json"], limit=100) == b'{"a": 1}'
    assert sum(length for _, _, length in files.reads) < 100


def test_a_bomb_is_refused_by_its_claim_and_by_its_truth() -> None:
    data = _zip({"schema.json": b"0" * 50_000_000})
    files = MemoryFiles({"m": data})
    member = members(files, "m")[0]
    with pytest.raises(Unreadable, match=r"m: schema.json has 50,000,000 bytes; at most 1,000,000"):
        read_member(files, "m", member, limit=1_000_000)
    lying = data.replace((50_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    files = MemoryFiles({"m": lying})
    with pytest.raises(Unreadable, match="unpacks to more than"):
        read_member(files, "m", members(files, "m")[0], limit=1_000_000)


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "..\\evil"])
def test_names_that_leave_the_archive_are_refused(name: str) -> None:
    with pytest.raises(Unreadable, match="leads out of the archive"):
        members(MemoryFiles({"m": _zip({name: b""})}), "m")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_damage_of_the_directory_is_told() -> None:
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    good = _zip({"a": b"1", "b": b"2"})
    end = good.rindex(b"PK\x05\x06")
    cases = {
        "holds a twice": twice.getvalue(),
        "truncated": good[: end - 10],
        "no zip archive": b"",
        "fewer entries": good[: end + 10] + (500).to_bytes(2, "little") + good[end + 12 :],
        "ends beyond": good[: end + 12] + (1 << 20).to_bytes(4, "little") + good[end + 16 :],
        "at most 20,000": good[: end + 10] + (60_000).to_bytes(2, "little") + good[end + 12 :],
        "large directory": good[: end + 10] + b"\xff\xff" + good[end + 12 :],
    }
    for reason, data in cases.items():
        with pytest.raises(Unreadable, match=reason):
            members(MemoryFiles({"m": data}), "m")


def test_zip64_archives_are_read() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive, archive.open("a", "w", force_zip64=True) as member:
        member.write(b"x" * 10)
    files = MemoryFiles({"m": buffer.getvalue()})
    assert read_member(files, "m", members(files, "m")[0], limit=100) == b"x" * 10
