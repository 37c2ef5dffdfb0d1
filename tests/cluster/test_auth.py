"""Credentials are sent as the kubeconfig says, renewed when their time is over, and asked for once after a 401."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.cluster.auth import Credentials, Login, run_plugin
from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.kubeconfig import Target
from mlcd_tui.domain.errors import BadConfig, Problem, Unauthenticated
from tests.cluster.server import Call, FaultServer, Reply

V1 = "client.authentication.k8s.io/v1"


def target(**user: Any) -> Target:
    return Target("test", "https://cluster.example", user="tester", user_fields=user)


async def headers(**user: Any) -> list[tuple[str, str]]:
    return list((await Credentials(target(**user)).login()).headers)


async def test_static_credentials_and_impersonation() -> None:
    assert await headers(token=" abc\n") == [("Authorization", "Bearer abc")]
    basic = base64.b64encode(b"me:pw").decode()
    assert await headers(username="me", password="pw") == [("Authorization", f"Basic {basic}")]
    assert await headers(**{"as": "bob", "as-groups": ["x", "y"], "as-user-extra": {"k": ["v"]}}) == [
        ("Impersonate-User", "bob"),
        ("Impersonate-Group", "x"),
        ("Impersonate-Group", "y"),
        ("Impersonate-Extra-k", "v"),
    ]
    with pytest.raises(BadConfig, match="no HTTP header may have"):
        await headers(token="a\r\nHost: evil")


async def test_a_rotated_token_file_is_read_again(tmp_path: Path) -> None:
    path, time = tmp_path / "token", [0.0]
    path.write_text("one")
    credentials = Credentials(target(tokenFile=str(path), token="old"), now=lambda: time[0])
    first = await credentials.login()
    path.write_text("two\n")
    assert await credentials.login() == first
    time[0] = 31.0
    assert (await credentials.login()).headers == (("Authorization", "Bearer two"),)
    with pytest.raises(BadConfig, match="Cannot read a token"):
        await headers(tokenFile=str(tmp_path / "none"))


def plugin(tmp_path: Path, code: str, **more: Any) -> dict[str, Any]:
    """A login plug-in that counts its runs in the file `runs`."""
    count = f"open({str(tmp_path / 'runs')!r}, 'a').write('x'); runs = len(open({str(tmp_path / 'runs')!r}).read())\n"
    head = "import json, os, sys\ninfo = json.loads(os.environ['KUBERNETES_EXEC_INFO'])\n"
    return {"apiVersion": V1, "command": sys.executable, "args": ["-c", head + count + code], **more}


def prints(**status: Any) -> str:
    answer = {"apiVersion": V1, "kind": "ExecCredential", "status": status}
    return f"print(json.dumps({answer!r}).replace('RUN', str(runs)))"


def runs(tmp_path: Path) -> int:
    return len((tmp_path / "runs").read_text())


async def test_what_a_plugin_gives_is_kept_until_it_expires(tmp_path: Path) -> None:
    time = [datetime.now(UTC).timestamp()]
    expires = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%M:%SZ")
    command = plugin(tmp_path, prints(token="t-RUN", expirationTimestamp=expires))
    credentials = Credentials(target(exec=command), now=lambda: time[0])
    for _ in range(3):
        assert (await credentials.login()).headers == (("Authorization", "Bearer t-1"),)
    time[0] += 295
    assert (await credentials.login()).headers == (("Authorization", "Bearer t-2"),)


async def test_a_plugin_gets_its_environment_and_never_the_terminal(tmp_path: Path) -> None:
    code = "assert sys.stdin.read() == '' and not info['spec']['interactive']\n"
    code += "assert info['spec']['cluster']['server'] == 'https://cluster.example'\n"
    code += prints(token="SAY").replace("'RUN', str(runs)", "'SAY', os.environ['SAY']")
    command = plugin(tmp_path, code, env=[{"name": "SAY", "value": "hello"}], provideClusterInfo=True)
    assert (await run_plugin(target(exec=command)))["token"] == "hello"


async def test_a_certificate_from_a_plugin_goes_into_the_handshake(tmp_path: Path) -> None:
    command = plugin(tmp_path, prints(clientCertificateData="CERT", clientKeyData="KEY"))
    assert await Credentials(target(exec=command)).login() == Login((), b"CERT", b"KEY")


@pytest.mark.parametrize(
    ("code", "more", "kind", "sentence"),
    [
        ("sys.exit('Your session has \\x1b[31mended')", {}, Unauthenticated, r"failed \(1\): Your session has .*ended"),
        ("print('not json')", {}, Unauthenticated, "printed no ExecCredential"),
        (prints(), {}, Unauthenticated, "neither a token nor a certificate"),
        (prints(token="t").replace("/v1", "/v1beta1"), {}, Unauthenticated, "answers in .*v1beta1"),
        ("", {"command": "no-such-login", "installHint": "Install it."}, BadConfig, "cannot be run: .* Install it"),
        ("", {"interactiveMode": "Always"}, BadConfig, "wants to ask questions"),
    ],
)
async def test_what_is_wrong_with_a_plugin_is_told(
    tmp_path: Path, code: str, more: dict[str, Any], kind: type[Problem], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as caught:
        await Credentials(target(exec=plugin(tmp_path, code, **more))).login()
    assert "\x1b" not in str(caught.value)


async def test_a_failing_plugin_is_not_run_in_quick_succession(tmp_path: Path) -> None:
    credentials = Credentials(target(exec=plugin(tmp_path, "sys.exit(1)")))
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await credentials.login()
    assert runs(tmp_path) == 1


@asynccontextmanager
async def choosy(good: str) -> AsyncIterator[FaultServer]:
    """A server that knows one token."""

    async def check(call: Call, reply: Reply) -> None:
        ok = call.headers.get("authorization") == f"Bearer {good}"
        await (reply.send(200, {"gitVersion": "v1"}) if ok else reply.status(401, "Unauthorized"))

    async with FaultServer(always=check) as server:
        yield server


async def test_after_a_401_the_login_is_renewed_once(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("stale")
    async with choosy("fresh") as server:
        client = Client(server.target(user={"tokenFile": str(path)}))
        with pytest.raises(Unauthenticated):
            await client.server_version()
        assert len(server.calls) == 1, "the same token is not tried twice"
        path.write_text("fresh")
        assert await client.server_version() == "v1"
        path.write_text("stale")
        await client.close()


async def test_a_plugin_is_asked_again_after_a_401_but_not_for_ever(tmp_path: Path) -> None:
    time = [1000.0]
    async with choosy("t-2") as server:
        where = server.target(user={"exec": plugin(tmp_path, prints(token="t-RUN"))})
        client = Client(where)
        client._credentials = Credentials(where, now=lambda: time[0])
        await client._credentials.login()
        time[0] += 60
        assert await client.server_version() == "v1"
        assert runs(tmp_path) == 2
        server.always = lambda _, reply: reply.status(401)
        for _ in range(3):
            with pytest.raises(Unauthenticated):
                await client.server_version()
        assert runs(tmp_path) == 2
        await client.close()


def _jwt(seconds: float) -> str:
    def part(data: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'exp': int(datetime.now(UTC).timestamp() + seconds)})}.xxxx"


async def test_the_oidc_provider_is_left_to_the_library_and_old_ones_are_told(tmp_path: Path) -> None:
    import yaml

    provider = {"name": "oidc", "config": {"id-token": _jwt(3600), "idp-issuer-url": "http://127.0.0.1:9"}}
    config = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": "https://c"}}],
        "users": [{"name": "u", "user": {"auth-provider": provider}}],
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config))
    where = Target("c", "https://c", user="u", user_fields={"auth-provider": provider}, files=(path,))
    login = await Credentials(where).login()
    assert login.headers == (("Authorization", f"Bearer {provider['config']['id-token']}"),)  # type: ignore[index]
    with pytest.raises(BadConfig, match="'gcp' of the kubeconfig is no longer"):
        await headers(**{"auth-provider": {"name": "gcp"}})
