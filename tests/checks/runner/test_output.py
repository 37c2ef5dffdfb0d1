"""Output of containers: taken apart rightly however it is cut, kept at both ends, told at a bearable pace."""

from __future__ import annotations

import hashlib
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.checks.runner.output import LAST, MOST_LINES, PER_SECOND, Demultiplexer, Ends, Lines, Output


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@given(
    st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=300)), max_size=20),
    st.lists(st.integers(1, 40), min_size=1, max_size=30),
)
def test_frames_come_out_whole_wherever_they_are_cut(frames: list[tuple[int, bytes]], cuts: list[int]) -> None:
    wire = b"".join(frame(stream, data) for stream, data in frames)
    apart = Demultiplexer()
    out = {1: b"", 2: b""}
    in_order: list[tuple[int, bytes]] = []
    at = turn = 0
    while at < len(wire):
        size = cuts[turn % len(cuts)]
        for stream, piece in apart.feed(wire[at : at + size]):
            out[stream] += piece
            in_order.append((stream, piece))
        at, turn = at + size, turn + 1
    for stream in (1, 2):
        assert out[stream] == b"".join(data for of, data in frames if of == stream)
    assert b"".join(piece for _, piece in in_order) == b"".join(data for _, data in frames)


@given(st.lists(st.binary(max_size=50), max_size=60), st.integers(2, 64))
def test_both_ends_are_kept_and_what_is_missing_is_counted(pieces: list[bytes], limit: int) -> None:
    ends = Ends(limit)
    for piece in pieces:
        ends.write(piece)
    whole, half = b"".join(pieces), limit // 2
    if len(whole) <= 2 * half:
        assert ends.value() == whole
    else:
        missing = len(whole) - 2 * half
        assert ends.value() == whole[:half] + b"\n... %d bytes left out ...\n" % missing + whole[-half:]


def told(now: list[float]) -> tuple[Lines, list[str]]:
    heard: list[str] = []
    return Lines(heard.append, lambda: now[0]), heard


def test_lines_are_told_when_they_are_complete() -> None:
    lines, heard = told([0.0])
    lines.write(1, b"one\ntw")
    lines.write(2, b"an error\n")
    lines.write(1, b"o\r\n\nlast")
    assert heard == ["one", "an error", "two", ""]
    lines.end()
    assert heard == ["one", "an error", "two", "", "last"]


def test_of_a_flood_the_first_and_the_last_lines_are_told() -> None:
    now = [0.0]
    lines, heard = told(now)
    for n in range(1_000):
        now[0] += 0.001
        lines.write(1, b"".join(b"%d\n" % (n * 100 + line) for line in range(100)))
    lines.end()
    assert heard[0] == "0"
    assert heard[-LAST:] == [str(n) for n in range(100_000 - LAST, 100_000)]
    counted = [line for line in heard if "left out" in line]
    assert len(heard) < 2 * PER_SECOND + LAST + 10
    said = sum(int(line.split()[1].replace(",", "")) for line in counted)
    assert said + len(heard) - len(counted) == 100_000


def test_after_a_burst_lines_are_told_again_and_never_too_many() -> None:
    now = [0.0]
    lines, heard = told(now)
    lines.write(1, b"x\n" * 10_000)
    now[0] += 5
    lines.write(1, b"later\n")
    assert heard[-1] == "later"
    for _ in range(100):
        now[0] += 5
        lines.write(1, b"y\n" * PER_SECOND)
    lines.end()
    assert len(heard) <= MOST_LINES + 2 * LAST + 2


def test_what_never_breaks_a_line_does_not_fill_the_memory() -> None:
    output = Output(Lines(lambda _: None))
    piece = b"x" * (1 << 16)
    whole = hashlib.sha256()
    tracemalloc.start()
    for _ in range(1_000):
        output.write(1, piece)
        whole.update(piece)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    output.lines.end()
    assert peak < 16 << 20
    assert output.size == 1_000 << 16
    assert output.digest == f"sha256:{whole.hexdigest()}"
