"""What large and hostile things cost: measured in a process of its own, above what importing costs."""

from __future__ import annotations

import gzip
import io
import json
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FIVE_GB = 5 << 30
MEASURE = """
import sys, time
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.packages.sources import archive, folder
def peak():  # not that of getrusage, which begins at the peak of the process that started this one
    with open("/proc/self/status") as status:
        return int(next(line for line in status if line.startswith("VmHWM")).split()[1])
source = next(s for s in (archive.SOURCE, folder.SOURCE) if s.accepts(sys.argv[1]))
base, began, said = peak(), time.perf_counter(), "read"
try:
    with source.open(sys.argv[1], Reach(wanted=lambda path: path.endswith(".safetensors"))) as files:
        for entry in files.entries()[:100]:
            files.part(entry.path, 0, 4096)
        said = f"{len(files.entries())} files"
except Unreadable as problem:
    said = str(problem)
print(peak() - base, time.perf_counter() - began, said)
"""


def _cost(path: Path) -> tuple[float, float, str]:
    """Megabytes above the base, seconds, and what came of it."""
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True, cwd=ROOT
    )
    kilobytes, seconds, said = done.stdout.strip().split(" ", 2)
    return int(kilobytes) / 1024, float(seconds), said


def _weights(path: Path) -> None:
    header = json.dumps({"w": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(header)) + header)
        file.truncate(FIVE_GB)


def test_five_gigabytes_in_a_folder_cost_their_header(tmp_path: Path) -> None:
    _weights(tmp_path / "m.safetensors")
    megabytes, seconds, said = _cost(tmp_path)
    assert said == "1 files"
    assert megabytes < 5
    assert seconds < 3


@pytest.mark.parametrize("name", ["m.tar", "m.zip"])
def test_five_gigabytes_in_an_archive_cost_their_header(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    if name.endswith(".tar"):
        info = tarfile.TarInfo("m.safetensors")
        info.size = FIVE_GB
        with path.open("wb") as file:
            file.write(info.tobuf())
            file.truncate(512 + FIVE_GB + 10240)
    else:
        _sparse_zip(path)
    megabytes, seconds, said = _cost(path)
    assert said == "1 files"
    assert megabytes < 5
    assert seconds < 3


def _sparse_zip(path: Path) -> None:
    """A zip64 whose one stored member is a hole in the file."""
    name = b"m.safetensors"
    sizes = struct.pack("<HHQQ", 1, 16, FIVE_GB, FIVE_GB)
    full = 0xFFFFFFFF
    local = (
        b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 45, 0, 0, 0, 0, 0, full, full, len(name), len(sizes)) + name + sizes
    )
    entry = (
        b"PK\x01\x02"
        + struct.pack("<HHHHHHIIIHHHHHII", 45, 45, 0, 0, 0, 0, 0, full, full, len(name), len(sizes), 0, 0, 0, 0, 0)
        + name
        + sizes
    )
    at = len(local) + FIVE_GB
    end64 = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, len(entry), at)
    locator = b"PK\x06\x07" + struct.pack("<IQI", 0, at + len(entry), 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(entry), full, 0)
    with path.open("wb") as file:
        file.write(local)
        file.seek(at)
        file.write(entry + end64 + locator + end)
    with zipfile.ZipFile(path) as real:
        assert real.infolist()[0].file_size == FIVE_GB  # the standard library agrees with us


def test_a_bomb_of_ten_gigabytes_ends_in_a_sentence(tmp_path: Path) -> None:
    """One member of 10 GB of zeros: 10 MB packed, all of it there."""
    path = tmp_path / "bomb.tar.gz"
    info = tarfile.TarInfo("weights.safetensors")
    info.size = 10 << 30
    block = io.BytesIO()
    with gzip.GzipFile(fileobj=block, mode="wb", compresslevel=9, mtime=0) as packed:
        packed.write(bytes(64 << 20))
    with path.open("wb") as file:
        file.write(gzip.compress(info.tobuf()))
        for _ in range(160):
            file.write(block.getvalue())  # gzip members in a row are one file
    megabytes, seconds, said = _cost(path)
    assert "unpacks to more than 200 times its size" in said
    assert megabytes < 20
    assert seconds < 2


def test_fifty_thousand_members_stay_within_bounds(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(50_000):
            archive.writestr(f"some/folder/of/shards/{number:06}.bin", b"")
    megabytes, _, said = _cost(path)
    assert said == "50000 files"
    assert megabytes < 80
