"""TLS and logins of Prometheus, made into an httpx client."""

from __future__ import annotations

import ssl
from pathlib import Path

import httpx

from mlcd_tui.config.metrics_settings import MetricsSettings
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean
from mlcd_tui.wire.headers import basic
from mlcd_tui.wire.tls import client_context, trusting_nobody

CONNECTIONS = 4
"""Questions at once: more would take the server's turn from others."""
_MOST_SECRET = 64 * 1024


def ssl_context(settings: MetricsSettings) -> ssl.SSLContext:
    """Trusts the authorities of the settings, else the system's.

    Raises:
        BadConfig: a file that cannot be used.
    """
    context = client_context(settings.server_name)
    if settings.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif settings.ca:
        try:
            context.load_verify_locations(cafile=settings.ca)
        except (OSError, ValueError) as error:
            raise BadConfig(f"the `ca` {clean(settings.ca)} under [metrics] cannot be used: {_why(error)}.") from None
    else:
        context.load_default_certs()
    if settings.client_certificate:
        try:
            context.load_cert_chain(settings.client_certificate, settings.client_key or None, password=_no_password)
        except (OSError, ValueError) as error:
            told = clean(settings.client_certificate)
            raise BadConfig(f"the `client_certificate` {told} under [metrics] cannot be used: {_why(error)}.") from None
    return context


def _no_password() -> str:
    raise ValueError("its key is encrypted, which is not supported")


def _why(error: Exception) -> str:
    if isinstance(error, ssl.SSLError):
        mismatch = "MISMATCH" in str(error.reason)
        return "certificate and key do not belong together" if mismatch else "it is no PEM file of the right kind"
    if isinstance(error, OSError):
        return clean(error.strerror or error).lower()
    return clean(error)


def login(settings: MetricsSettings) -> dict[str, str]:
    """Headers of the login and of the settings; files are read anew, for tokens are short-lived.

    Raises:
        BadConfig: a file that cannot be read, or a value that no header can carry.
    """
    headers = dict(settings.headers)
    token = _secret("token_file", settings.token_file) if settings.token_file else settings.token
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if settings.user:
        password = _secret("password_file", settings.password_file) if settings.password_file else settings.password
        headers["Authorization"] = basic(settings.user, password)
    for name, value in headers.items():
        if not (name.isascii() and name.replace("-", "").isalnum() and value.isascii() and value.isprintable()):
            shown = clean(name, limit=80)
            raise BadConfig(f"the header {shown} of [metrics] cannot be sent: it has letters that no header may have.")
    return headers


def _secret(key: str, path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            raw = file.read(_MOST_SECRET)
        return raw.decode("ascii").strip()
    except UnicodeDecodeError:
        raise BadConfig(f"the `{key}` {clean(path)} under [metrics] holds no token.") from None
    except OSError as error:
        raise BadConfig(f"the `{key}` {clean(path)} under [metrics] cannot be read: {_why(error)}.") from None


def http_client(settings: MetricsSettings) -> httpx.AsyncClient:
    """An httpx client. Redirects are not followed: the login would go along. Raises `BadConfig`."""
    secure = settings.address.startswith("https:")
    context = ssl_context(settings) if secure else trusting_nobody()
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=60.0)
    transport = httpx.AsyncHTTPTransport(verify=context, limits=limits)
    timeout = httpx.Timeout(settings.timeout)
    return httpx.AsyncClient(transport=transport, timeout=timeout, trust_env=False, follow_redirects=False)
