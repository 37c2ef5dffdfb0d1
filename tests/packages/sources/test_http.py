"""Files over HTTP: only what is needed, only where it may be asked, every fault a sentence."""

from __future__ import annotations

import io
import random
import socket
import ssl
import tarfile
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest

from mlcd_tui.domain.errors import (
    BadConfig,
    Forbidden,
    Invalid,
    Missing,
    Problem,
    ServerFault,
    Throttled,
    Unauthenticated,
    Unreachable,
    Unreadable,
)
from mlcd_tui.domain.package_ports import Reach
from mlcd_tui.packages.sources.http import SOURCE
from tests.packages.sources.server import Reply, Site, serving

REACH = Reach(wanted=lambda path: path.endswith(("MLmodel", ".safetensors")), timeout=2.0)
FIVE_GB = 5 << 30
NOISE = random.Random(2).randbytes(1 << 20)


def _noise(offset: int, length: int) -> bytes:
    """A file of any size, by formula."""
    begin = offset % len(NOISE)
    return (NOISE[begin:] + NOISE * (length // len(NOISE) + 1))[:length]


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as site:
        yield site


def _read(address: str, path: str, reach: Reach = REACH, limit: int = 1 << 20) -> bytes:
    with SOURCE.open(address, reach) as files:
        return files.read(path, limit)


def test_certificates_are_read_for_tls_alone(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """They take longer than most answers: 40 ms and more."""
    read: list[str] = []

    def never() -> Any:
        read.append("certificates")
        return ssl.create_default_context()

    monkeypatch.setattr("mlcd_tui.packages.sources._wire._trusted", never)
    site.put("/MLmodel", b"flavors: {}")
    assert _read(f"{site.url}/MLmodel", "MLmodel") == b"flavors: {}"
    assert read == []
    with pytest.raises(Unreachable, match="TLS"):
        _read(f"https://{site.host}/MLmodel", "MLmodel")
    assert read == ["certificates"]


def test_a_document_is_one_question_and_its_query_is_not_shown(site: Site) -> None:
    site.put("/churn/MLmodel?token=secret", b"flavors: {}")
    with SOURCE.open(f"{site.url}/churn/MLmodel?token=secret", REACH) as files:
        assert "secret" not in files.address
        assert [(e.path, e.size) for e in files.entries()] == [("MLmodel", 11)]
        assert files.read("MLmodel", 100) == b"flavors: {}"
        assert files.part("MLmodel", 9, 9) == b"{}"
    assert len(site.asked) == 1


def test_the_server_may_name_the_file(site: Site) -> None:
    site.put("/download", b"x", Content_Disposition='attachment; filename="../../churn.onnx"')
    with SOURCE.open(f"{site.url}/download", REACH) as files:
        assert [e.path for e in files.entries()] == ["churn.onnx"]


def test_weights_of_five_gigabytes_cost_their_header(site: Site) -> None:
    site.put_ranged("/m.safetensors", FIVE_GB, _noise)
    with SOURCE.open(f"{site.url}/m.safetensors", REACH) as files:
        assert files.entries()[0].size == FIVE_GB
        assert files.part("m.safetensors", 8, 300) == _noise(8, 300)
        assert files.part("m.safetensors", 1 << 32, 300) == _noise(1 << 32, 300)
        assert files.part("m.safetensors", FIVE_GB - 5, 300) == _noise(FIVE_GB - 5, 5)
        with pytest.raises(Unreadable, match="5,368,709,120 bytes, and at most"):
            files.read("m.safetensors", 1 << 20)
    assert site.sent < 1 << 20


def test_a_server_without_ranges_is_read_from_the_start_and_hung_up_on(site: Site) -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield NOISE

    site.routes["/m.safetensors"] = lambda _: Reply(200, pieces=endless(), promised=FIVE_GB)
    with SOURCE.open(f"{site.url}/m.safetensors", REACH) as files:
        assert files.part("m.safetensors", 100_000, 300_000) == _noise(100_000, 300_000)
        with pytest.raises(Unreadable, match="cannot be read in parts, and byte 4,294,967,296 is too far in"):
            files.part("m.safetensors", 1 << 32, 10)
    assert site.sent < 64 << 20


def _tar(mode: str) -> bytes:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode=f"w{mode}") as tar:  # type: ignore[call-overload]
        for name, data in (("churn/MLmodel", b"flavors"), ("churn/m.safetensors", NOISE)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return held.getvalue()


def _zip() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        archive.writestr("churn/MLmodel", "flavors")
        archive.writestr("churn/m.safetensors", NOISE)
    return held.getvalue()


@pytest.mark.parametrize(("name", "data"), [("c.tar", _tar("")), ("c.tar.gz", _tar(":gz")), ("c.zip", _zip())])
@pytest.mark.parametrize("ranged", [True, False])
def test_archives_are_read_where_they_lie(name: str, data: bytes, ranged: bool, site: Site) -> None:
    if ranged:
        site.put_ranged(f"/{name}", len(data), lambda begin, length: data[begin : begin + length])
        if not name.endswith(".zip"):
            site.put(f"/{name}", data)
    else:
        site.put(f"/{name}", data)
    with SOURCE.open(f"{site.url}/{name}", REACH) as files:
        assert [e.path for e in files.entries()] == ["churn/MLmodel", "churn/m.safetensors"]
        assert files.read("churn/MLmodel", 100) == b"flavors"
        assert files.part("churn/m.safetensors", 700_000, 99) == NOISE[700_000:700_099]


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (401, Unauthenticated, "asks for a login"),
        (403, Forbidden, "may not be read"),
        (404, Missing, "There is no http://127"),
        (410, Missing, "There is no"),
        (418, Invalid, "was refused"),
        (429, Throttled, "asks to slow down"),
        (500, ServerFault, r"failed \(500\)"),
        (503, ServerFault, r"failed \(503\)"),
    ],
)
def test_refusals(code: int, kind: type[Problem], sentence: str, site: Site) -> None:
    site.put("/MLmodel", b"<html>", code)
    with pytest.raises(kind, match=sentence):
        _read(f"{site.url}/MLmodel", "MLmodel")


def test_redirects_are_counted_and_stay_within_http(site: Site) -> None:
    site.put("/a", code=302, Location="/MLmodel")
    site.put("/MLmodel", b"x")
    assert _read(f"{site.url}/a", "a") == b"x"
    site.put("/loop", code=302, Location="/loop")
    with pytest.raises(ServerFault, match="redirects more than 5 times"):
        _read(f"{site.url}/loop", "loop")
    for target in ("file:///etc/passwd", "ftp://host/x"):
        site.put("/out", code=302, Location=target)
        with pytest.raises(ServerFault, match="something that is not HTTP"):
            _read(f"{site.url}/out", "out")


def test_a_login_in_the_address_goes_to_its_host_only_and_is_never_shown(site: Site) -> None:
    seen: set[str | None] = set()

    def answer(request: Any) -> Reply:
        seen.add(request.headers.get("Authorization"))
        return Reply(200, b"x")

    with serving() as other:
        other.routes["/MLmodel"] = answer

        site.put("/MLmodel", code=307, Location=f"{other.url}/MLmodel")
        address = f"http://alice:s3cret@{site.host}/MLmodel"
        with SOURCE.open(address, REACH) as files:
            assert "s3cret" not in files.address
            assert files.read("MLmodel", 10) == b"x"
        assert site.asked[0].headers["Authorization"].startswith("Basic ")
        assert seen == {None}
        site.put("/MLmodel", code=500)
        with pytest.raises(ServerFault) as caught:
            _read(address, "MLmodel")
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("target", ["http://127.0.0.1:99999/x", "//[::1", "//[zz]/MLmodel"])
def test_a_redirect_to_no_address_is_one_sentence(site: Site, target: str) -> None:
    site.routes["/MLmodel"] = lambda _request: Reply(302, headers={"Location": target})
    with pytest.raises((ServerFault, Unreachable)):
        _read(f"{site.url}/MLmodel", "MLmodel")


def test_only_hosts_of_the_reach_are_asked_redirects_included(site: Site) -> None:
    with serving() as other:
        site.put("/MLmodel", code=302, Location=f"{other.url}/MLmodel")
        with pytest.raises(Forbidden, match=f"{other.host} is not among the hosts"):
            _read(f"{site.url}/MLmodel", "MLmodel", Reach(hosts=(site.host,)))
        with pytest.raises(Forbidden, match="not among the hosts"):
            _read(f"{site.url}/MLmodel", "MLmodel", Reach(hosts=()))
        assert other.asked == []


def test_what_is_cut_slow_or_no_http_is_a_sentence(site: Site) -> None:
    site.routes["/MLmodel"] = lambda _: Reply(200, b"flav", promised=100)
    with pytest.raises(Unreachable, match="was cut, or what answers there is not HTTP"):
        _read(f"{site.url}/MLmodel", "MLmodel")

    def drip() -> Iterator[bytes]:
        for _ in range(100):
            time.sleep(0.05)
            yield b"x"

    site.routes["/slow"] = lambda _: Reply(200, pieces=drip(), promised=100)
    with pytest.raises(Unreachable, match="comes too slowly"):
        _read(f"{site.url}/slow", "slow", Reach(timeout=0.3))

    def silent(_: Any) -> Reply:
        time.sleep(0.5)
        return Reply()

    site.routes["/silent"] = silent
    with pytest.raises(Unreachable, match="does not answer in time"):
        _read(f"{site.url}/silent", "silent", Reach(timeout=0.1))
    site.put("/huge", b"x", X_Long="y" * 2_000_000)
    with pytest.raises(Unreachable, match="is not HTTP"):
        _read(f"{site.url}/huge", "huge")
    site.put("/range", b"abc", 206, Content_Range="bytes 5-7/100")
    with pytest.raises(ServerFault, match="another part than asked for"):
        _read(f"{site.url}/range", "range")


def test_what_changes_while_it_is_read_is_refused(site: Site) -> None:
    site.put_ranged("/m.onnx", FIVE_GB, _noise, etag='"1"')
    with SOURCE.open(f"{site.url}/m.onnx", REACH) as files:
        site.put_ranged("/m.onnx", FIVE_GB, _noise, etag='"2"')
        with pytest.raises(Unreadable, match="changed while it was read"):
            files.part("m.onnx", 1 << 20, 10)


def test_addresses_that_cannot_be(site: Site) -> None:
    for address in ("http://", "http://[", "http://host:99999999/x", "https:///x", "http://a b/"):
        with pytest.raises(Problem):
            _read(address, "x")
    with pytest.raises(Unreachable, match="refused"):
        _read("http://127.0.0.1:1/x", "x")
    with pytest.raises(Unreachable, match="cannot be resolved"):
        _read("http://no-such-host.invalid/x", "x")
    with pytest.raises(BadConfig, match="unencrypted"):
        _read("http://user:pw@host.invalid/x", "x")
    with pytest.raises(Unreadable, match="given up"):
        _read(f"{site.url}/x", "x", Reach(cancelled=lambda: True))


def test_a_connection_that_the_server_gave_up_is_made_anew(site: Site) -> None:
    hung_up: list[Any] = []

    def answer(request: Any) -> Reply:
        if not hung_up:
            hung_up.append(request)
            request.connection.shutdown(socket.SHUT_RDWR)
        return Reply(200, b"x")

    site.routes["/MLmodel"] = answer
    assert _read(f"{site.url}/MLmodel", "MLmodel") == b"x"
    assert len(site.asked) == 2
