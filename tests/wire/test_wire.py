"""What every client relies on: bounds that hold, addresses that are this machine, causes that are found."""

from __future__ import annotations

import itertools
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.bodies import TooLarge, gathered, gathered_later, is_plain
from mlcd_tui.wire.causes import causes, in_words, innermost
from mlcd_tui.wire.docker_address import missing_socket
from mlcd_tui.wire.headers import basic, seconds_to_wait
from mlcd_tui.wire.tls import client_context, trusting_nobody


async def _each(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def test_a_body_is_read_up_to_its_bound_and_not_a_piece_further() -> None:
    endless = itertools.repeat(b"x" * 10)
    with pytest.raises(TooLarge):
        gathered(endless, 35)
    assert gathered([b"ab", b"", b"c"], 3) == b"abc" == await gathered_later(_each(b"ab", b"", b"c"), 3)
    with pytest.raises(TooLarge):
        await gathered_later(_each(b"ab", b"cd"), 3)


@pytest.mark.parametrize(
    ("headers", "plain"),
    [({}, True), ({"content-encoding": " Identity "}, True), ({"content-encoding": "gzip"}, False)],
)
def test_what_comes_compressed_is_noticed(headers: dict[str, str], plain: bool) -> None:
    assert is_plain(headers) is plain


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:80", "127.0.0.1:5000", "127.9.9.9", "::1", "[::1]", "[::1]:80"]
)
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "localhost.example", "127.0.0.1.example:80", "10.0.0.1", "[::2]:80", "[::1", "0x7f.1", "a@localhost.b"]
)
def test_other_machines(host: str) -> None:
    assert not is_loopback(host)


def test_how_long_a_server_asks_to_wait() -> None:
    assert [seconds_to_wait(told) for told in ("", "7 ", "99999999999", "²", "-3", "soon")] == [
        None,
        7.0,
        3600.0,
        None,
        None,
        None,
    ]
    now = datetime.now(UTC)
    assert seconds_to_wait(format_datetime(now - timedelta(days=1), usegmt=True)) == 0.0
    assert seconds_to_wait(format_datetime(now + timedelta(days=1), usegmt=True)) == 3600.0


def _wrapped() -> None:
    try:
        try:
            raise ConnectionRefusedError(111, "Connection refused.\nmore")
        except OSError as error:
            raise RuntimeError("pool") from error
    except RuntimeError as error:
        raise ExceptionGroup("both", [ValueError("other")]) from error


def test_what_a_library_wrapped_is_found() -> None:
    with pytest.raises(ExceptionGroup) as told:
        _wrapped()
    assert [type(each).__name__ for each in causes(told.value)] == [
        "ExceptionGroup",
        "ValueError",
        "RuntimeError",
        "ConnectionRefusedError",
    ]
    assert in_words(innermost(told.value)) == "Connection refused"
    assert in_words(ValueError()) == "ValueError"
    assert "\x1b" not in in_words(ValueError("\x1b[31m"))


def test_causes_that_lead_in_a_circle_end() -> None:
    one, other = ValueError("one"), ValueError("other")
    one.__cause__, other.__cause__ = other, one
    assert list(causes(one)) == [one, other]
    assert innermost(one) in {one, other}


def test_the_other_name_is_verified_and_nobody_is_trusted_by_chance() -> None:
    named = client_context("api.example")
    assert named.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="10.0.0.1").server_hostname == "api.example"
    plain = client_context()
    assert plain.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), server_hostname="a.b").server_hostname == "a.b"
    for context in (named, plain, trusting_nobody()):
        assert context.verify_mode is ssl.CERT_REQUIRED
        assert context.check_hostname
        assert context.get_ca_certs() == []


def test_a_login_as_servers_read_it() -> None:
    assert basic("a", "b:ü") == "Basic YTpiOsO8"


def test_only_a_socket_can_be_missing(tmp_path: Path) -> None:
    assert missing_socket(f"unix://{tmp_path}/none") == f"{tmp_path}/none"
    assert missing_socket(f"http+unix://{tmp_path}") == ""
    assert missing_socket("tcp://127.0.0.1:1") == missing_socket("") == ""


@pytest.mark.parametrize("room", ["cluster.client", "metrics.client", "packages.sources._wire", "checks.kinds._asking"])
def test_who_asks_does_not_pay_for_the_librarys_own_command_line(room: str) -> None:
    code = f"import sys, mlcd_tui.{room}, httpx; print(sorted({{'rich', 'pygments', 'click'}} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
