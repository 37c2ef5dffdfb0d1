"""`[metrics]`: where the numbers of live traffic come from, and what is asked of them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from mlcd_tui.config.toml_file import Reader

PLACEHOLDERS = ("namespace", "service", "workload", "pod_hash", "pods", "window")
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_NO_LOGIN = {"token": "", "token_file": "", "user": "", "password": "", "password_file": "", "headers": {}}
_FILES = ("token_file", "password_file", "ca", "client_certificate", "client_key")
_SEVERAL = 'a table such as "X-Scope-OrgID" = "ml", names and values of headers'

Switch = Annotated[bool, Meta(description="true or false")]
Text = Annotated[str, Meta(description="text in quotes")]
Texts = Annotated[tuple[str, ...], Meta(description="a list of texts in quotes")]
Share = Annotated[float, Meta(gt=0, lt=1, description="a share above 0 and below 1, such as 0.01")]
Length = Annotated[float, Meta(ge=60, le=86_400, description="seconds, 60 to 86400")]


class QuerySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[metrics.queries.<name>]`: a set of queries of one's own, in PromQL."""

    title: Text = ""
    requests: Text = ""
    """All requests of a version: a counter, or with `{window}` an increase over that time."""
    failed: Text = ""
    """The failed ones, alike; empty: those of `requests` whose `status` label is as `failing` says."""
    latency: Text = ""
    """Buckets of a histogram of durations, with the label `le`; empty: no latency is shown."""
    unit: Annotated[str, Meta(pattern="^(ms|s)$", description='"ms" or "s"')] = "s"
    """Unit of the histogram's bounds."""
    status: Text = ""
    """Label of `requests` that holds the status."""
    failing: Text = "5.*"
    """Regular expression of the statuses that are failures."""


class MetricsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """`[metrics]`, and what `[contexts.<name>.metrics]` makes of it in one context."""

    address: Text = ""
    """Of Prometheus or what speaks as it does; empty: there are no numbers of live traffic."""
    set: Text = ""
    """Name of the query set; empty: found out by what metrics there are."""
    token: Text = ""
    token_file: Text = ""
    """File with a bearer token, read anew for each request."""
    user: Text = ""
    password: Text = ""
    password_file: Text = ""
    headers: Annotated[dict[str, str], Meta(description=_SEVERAL)] = {}
    """Sent along, such as the tenant."""
    ca: Text = ""
    """File with the authorities to trust in place of the system's."""
    client_certificate: Text = ""
    client_key: Text = ""
    server_name: Text = ""
    """Name that the server's certificate is verified for, in place of the address's host."""
    insecure: Switch = False
    """Whoever answers is believed to be Prometheus."""
    timeout: Annotated[float, Meta(ge=0.5, le=300, description="seconds, 0.5 to 300")] = 10.0
    """How long one answer may take."""
    window: Length = 900.0
    """What is looked back at."""
    refresh: Annotated[float, Meta(ge=5, le=600, description="seconds, 5 to 600")] = 15.0
    """Between two looks while somebody looks."""
    latency_limit_ms: Annotated[float, Meta(ge=0, le=3_600_000, description="milliseconds, 0 for none")] = 0.0
    """Requests above it are compared as errors are; 0: none are."""
    margin: Share = 0.01
    """A share of errors that is higher by less than this is let pass."""
    latency_margin: Share = 0.02
    """The same for the share of requests above the latency limit."""
    watch_after: Annotated[float, Meta(ge=0, le=86_400, description="seconds, 0 to 86400")] = 900.0
    """How long a switch is watched for a reason to go back; 0: not at all."""
    queries: dict[str, QuerySettings] = {}


def read_metrics(
    reader: Reader,
    table: object,
    folder: Path,
    path: tuple[str, ...] = ("metrics",),
    base: MetricsSettings | None = None,
) -> MetricsSettings:
    """The table's values over those of `base`; what is wrong is told and left out. Paths begin at `folder`.

    Where the table names an address of its own, nothing of the base's login goes there.
    """
    base = base or MetricsSettings()
    if not isinstance(table, dict):
        reader.complain(path, table, "a table with address, set, token, token_file, ca, timeout, window and more")
        return base
    fields = reader.fields(MetricsSettings, table, path, skip=("queries",))
    fields["queries"] = {**base.queries, **_queries(reader, table.get("queries", {}), (*path, "queries"))}
    if (address := fields.get("address")) and (wrong := _wrong_address(address)):
        reader.tell((*path, "address"), wrong)
        del fields["address"]
    for name in _FILES:
        if fields.get(name):
            fields[name] = _from(folder, fields[name])
    if fields.get("address"):
        base = msgspec.structs.replace(base, **_NO_LOGIN)
    found = msgspec.structs.replace(base, **fields)
    return _one_way_in(reader, found, path)


def _one_way_in(reader: Reader, found: MetricsSettings, path: tuple[str, ...]) -> MetricsSettings:
    """Nobody knows which of two ways to log in was meant: none is tried."""
    given = [name for name in ("token", "token_file", "user") if getattr(found, name)]
    if len(given) < 2:
        return found
    reader.tell((*path, given[0]), f"only one of {', '.join(given)} can be used; until it is mended, none is.")
    return msgspec.structs.replace(found, **_NO_LOGIN)


def _wrong_address(address: str) -> str:
    allowed = "allowed is an address such as http://prometheus.example:9090, with a path where it has one"
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018 - raises for what is no port
    except ValueError:
        return f"this is no address; {allowed}."
    if parts.scheme not in {"http", "https"} or not parts.hostname or any(ord(char) < 33 for char in address):
        return f"this is no address; {allowed}."
    if "@" in parts.netloc:
        return "a password does not belong into the address; use user and password_file."
    return f"an address has no query or fragment; {allowed}." if parts.query or parts.fragment else ""


def _queries(reader: Reader, table: object, path: tuple[str, ...]) -> dict[str, QuerySettings]:
    if not isinstance(table, dict):
        reader.complain(path, table, "tables such as [metrics.queries.my-mesh]")
        return {}
    found: dict[str, QuerySettings] = {}
    for name, value in table.items():
        if not isinstance(value, dict):
            reader.complain((*path, name), value, "a table with requests, failed, latency, unit, status, failing")
            continue
        fields = reader.fields(QuerySettings, value, (*path, name))
        wrong = [(key, why) for key in ("requests", "failed", "latency") if (why := _wrong_query(fields.get(key, "")))]
        wrong += [("failing", why)] if (why := _wrong_pattern(fields.get("failing", ""))) else []
        wrong += [("requests", "a set of queries has to say how requests are counted.")] * (not fields.get("requests"))
        for key, why in wrong:
            reader.tell((*path, name, key), why)
        if not wrong:
            found[name] = QuerySettings(**fields)
    return found


def _wrong_query(text: str) -> str:
    """Why a query cannot be used; empty: it can. A placeholder outside quotes would be part of the language."""
    there_is = ", ".join(PLACEHOLDERS)
    for name in _PLACEHOLDER.findall(text):
        if name not in PLACEHOLDERS:
            return f"there is no placeholder {{{name}}}; there is: {there_is}."
    outside = _PLACEHOLDER.findall(_QUOTED.sub('""', text))
    loose = next((name for name in outside if name != "window"), "")
    return f'{{{loose}}} has to stand in double quotes, such as service="{{{loose}}}".' if loose else ""


def _wrong_pattern(text: str) -> str:
    try:
        re.compile(text)
    except (re.error, RecursionError, OverflowError) as error:
        return f"this is no regular expression: {error}."
    return ""


def _from(folder: Path, path: str) -> str:
    try:
        return str(folder / Path(path).expanduser())
    except RuntimeError:  # nobody knows where the home folder of such a user is
        return str(folder / path)
