"""Whatever answers in Prometheus's place, it is told in one sentence, in time, and nothing is believed."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.demo.http import Response
from mlcd_tui.domain.errors import BadConfig, Problem, Unreachable
from mlcd_tui.metrics import client
from mlcd_tui.metrics.answers import series_of
from mlcd_tui.metrics.client import Prometheus
from tests.metrics.server import Prom, serving


def told(status: int, body: object, media: str = "application/json", **more: Any) -> Response:
    return Response(status, body if isinstance(body, bytes) else json.dumps(body).encode(), media, **more)


def success(kind: str, result: object) -> dict[str, object]:
    return {"status": "success", "data": {"resultType": kind, "result": result}}


async def asked(answer: Response, **settings: Any) -> Problem:
    """The problem that an answer makes of a range query."""
    prom = Prom(answer=answer)
    async with serving(prom) as address:
        source = Prometheus(MetricsSettings(address=address, **{"timeout": 2.0, **settings}))
        try:
            with pytest.raises(Problem) as raised:
                await source.range("up", 0, 60, 15)
        finally:
            await source.close()
    assert str(raised.value).startswith("Prometheus at 127.0.0.1:")
    return raised.value


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            told(200, b"<!doctype html><title>Login</title>", "text/html"),
            "it answers with a web page. Look at the addr",
        ),
        (told(200, b"{"), "it answers with something else than Prometheus does."),
        (told(200, {"status": "success", "data": {"resultType": "matrix"}}), "something else than Prometheus does."),
        (told(200, success("matrix", [{"metric": {}, "values": [[1, 2]]}])), "something else than Prometheus does."),
        (told(200, b"[" * 100_000), "something else than Prometheus does."),
        (told(200, success("vector", [])), "it answered with a vector where a matrix was asked for."),
        (told(200, success("scalar", [])), "it answered with a scalar where a matrix was asked for."),
        (
            told(200, {"status": "error", "error": "too many\x1b[31m samples"}),
            "it cannot answer: too many␛[31m samples.",
        ),
        (told(302, b"", headers={"Location": "https://evil.example/"}), "it answers with a redirect (302). Set the"),
        (told(401, b"no"), "it does not accept the login (401). Set token, token_file or user under [metrics]."),
        (told(403, b"no"), "it refuses what was asked (403)."),
        (told(404, b"no"), "it has no query interface there (404). Look at the path of the address"),
        (told(422, {"status": "error", "error": "bad"}), "it refuses the query (422): bad. Look at the query set"),
        (told(503, b"<html>"), "it is overloaded or not ready (503)."),
        (told(500, b"\xff\xfe"), "it answers with 500."),
    ],
)
async def test_wrong_answers(answer: Response, sentence: str) -> None:
    problem = await asked(answer)
    assert sentence in str(problem)


async def test_an_answer_without_end_is_cut_off_by_time_and_by_size(monkeypatch: pytest.MonkeyPatch) -> None:
    async def drip() -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0.01)

    assert "it did not answer within 0.5 s." in str(await asked(Response(200, stream=drip()), timeout=0.5))

    async def flood() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 65_536

    monkeypatch.setattr(client, "MOST_BYTES", 1 << 20)
    assert "its answer is larger than 1 MiB." in str(await asked(Response(200, stream=flood()), timeout=30.0))


async def test_nobody_there() -> None:
    async with serving(Prom()) as address:
        pass
    source = Prometheus(MetricsSettings(address=address))
    with pytest.raises(Unreachable, match="no connection comes about"):
        await source.instant("up", 1.0)
    await source.close()


async def test_tls_that_is_not_meant_is_told(tmp_path: Path) -> None:
    async with serving(Prom()) as address:
        source = Prometheus(MetricsSettings(address=address.replace("http:", "https:")))
        with pytest.raises(Unreachable, match=r"TLS failed|broke off|no connection"):
            await source.instant("up", 1.0)
        await source.close()
    for name in ("ca", "client_certificate"):
        file = tmp_path / name
        file.write_text("no certificate")
        wrong: dict[str, Any] = {name: str(file)}
        source = Prometheus(MetricsSettings(address="https://127.0.0.1:1", **wrong))
        with pytest.raises(BadConfig, match=f"the `{name}` .* cannot be used"):
            await source.instant("up", 1.0)


def test_the_name_of_the_settings_is_verified(tmp_path: Path) -> None:
    from mlcd_tui.metrics.wire import ssl_context

    made = ssl_context(MetricsSettings(address="https://a", server_name="prometheus.example"))
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.wrap_bio(ssl.MemoryBIO(), ssl.MemoryBIO(), False, "a").server_hostname == "prometheus.example"
    assert ssl_context(MetricsSettings(address="https://a", insecure=True)).verify_mode is ssl.CERT_NONE


async def test_logins_go_along_and_a_token_file_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    prom = Prom()
    async with serving(prom) as address:
        source = Prometheus(MetricsSettings(address=address, token_file=str(file), headers={"X-Scope-OrgID": "ml"}))
        await source.instant("up", 1.0)
        file.write_text("second")
        await source.range("up", 0, 60, 15)
        await source.close()
        basic = Prometheus(MetricsSettings(address=address, user="a", password="b"))
        await basic.instant("up", 1.0)
        await basic.close()
    sent = [request.headers.get("authorization") for request in prom.requests]
    assert sent == ["Bearer first", "Bearer second", "Basic YTpi"]
    assert prom.requests[0].headers["x-scope-orgid"] == "ml"


async def test_a_login_that_cannot_be_sent_is_told_and_nothing_is_asked(tmp_path: Path) -> None:
    prom = Prom()
    async with serving(prom) as address:
        for wrong in ({"token_file": str(tmp_path / "none")}, {"token": "a\r\nX-Evil: 1"}, {"headers": {"a b": "c"}}):
            source = Prometheus(MetricsSettings(address=address, **wrong))
            with pytest.raises(BadConfig):
                await source.instant("up", 1.0)
            await source.close()
    assert prom.requests == []


def test_values_that_are_no_numbers_are_gaps() -> None:
    values = [[1, "1"], [2, "NaN"], [3, "+Inf"], [4, "-Inf"], [5, "x"], [6, "1e400"], [7, "1e300"]]
    (series,) = series_of(json.dumps(success("matrix", [{"metric": {"a": "b"}, "values": values}])).encode(), "matrix")
    assert [value for _, value in series.samples] == [1.0, None, None, None, None, None, None]


async def test_few_questions_at_once() -> None:
    running = most = 0

    class Slow(Prom):
        async def handle(self, request: Any) -> Response:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await asyncio.sleep(0.02)
            running -= 1
            return await super().handle(request)

    async with serving(Slow()) as address:
        source = Prometheus(MetricsSettings(address=address))
        await asyncio.gather(*(source.instant("up", 1.0) for _ in range(12)))
        await source.close()
    assert most <= 4
