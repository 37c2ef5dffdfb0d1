"""TLS and proxies: what a target's cluster asks for, made into an httpx transport."""

from __future__ import annotations

import ipaddress
import os
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from mlcd_tui.cluster.auth import Login, pem_of
from mlcd_tui.cluster.kubeconfig import Target
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean
from mlcd_tui.wire.addresses import is_loopback
from mlcd_tui.wire.tls import client_context, trusting_nobody


def is_local(host: str) -> bool:
    """Whether `host` is this machine, by any of its names."""
    return host.endswith(".localhost") or is_loopback(host)


def _no_password() -> str:
    raise BadConfig("The client-key of the kubeconfig is encrypted; that is not supported.")


def ssl_context(target: Target, login: Login) -> ssl.SSLContext:
    """Trusts the cluster's CA and nothing else (the system's where the kubeconfig names none).

    Raises:
        BadConfig: a certificate or key that cannot be used.
    """
    fields = target.cluster_fields
    context = client_context(str(fields.get("tls-server-name") or ""))
    authority = pem_of(fields, "certificate-authority")
    if fields.get("insecure-skip-tls-verify") in {True, "true"}:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif authority:
        try:
            context.load_verify_locations(cadata=authority.decode("ascii"))
        except (ssl.SSLError, ValueError) as error:
            raise BadConfig("The certificate-authority of the kubeconfig is not a PEM certificate.") from error
    else:
        context.load_default_certs()
    if login.certificate:
        _load_pair(context, login)
    return context


def _load_pair(context: ssl.SSLContext, login: Login) -> None:
    """OpenSSL takes the client's certificate and key from a file only: it lives for this call, for this user."""
    if not login.key and b"PRIVATE KEY" not in login.certificate:
        raise BadConfig("The user of the kubeconfig has a client-certificate but no client-key.")
    handle, name = tempfile.mkstemp(prefix="mlcd-", suffix=".pem")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(login.certificate + b"\n" + login.key)
        context.load_cert_chain(name, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", None) or "not PEM"
        what = (
            "do not belong together" if "MISMATCH" in str(reason) else f"cannot be read ({clean(str(reason).lower())})"
        )
        raise BadConfig(f"The client-certificate and client-key of the kubeconfig {what}.") from error
    finally:
        Path(name).unlink(missing_ok=True)


def proxy_for(target: Target, environ: Mapping[str, str]) -> str:
    """The proxy to use, by Go's rules as kubectl follows them; empty: none.

    Raises:
        BadConfig: a proxy that is not http://.
    """
    parts = urlsplit(target.server)
    host = parts.hostname or ""
    proxy = str(target.cluster_fields.get("proxy-url") or "")
    if not proxy and not is_local(host):
        names = (f"{parts.scheme}_proxy", f"{parts.scheme}_proxy".upper())
        proxy = next((environ[name] for name in names if environ.get(name)), "")
        if proxy and _excluded(host, parts.port, environ.get("no_proxy") or environ.get("NO_PROXY") or ""):
            return ""
    if not proxy:
        return ""
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        scheme, name, _ = urlsplit(proxy).scheme, urlsplit(proxy).hostname, urlsplit(proxy).port
    except ValueError as error:
        raise BadConfig(f"The proxy address cannot be used: {clean(error)}.") from error
    if scheme != "http" or not name:
        raise BadConfig(
            f"The proxy {clean(name)} is reached by {clean(scheme)}://; only http:// proxies are supported."
        )
    return proxy


def _excluded(host: str, port: int | None, listed: str) -> bool:
    """Whether NO_PROXY names the host: `*`, a name, a domain and its sub-domains, an address or a network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for entry in (part.strip().lower() for part in listed.split(",")):
        if entry == "*" or (entry and entry in {host, f"{host}:{port}"}):
            return True
        if address is None:
            name = entry.removeprefix("*")
            if entry and host.endswith(name if name.startswith(".") else f".{name}"):
                return True
            continue
        try:
            if address in ipaddress.ip_network(entry, strict=False):
                return True
        except ValueError:
            continue
    return False


def http_client(context: ssl.SSLContext | None, proxy: str, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """An httpx client for calls. Redirects are not followed: the token would go along."""
    verify = context or trusting_nobody()
    limits = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=60.0)
    transport = httpx.AsyncHTTPTransport(verify=verify, proxy=proxy or None, limits=limits)
    return httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False, follow_redirects=False)
