"""Where measurements come from: invented Prometheus series, or a real GET of a loopback address."""

from __future__ import annotations

import asyncio
import http.client
import json
import random
import re
import urllib.request
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mlcd_tui.demo.controllers.argo.verdicts import ConditionError, judge

Object = dict[str, Any]
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Reading:
    """One measured value and what it means."""

    phase: str
    value: str = ""
    message: str = ""


def invented(metric: Object, bounds: tuple[float, float], seed: str) -> Reading:
    """A value of a series that stays within bounds; most of the noise is in the last digits, as in a real one."""
    value = random.Random(seed).triangular(*bounds)  # noqa: S311 - a story, not a secret
    digits = 4 if abs(value) < 10 else 1
    value = round(value, digits)
    return _judged(metric, [value], f"[{value}]")


def _judged(metric: Object, result: Any, text: str) -> Reading:
    try:
        return Reading(judge(metric, result), text)
    except ConditionError as error:
        return Reading("Error", text, str(error))


async def fetched(metric: Object) -> Reading:
    """The answer of a web metric; only loopback is asked, for the simulated cluster never leaves it."""
    web = metric["provider"]["web"]
    if urlsplit(web["url"]).hostname not in _LOOPBACK:
        return Reading("Error", message="the simulated cluster asks loopback addresses only")
    try:
        body = await asyncio.to_thread(_get, web)
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Reading("Error", message=str(error))
    try:
        data = json.loads(body)
    except ValueError:
        return Reading("Successful", body)
    try:
        result = _pick(data, web.get("jsonPath", ""))
    except (LookupError, TypeError, ValueError):
        return Reading("Error", message=f"Could not find JSONPath in body: {web.get('jsonPath')}")
    return _judged(metric, result, json.dumps(result, separators=(",", ":")))


def _get(web: Object) -> str:
    headers = {header["key"]: header["value"] for header in web.get("headers") or ()}
    request = urllib.request.Request(web["url"], headers=headers, method=web.get("method", "GET"))  # noqa: S310
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=float(web.get("timeoutSeconds") or 10)) as response:
        text: str = response.read().decode("utf-8", "replace")
        return text


def _pick(data: Any, path: str) -> Any:
    for name, index in re.findall(r"\.([\w-]+)|\[(\d+)\]", path.strip("{}")):
        data = data[name] if name else data[int(index)]
    return data
