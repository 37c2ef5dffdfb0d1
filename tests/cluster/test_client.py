"""Each way in which a cluster cannot be reached is told in its own clear sentence."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.kubeconfig import Target
from mlcd_tui.domain import errors
from mlcd_tui.domain.errors import BadConfig, Problem, Unreachable
from tests.cluster.server import THINGS, Call, FaultServer, Reply, answer, thing


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, a server certificate for 127.0.0.1 and `api.lab`, one of another CA, and a client's."""
    folder = tmp_path_factory.mktemp("pki")

    def run(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    for authority in ("ca", "other"):
        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={authority}",
            "-keyout", f"{authority}.key", "-out", f"{authority}.crt")  # fmt: skip
    for name, authority, names in (
        ("server", "ca", "IP:127.0.0.1,DNS:api.lab"),
        ("elsewhere", "ca", "DNS:elsewhere.lab"),
        ("client", "ca", "DNS:client"),
    ):
        run(
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-subj",
            f"/CN={name}",
            "-keyout",
            f"{name}.key",
            "-out",
            f"{name}.csr",
        )
        (folder / "ext").write_text(f"subjectAltName={names}\n")
        run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{authority}.crt", "-CAkey", f"{authority}.key",
            "-CAcreateserial", "-days", "2", "-extfile", "ext", "-out", f"{name}.crt")  # fmt: skip
    return folder


def server_side(pki: Path, name: str = "server", *, clients: bool = False) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pki / f"{name}.crt", pki / f"{name}.key")
    if clients:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(pki / "ca.crt")
    return context


@asynccontextmanager
async def connected(
    server: FaultServer | str, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None
) -> AsyncIterator[Client]:
    url = server if isinstance(server, str) else server.url
    target = Target("test", url, user="tester", cluster_fields=cluster or {}, user_fields=user or {})
    client = Client(target, timeout=0.5)
    try:
        yield client
    finally:
        await client.close()


async def _drained(client: Client) -> bytes:
    async with client.stream("/version") as parts:
        return b"".join([part async for part in parts])


async def fails(client: Client, *, stream: bool = False) -> Problem:
    with pytest.raises(Problem) as caught:
        await (_drained(client) if stream else client.server_version())
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("code", "kind", "sentence"),
    [
        (401, errors.Unauthenticated, "does not accept the credentials (401)"),
        (403, errors.Forbidden, "what it said."),
        (404, errors.Missing, "what it said."),
        (409, errors.Conflict, "what it said."),
        (410, errors.Gone, "what it said."),
        (422, errors.Invalid, "refused to get /version (422): what it said."),
        (429, errors.Throttled, "asks to slow down"),
        (500, errors.ServerFault, "failed (500): what it said."),
        (302, errors.ServerFault, "redirects (302)"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_status_has_its_problem(code: int, kind: type[Problem], sentence: str, stream: bool) -> None:
    async with FaultServer(always=answer(code, "what it said")) as server, connected(server) as client:
        problem = await fails(client, stream=stream)
        assert type(problem) is kind
        assert sentence in str(problem)


async def test_what_a_server_says_is_made_harmless_and_short() -> None:
    said = "\x1b]0;owned\x07 [/bold] " + "x" * 1_000_000
    async with FaultServer(always=answer(403, said)) as server, connected(server) as client:
        problem = await fails(client)
        assert "\x1b" not in str(problem)
        assert len(str(problem)) < 500


@pytest.mark.parametrize("stream", [False, True])
async def test_no_answer_is_told_apart(stream: bool) -> None:
    async with FaultServer() as server:
        gone = server.url
    async with connected(gone) as client:
        assert "refused." in str(await fails(client, stream=stream))
    async with connected("http://no-such-host.invalid:6443") as client:
        assert "cannot be resolved" in str(await fails(client, stream=stream))
    async with FaultServer(silent=True) as server, connected(server) as client:
        assert "Timed out trying to get an answer" in str(await fails(client, stream=stream))

    async def cut(call: Call, reply: Reply) -> None:
        reply.cut()

    async with FaultServer(always=cut) as server, connected(server) as client:
        assert "was cut" in str(await fails(client, stream=stream))


@pytest.mark.parametrize("stream", [False, True])
async def test_tls_failures_are_told_apart(pki: Path, stream: bool) -> None:
    trust = {"certificate-authority": str(pki / "ca.crt")}
    async with FaultServer(server_side(pki)) as server:
        async with connected(server, cluster=trust) as client:
            assert await client.server_version() == "v1.37.2"
        async with connected(server, cluster={"certificate-authority": str(pki / "other.crt")}) as client:
            assert "not signed by the CA of the kubeconfig" in str(await fails(client, stream=stream))
        async with connected(server, cluster={"insecure-skip-tls-verify": True}) as client:
            assert await client.server_version() == "v1.37.2"
        async with connected(server.url.replace("https", "http")) as client:
            await fails(client, stream=stream)
    async with FaultServer(server_side(pki, "elsewhere")) as server:
        async with connected(server, cluster=trust) as client:
            assert "is for another" in str(await fails(client, stream=stream))
        async with connected(server, cluster=trust | {"tls-server-name": "elsewhere.lab"}) as client:
            assert await client.server_version() == "v1.37.2"
            assert await _drained(client)
    async with FaultServer() as server, connected(server.url.replace("http", "https"), cluster=trust) as client:
        assert "does not speak TLS" in str(await fails(client, stream=stream))


async def test_a_client_certificate_is_shown_and_its_absence_told(pki: Path) -> None:
    trust = {"certificate-authority": str(pki / "ca.crt")}
    pair = {"client-certificate": str(pki / "client.crt"), "client-key": str(pki / "client.key")}
    async with FaultServer(server_side(pki, clients=True)) as server:
        async with connected(server, cluster=trust, user=pair) as client:
            assert await client.server_version() == "v1.37.2"
        async with connected(server, cluster=trust) as client:
            assert "127.0.0.1" in str(await fails(client))
        for wrong, sentence in (
            (pair | {"client-key": str(pki / "server.key")}, "do not belong together"),
            (pair | {"client-key": ""}, "no client-key"),
            (pair | {"client-key": str(pki / "none")}, "Cannot read client-key"),
            ({"client-certificate-data": "bm90IGEgY2VydA==", "client-key-data": "eA=="}, "cannot be read"),
        ):
            async with connected(server, cluster=trust, user=wrong) as client:
                problem = await fails(client)
                assert isinstance(problem, BadConfig)
                assert sentence in str(problem)


async def test_the_clock_of_the_server_is_compared_with_ours() -> None:
    async def ahead(call: Call, reply: Reply) -> None:
        there = format_datetime(datetime.now(UTC) + timedelta(hours=3), usegmt=True)
        await reply.send(200, {"gitVersion": "v1"}, {"Date": there})

    async with FaultServer(always=ahead) as server, connected(server) as client:
        await client.server_version()
        assert 3 * 3600 - 2 < client.skew < 3 * 3600 + 2
        assert client.lag is not None


async def test_secrets_do_not_travel_over_plain_http_to_others() -> None:
    target = Target("test", "http://cluster.example", user_fields={"token": "secret"})
    login = await Client(target)._credentials.login()
    assert login.headers == ()


async def test_all_objects_come_through_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mlcd_tui.cluster.client._PAGE", 4)
    objects = {f"t{number}": thing(f"t{number}") for number in range(10)}
    async with FaultServer(objects=objects) as server, connected(server) as client:
        found = await client.list_all(THINGS)
        assert [item["metadata"]["name"] for item in found] == list(objects)
        assert {item["kind"] for item in found} == {"Thing"}


async def test_probes_at_the_same_time_are_one_call_and_any_answer_will_do() -> None:
    async with FaultServer(always=answer(403)) as server, connected(server) as client:
        await asyncio.gather(*(client.probe() for _ in range(5)))
        assert len(server.calls) == 1


async def test_the_user_is_the_one_that_the_server_knows_or_else_the_kubeconfigs() -> None:
    async def review(call: Call, reply: Reply) -> None:
        await reply.send(201, {"status": {"userInfo": {"username": "alice\x1b"}}})

    async with FaultServer(always=review) as server, connected(server) as client:
        assert await client.whoami() == "alice␛"
    async with FaultServer(always=answer(404)) as server, connected(server) as client:
        assert await client.whoami() == "tester"


async def test_a_proxy_is_gone_through_and_others_than_http_are_refused(pki: Path) -> None:
    asked: list[bytes] = []

    async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        back, forth = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

        async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(65536):
                sink.write(data)
            sink.transport.abort()

        await asyncio.gather(copy(reader, forth), copy(back, writer), return_exceptions=True)

    async with FaultServer(server_side(pki)) as server:
        proxy = await asyncio.start_server(tunnel, "127.0.0.1", 0)
        port = proxy.sockets[0].getsockname()[1]
        through = {"certificate-authority": str(pki / "ca.crt"), "proxy-url": f"http://u:p@127.0.0.1:{port}"}
        async with connected(server, cluster=through) as client:
            assert await client.server_version() == "v1.37.2"
            assert b"v1.37.2" in await _drained(client)
        proxy.close()
        assert all(head.startswith(f"CONNECT 127.0.0.1:{server.port}".encode()) for head in asked)
        assert all(b"Basic dTpw" in head for head in asked)
        assert len(asked) == 2
        async with connected(server, cluster=through | {"proxy-url": "socks5://127.0.0.1:1"}) as client:
            assert "only http:// proxies" in str(await fails(client))


async def test_a_proxy_that_is_not_there_is_named_and_not_the_server(pki: Path) -> None:
    async with FaultServer(server_side(pki)) as server:
        nobody = {"certificate-authority": str(pki / "ca.crt"), "proxy-url": "http://u:secret@127.0.0.1:9"}
        async with connected(server, cluster=nobody) as client:
            for problem in (await fails(client), await _cut(client)):
                assert "the proxy 127.0.0.1:9 refused" in str(problem)
                assert str(server.port) not in str(problem)


async def _cut(client: Client) -> Unreachable:
    with pytest.raises(Unreachable) as caught:
        await _drained(client)
    return caught.value
