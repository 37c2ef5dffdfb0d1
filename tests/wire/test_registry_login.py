"""How a registry's 401 is answered, and where a login never goes."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlcd_tui.domain.errors import Forbidden, Problem, ServerFault, Unauthenticated
from mlcd_tui.wire.registry_login import (
    RegistryLogin,
    TokenRequest,
    authorization,
    challenges,
    refused,
    related,
    token_in,
)

HOST, SCOPE = "registry.example.com", "repository:churn:pull,push"
LOGIN = RegistryLogin("alice", "secret")
BEARER = 'Bearer realm="https://auth.example.com/token?a=1",service="r"'


def requested(
    challenge: str, login: RegistryLogin | None, host: str = HOST
) -> tuple[TokenRequest, dict[str, list[str]]]:
    request = authorization(challenge, host, SCOPE, login)
    assert isinstance(request, TokenRequest)
    return request, parse_qs(urlsplit(request.url).query)


def test_a_token_is_asked_for_with_the_login_for_the_right_that_is_needed() -> None:
    request, query = requested(BEARER, LOGIN)
    assert (request.method, request.headers["Authorization"]) == ("GET", "Basic YWxpY2U6c2VjcmV0")
    assert query == {"a": ["1"], "service": ["r"], "scope": [SCOPE]}
    _, query = requested(f'{BEARER},scope="repository:churn:pull"', LOGIN)
    assert query["scope"] == ["repository:churn:pull"], "the registry knows best"
    anonymous, _ = requested(BEARER, None)
    assert dict(anonymous.headers) == {}
    assert "secret" not in repr(request) + repr(LOGIN)


def test_an_identity_token_is_exchanged_and_a_registry_token_sent_as_it_is() -> None:
    request, query = requested(BEARER, RegistryLogin(identity_token="idt"))
    assert (request.method, query) == ("POST", {"a": ["1"]})
    form = parse_qs((request.content or b"").decode())
    assert (form["grant_type"], form["refresh_token"], form["scope"]) == (["refresh_token"], ["idt"], [SCOPE])
    assert authorization(BEARER, HOST, SCOPE, RegistryLogin(registry_token="rt")) == "Bearer rt"
    assert authorization('Basic realm="x, bearer"', HOST, SCOPE, LOGIN) == "Basic YWxpY2U6c2VjcmV0"


@pytest.mark.parametrize(
    ("realm", "host", "login"),
    [
        ("https://evil.test/token", HOST, LOGIN),
        ("https://registry.example.com.evil.test/token", HOST, LOGIN),
        ("https://registry.example.com@evil.test/token", HOST, LOGIN),
        ("http://auth.example.com/token", HOST, None),
        ("http://127.0.0.1:8001/api", HOST, None),
        ("http://auth.example.com/token", "127.0.0.1:5000", None),
        ("file:///etc/passwd", HOST, None),
        ("", HOST, None),
        ("https://x.evil.test", "10.0.0.1:5000", LOGIN),
    ],
)
def test_nothing_goes_where_it_does_not_belong(realm: str, host: str, login: RegistryLogin | None) -> None:
    with pytest.raises(Forbidden) as raised:
        authorization(f'Bearer realm="{realm}"', host, SCOPE, login)
    assert "secret" not in str(raised.value)


def test_without_a_login_it_is_asked_for_and_a_refusal_tells_missing_rights_from_a_wrong_login() -> None:
    with pytest.raises(Unauthenticated, match="docker login registry"):
        authorization("Basic realm=lab", HOST, SCOPE, None)
    with pytest.raises(Unauthenticated):
        authorization("", HOST, SCOPE, None)
    assert isinstance(refused(f'{BEARER},error="insufficient_scope"', HOST), Forbidden)
    assert isinstance(refused(f'{BEARER},error="invalid_token"', HOST), Unauthenticated)


def test_both_schemes_in_one_header_are_told_apart() -> None:
    found = challenges('Basic realm="a, b", Bearer scope="repository:x:pull,push", realm=https://x.example/t')
    assert found == {
        "basic": {"realm": "a, b"},
        "bearer": {"scope": "repository:x:pull,push", "realm": "https://x.example/t"},
    }


@pytest.mark.parametrize(
    ("service", "registry", "same"),
    [
        ("auth.docker.example", "registry-1.docker.example", True),
        ("gitlab.example.com:443", "registry.gitlab.example.com", True),
        ("auth.example.com", "example.com", True),
        ("evil.com", "example.com", False),
        ("10.0.0.2", "10.0.0.1", False),
        ("127.0.0.1:2", "127.0.0.1:1", True),
    ],
)
def test_which_services_belong_to_a_registry(service: str, registry: str, same: bool) -> None:
    assert related(service, registry) is same


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"token": 3}', b'{"token": "a\\nb"}', b'{"token": "\\u00e9"}'])
def test_an_answer_without_a_token(data: bytes) -> None:
    with pytest.raises(ServerFault, match="without a token"):
        token_in(data, HOST)


@given(st.text(max_size=200), st.binary(max_size=100))
def test_any_challenge_and_any_answer_end_in_a_problem_or_in_what_can_be_sent(challenge: str, data: bytes) -> None:
    for header in (challenge, f'Bearer realm="{challenge}"', f"Bearer realm=https://{challenge}"):
        try:
            told = authorization(header, HOST, SCOPE, LOGIN)
        except Problem:
            continue
        assert isinstance(told, str) or urlsplit(told.url).hostname in {None, *_ours(told.url)}
    with pytest.raises(Problem):
        token_in(data, HOST)


def _ours(url: str) -> set[str]:
    host = urlsplit(url).hostname or ""
    return {host} if related(host, HOST) else set()
