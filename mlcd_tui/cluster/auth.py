"""Who we are to the API server: tokens, passwords, certificates, login plug-ins, and their renewal.

Plug-ins are run here and not by the `kubernetes` library: that one lends them the terminal, which belongs to the
UI, and throws away what they say when they fail. The library does what is left, the old OIDC auth provider.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import contextlib
import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from mlcd_tui.cluster.errors import sentence_of
from mlcd_tui.cluster.kubeconfig import Target
from mlcd_tui.domain.errors import BadConfig, Problem, Unauthenticated
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.wire.headers import basic

_TOKEN_FILE_SECONDS = 30.0  # rotated tokens are picked up within this time, and at once after a 401
_OIDC_SECONDS = 60.0
_PLUGIN_PATIENCE = 60.0
_PLUGIN_REST = 20.0  # a plug-in may open a browser: never run it in quick succession
_EARLY = 10.0  # renew this many seconds before the credentials end


@dataclass(frozen=True, slots=True)
class Login:
    """What goes with each request."""

    headers: tuple[tuple[str, str], ...] = ()
    certificate: bytes = b""
    """PEM, empty without a client certificate."""
    key: bytes = b""


def pem_of(fields: Mapping[str, Any], name: str) -> bytes:
    """The PEM that `name` (a file) or `name-data` (base64) brings; empty without both.

    Raises:
        BadConfig: the file cannot be read, or the data is not base64.
    """
    data, path = fields.get(f"{name}-data"), fields.get(name)
    if data:
        try:
            return base64.b64decode(str(data), validate=False)
        except (binascii.Error, ValueError) as error:
            raise BadConfig(f"The {name}-data of the kubeconfig is not base64.") from error
    if not path:
        return b""
    try:
        return Path(str(path)).read_bytes()
    except OSError as error:
        raise BadConfig(f"Cannot read {name} {clean(str(path))}: {clean(error.strerror or error)}.") from error


class Credentials:
    """The login of a target, kept fresh.

    Args:
        target: whose user fields say how to log in.
        secure: whether secrets may be sent; over plain http to a distant host they are not, as with kubectl.
        now: wall clock in seconds.
    """

    def __init__(self, target: Target, *, secure: bool = True, now: Callable[[], float] = time.time) -> None:
        self._target = target
        self._user = target.user_fields
        self._secure = secure
        self._now = now
        self._lock = asyncio.Lock()
        self._login: Login | None = None
        self._good_until = float("inf")
        self._plugin_ran = float("-inf")
        self._plugin_failed: Problem | None = None

    async def login(self) -> Login:
        """What to send now; renewed where its time is over.

        Raises:
            BadConfig: the kubeconfig's user cannot be used.
            Unauthenticated: a login plug-in failed.
        """
        if self._login is None or self._now() >= self._good_until:
            async with self._lock:
                if self._login is None or self._now() >= self._good_until:
                    self._login = await self._make()
        return self._login

    async def renew(self, used: Login) -> bool:
        """After a 401 to `used`: whether there is another login to try now."""
        async with self._lock:
            if self._login == used:
                if "exec" in self._user and self._now() - self._plugin_ran < _PLUGIN_REST:
                    return False
                self._login = await self._make()
            return self._login != used

    async def _make(self) -> Login:
        self._good_until = float("inf")
        certificate, key = pem_of(self._user, "client-certificate"), pem_of(self._user, "client-key")
        headers = list(self._impersonation())
        if not self._secure:
            return Login(tuple(headers), certificate, key)
        authorization = self._static()
        if not authorization and self._user.get("exec"):
            token, plugin_certificate, plugin_key = await self._plugin()
            authorization = f"Bearer {token}" if token else ""
            certificate, key = plugin_certificate or certificate, plugin_key or key
        elif not authorization and self._user.get("auth-provider"):
            authorization = await asyncio.to_thread(self._auth_provider)
            self._good_until = self._now() + _OIDC_SECONDS
        if authorization:
            headers.append(("Authorization", authorization))
        if not all(value.isascii() and value.isprintable() for _, value in headers):
            raise BadConfig(
                f"The credentials of user {clean(self._target.user)!r} hold characters that no HTTP header may have.",
                advice="Check the token in the kubeconfig.",
            )
        return Login(tuple(headers), certificate, key)

    def _impersonation(self) -> list[tuple[str, str]]:
        user = self._user
        found = [("Impersonate-User", str(user["as"]))] if user.get("as") else []
        if user.get("as-uid"):
            found.append(("Impersonate-Uid", str(user["as-uid"])))
        found += [("Impersonate-Group", str(group)) for group in user.get("as-groups") or ()]
        extra = user.get("as-user-extra")
        for name, values in (extra if isinstance(extra, dict) else {}).items():
            found += [(f"Impersonate-Extra-{name}", str(value)) for value in values or ()]
        return found

    def _static(self) -> str:
        """The Authorization header of a token, token file or password; empty without."""
        user = self._user
        if path := user.get("tokenFile"):
            with contextlib.suppress(OSError, UnicodeDecodeError):
                if token := Path(str(path)).read_text("utf-8").strip():
                    self._good_until = self._now() + _TOKEN_FILE_SECONDS
                    return f"Bearer {token}"
            if not user.get("token"):
                raise BadConfig(f"Cannot read a token from {clean(str(path))}.", advice="Check tokenFile of the user.")
        if user.get("token"):
            return f"Bearer {str(user['token']).strip()}"
        if user.get("username"):
            return basic(str(user["username"]), str(user.get("password") or ""))
        return ""

    async def _plugin(self) -> tuple[str, bytes, bytes]:
        """Token, certificate and key from the login plug-in."""
        if self._plugin_failed is not None and self._now() - self._plugin_ran < _PLUGIN_REST:
            raise self._plugin_failed
        self._plugin_failed = None
        try:
            status = await run_plugin(self._target)
        except Problem as problem:
            self._plugin_failed = problem
            raise
        finally:
            self._plugin_ran = self._now()
        if expires := _moment(status.get("expirationTimestamp")):
            # never at once again, whatever the plug-in's clock says
            self._good_until = max(expires - _EARLY, self._now() + _PLUGIN_REST)
        return (
            str(status.get("token") or "").strip(),
            str(status.get("clientCertificateData") or "").encode(),
            str(status.get("clientKeyData") or "").encode(),
        )

    def _auth_provider(self) -> str:
        """Blocking: the OIDC token, refreshed and written back to the kubeconfig by the library."""
        provider = self._user["auth-provider"]
        name = clean(provider.get("name") if isinstance(provider, dict) else provider)
        if name != "oidc":
            raise BadConfig(
                f"The auth provider {name!r} of the kubeconfig is no longer part of Kubernetes.",
                advice="Use the login plug-in (exec) of your cloud instead.",
            )
        # 0.3 s and some 30 MB, so only for those who need it
        from kubernetes.client import Configuration
        from kubernetes.config import load_kube_config

        settings = Configuration()
        try:
            load_kube_config(  # type: ignore[no-untyped-call]
                config_file=os.pathsep.join(map(str, self._target.files)),
                context=self._target.context,
                client_configuration=settings,
            )
        except Exception as error:
            # the library and what it stands on raise whatever they like: urllib3, oauthlib, KeyError, its own
            raise Unauthenticated(
                f"The OIDC login of user {clean(self._target.user)!r} failed: {sentence_of(str(error) or type(error))}",
                advice="Log in again.",
            ) from error
        token = settings.api_key.get("BearerToken") or settings.api_key.get("authorization")
        if not token:
            raise Unauthenticated(
                f"The OIDC login of user {clean(self._target.user)!r} has ended.", advice="Log in again."
            )
        return str(token)


def _moment(value: object) -> float | None:
    try:
        return datetime.fromisoformat(str(value)).timestamp() if value else None
    except ValueError:
        return None


def _exec_info(target: Target, plugin: Mapping[str, Any]) -> str:
    """What a plug-in is told in KUBERNETES_EXEC_INFO."""
    spec: dict[str, Any] = {"interactive": False}
    if plugin.get("provideClusterInfo"):
        fields = target.cluster_fields
        about = {
            "server": target.server,
            "tls-server-name": fields.get("tls-server-name"),
            "insecure-skip-tls-verify": fields.get("insecure-skip-tls-verify"),
            "certificate-authority-data": base64.b64encode(pem_of(fields, "certificate-authority")).decode(),
            "proxy-url": fields.get("proxy-url"),
        }
        spec["cluster"] = {key: value for key, value in about.items() if value}
        for extension in fields.get("extensions") or ():
            if isinstance(extension, dict) and extension.get("name") == "client.authentication.k8s.io/exec":
                spec["cluster"]["config"] = extension.get("extension")
    return json.dumps({"apiVersion": plugin.get("apiVersion"), "kind": "ExecCredential", "spec": spec})


async def _launch(target: Target, plugin: Mapping[str, Any], command: str, shown: Clean) -> asyncio.subprocess.Process:
    """The plug-in, running, with no terminal to ask on."""
    extra = {
        str(e["name"]): str(e.get("value", ""))
        for e in plugin.get("env") or ()
        if isinstance(e, dict) and e.get("name")
    }
    try:
        return await asyncio.create_subprocess_exec(
            command,
            *(str(argument) for argument in plugin.get("args") or ()),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, **extra, "KUBERNETES_EXEC_INFO": _exec_info(target, plugin)},
            start_new_session=True,  # no /dev/tty either: a prompt would destroy the screen
        )
    except OSError as error:
        hint = sentence_of(plugin.get("installHint"))
        why = clean(error.strerror or error)
        raise BadConfig(f"The login plug-in {shown} cannot be run: {why}.", advice=hint) from error


async def run_plugin(target: Target) -> Mapping[str, Any]:
    """Run the login plug-in of a target away from the terminal and return the status that it prints.

    Raises:
        BadConfig: it is not installed, or needs a terminal.
        Unauthenticated: it failed, took too long, or printed something else.
    """
    plugin: Any = target.user_fields["exec"]
    command = str(plugin.get("command") or "") if isinstance(plugin, dict) else ""
    shown = clean(os.path.basename(command) or "(no command)")  # noqa: PTH119 - a command, not a path
    if not command:
        raise BadConfig(f"The login plug-in of user {clean(target.user)!r} has no command.")
    if plugin.get("interactiveMode") == "Always":
        raise BadConfig(
            f"The login plug-in {shown} wants to ask questions on the terminal, which the UI holds.",
            advice="Log in outside and use a context with a token, or set its interactiveMode to IfAvailable.",
        )
    process = await _launch(target, plugin, command, shown)
    try:
        out, err = await asyncio.wait_for(process.communicate(), _PLUGIN_PATIENCE)
    except TimeoutError as error:
        raise Unauthenticated(f"The login plug-in {shown} gave no answer in {_PLUGIN_PATIENCE:.0f} s.") from error
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        said = sentence_of(err.decode("utf-8", "replace").strip()[-300:])
        raise Unauthenticated(
            f"The login plug-in {shown} failed ({process.returncode}): {said or 'it said nothing.'}",
            advice="Log in again.",
        )
    return _status_of_plugin(out, str(plugin.get("apiVersion") or ""), shown)


def _status_of_plugin(out: bytes, version: str, shown: Clean) -> Mapping[str, Any]:
    """The status in what a plug-in printed."""
    try:
        data = json.loads(out)
        status = data["status"] if data["kind"] == "ExecCredential" else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise Unauthenticated(f"The login plug-in {shown} printed no ExecCredential.") from error
    if version and data.get("apiVersion") != version:
        raise Unauthenticated(
            f"The login plug-in {shown} answers in {clean(data.get('apiVersion'))}, asked for {clean(version)}."
        )
    if not isinstance(status, dict) or not (status.get("token") or status.get("clientCertificateData")):
        raise Unauthenticated(f"The login plug-in {shown} printed neither a token nor a certificate.")
    return status
