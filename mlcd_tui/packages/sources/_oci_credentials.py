"""The login for a registry, from where `docker login` keeps it: the config file and its credential helpers."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path
from typing import Any

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean
from mlcd_tui.wire.registry_login import RegistryLogin

PATIENCE = 15.0
"""Seconds for a credential helper; some ask a keychain."""
_LARGEST = 1 << 20
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_NONE = "credentials not found"


def login_for(host: str) -> RegistryLogin | None:
    """The login for a registry, or None where nobody logged in. Raises `BadConfig` where it cannot be had."""
    path = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker") / "config.json"
    config = _config(path)
    helpers = config.get("credHelpers")
    if isinstance(helpers, dict) and (key := _key(helpers, host)) is not None:
        return _from_helper(helpers[key], key)
    auths = config.get("auths")
    key = _key(auths, host) if isinstance(auths, dict) else None
    if (store := config.get("credsStore")) and (found := _from_helper(store, key or host)) is not None:
        return found
    return _from_file(auths[key], path) if isinstance(auths, dict) and key is not None else None


def _config(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise BadConfig(f"The Docker config {clean(path)} cannot be read: {clean(error.strerror)}.") from error
    try:
        config = json.loads(data) if len(data) <= _LARGEST else None
    except (ValueError, RecursionError) as error:
        raise BadConfig(f"The Docker config {clean(path)} is no JSON.", advice="Log in again: docker login.") from error
    if not isinstance(config, dict):
        raise BadConfig(f"The Docker config {clean(path)} is no JSON object.", advice="Log in again: docker login.")
    return config


def _key(entries: dict[str, Any], host: str) -> str | None:
    """The entry of a host, however the tools of the years have written it."""
    for key in entries:
        plain = key.partition("://")[2] or key
        if plain.partition("/")[0].lower() == host and plain.partition("/")[2].strip("/") in ("", "v1", "v2"):
            return key
    return None


def _from_file(entry: Any, path: Path) -> RegistryLogin | None:
    if not isinstance(entry, dict):
        return None
    texts = {key: value for key, value in entry.items() if isinstance(value, str)}
    user, secret = texts.get("username", ""), texts.get("password", "")
    if auth := texts.get("auth"):
        try:
            user, _, secret = b64decode(auth, validate=True).decode().partition(":")
        except ValueError as error:
            raise BadConfig(
                f"The Docker config {clean(path)} holds a login that cannot be decoded.", advice="Log in again."
            ) from error
    login = RegistryLogin(user, secret.rstrip("\0"), texts.get("identitytoken", ""), texts.get("registrytoken", ""))
    return login if login != RegistryLogin() else None


def _from_helper(name: Any, key: str) -> RegistryLogin | None:
    if not isinstance(name, str) or not _HELPER.match(name):
        raise BadConfig(f"The Docker config names a credential helper {clean(name)}, which cannot be one.")
    program = f"docker-credential-{name}"
    found = shutil.which(program)
    if found is None:
        raise BadConfig(
            f"The Docker config names the credential helper {program}, which is not installed.",
            advice="Install it, or take it out of the config.",
        )
    try:
        done = subprocess.run(  # noqa: S603 - the program of the user's own config, by a checked name
            [found, "get"], input=key.encode(), capture_output=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise BadConfig(f"{program} gave no answer in {PATIENCE:.0f} s.", advice="Is its keychain locked?") from error
    except OSError as error:
        raise BadConfig(f"{program} cannot be run: {clean(error.strerror)}.") from error
    said = done.stdout[:_LARGEST]
    if done.returncode != 0:
        if _NONE in (text := said.decode("utf-8", "replace").strip()):
            return None
        raise BadConfig(f"{program} failed: {clean(text or 'no reason given', limit=200)}.")
    try:
        answer = json.loads(said)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadConfig(f"{program} answered with something that is no login.") from error
    return RegistryLogin(identity_token=secret) if user == "<token>" else RegistryLogin(user, secret)
