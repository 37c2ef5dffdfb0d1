"""May the user do this? Asked of the API server before it is offered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.errors import sentence_of
from mlcd_tui.domain.errors import Problem
from mlcd_tui.domain.plan import Access
from mlcd_tui.domain.refs import JSON
from mlcd_tui.domain.text import Clean, clean

_PATH = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer to one review."""

    allowed: bool
    sentence: Clean = Clean("")
    """Why not; empty when allowed."""
    known: bool = True
    """False: the server could not be asked, so it is not offered."""


class Reviewer:
    """Reviews rights and remembers the answers for a while.

    Args:
        client: to the cluster.
        ttl: seconds that an answer is good for; failures are asked again at once.
        now: a monotonic clock.
    """

    def __init__(self, client: Client, ttl: float = 60.0, now: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._ttl = ttl
        self._now = now
        self._known: dict[Access, tuple[float, Verdict]] = {}

    def clear(self) -> None:
        """Forget all answers (another context, another user)."""
        self._known.clear()

    async def review(self, wanted: Iterable[Access]) -> dict[Access, Verdict]:
        """The verdict on each right. Never raises `Problem`: what cannot be asked is not allowed, and says so."""
        rights = tuple(dict.fromkeys(wanted))
        verdicts = await asyncio.gather(*(self._one(right) for right in rights))
        return dict(zip(rights, verdicts, strict=True))

    async def _one(self, right: Access) -> Verdict:
        at, known = self._known.get(right, (float("-inf"), None))
        if known is not None and self._now() - at < self._ttl:
            return known
        try:
            status = (await self._client.post(_PATH, _body(right))).get("status")
        except Problem as problem:
            return Verdict(
                False, clean(f"Whether you may {right} could not be asked: {problem}", limit=400), known=False
            )
        verdict = self._verdict(right, status if isinstance(status, dict) else {})
        self._known[right] = (self._now(), verdict)
        return verdict

    def _verdict(self, right: Access, status: JSON) -> Verdict:
        if status.get("allowed") is True:
            return Verdict(True)
        why = sentence_of(status.get("reason") or status.get("evaluationError"))
        return Verdict(False, clean(f"You may not {right}. {why}".rstrip(), limit=400))


def _body(right: Access) -> JSON:
    attributes = {
        "verb": right.verb,
        "group": right.resource.group,
        "version": right.resource.version,
        "resource": right.resource.plural,
        "subresource": right.subresource,
        "namespace": right.namespace if right.resource.namespaced else "",
    }
    return {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
