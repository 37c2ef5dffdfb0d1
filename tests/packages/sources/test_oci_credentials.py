"""Logins are found where `docker login` keeps them."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.packages.sources import _oci_credentials
from mlcd_tui.packages.sources._oci_credentials import login_for
from mlcd_tui.wire.registry_login import RegistryLogin as Login

HOST = "registry.example:5000"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path


def _config(home: Path, **config: Any) -> None:
    (home / "config.json").write_text(json.dumps(config))


def _helper(home: Path, name: str, script: str) -> None:
    program = home / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_from_the_file_however_the_host_is_written(home: Path) -> None:
    assert login_for(HOST) is None
    for key in (HOST, f"https://{HOST}", f"https://{HOST}/v1/", f"http://{HOST}/v2/"):
        _config(home, auths={"other.example": {"auth": "eA=="}, key: {"auth": b64encode(b"alice:p:w").decode()}})
        assert login_for(HOST) == Login("alice", "p:w")
    _config(home, auths={f"{HOST}.evil": {"auth": b64encode(b"a:b").decode()}})
    assert login_for(HOST) is None
    _config(home, auths={HOST: {"identitytoken": "idt"}})
    assert login_for(HOST) == Login(identity_token="idt")
    assert "idt" not in repr(login_for(HOST))


def test_from_helpers_by_host_and_for_all(home: Path) -> None:
    _helper(home, "lab", f'[ "$(cat)" = {HOST} ] && echo \'{{"Username": "bob", "Secret": "s"}}\'')
    _config(home, credHelpers={HOST: "lab"})
    assert login_for(HOST) == Login("bob", "s")
    _config(home, credsStore="lab", auths={HOST: {}})
    assert login_for(HOST) == Login("bob", "s")
    _helper(home, "token", 'echo \'{"Username": "<token>", "Secret": "t"}\'')
    _config(home, credsStore="token")
    assert login_for(HOST) == Login(identity_token="t")
    _helper(home, "none", "echo credentials not found in native keychain; exit 1")
    _config(home, credsStore="none")
    assert login_for(HOST) is None


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("{", "is no JSON"),
        ("[]", "is no JSON object"),
        ("[" * 100_000, "is no JSON"),
        ('{"auths": {"registry.example:5000": {"auth": "%%%"}}}', "cannot be decoded"),
        ('{"credsStore": "../../bin/sh"}', "which cannot be one"),
        ('{"credsStore": "absent"}', "which is not installed"),
        ('{"credsStore": "broken"}', "docker-credential-broken failed: keychain is locked"),
        ('{"credsStore": "chatty"}', "something that is no login"),
        ('{"credsStore": "slow"}', "gave no answer in 0 s"),
    ],
)
def test_what_cannot_be_had_is_a_sentence(
    config: str, sentence: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_oci_credentials, "PATIENCE", 0.2)
    _helper(home, "broken", "echo keychain is locked; exit 1")
    _helper(home, "chatty", "echo hello")
    _helper(home, "slow", "exec sleep 5")
    (home / "config.json").write_text(config)
    with pytest.raises(BadConfig, match=sentence):
        login_for(HOST)
