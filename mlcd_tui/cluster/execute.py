"""Sends the requests of a plan, exactly as the approval showed them."""

from __future__ import annotations

from collections.abc import Mapping

from mlcd_tui.cluster.client import Client
from mlcd_tui.domain.errors import Conflict, Invalid, Missing
from mlcd_tui.domain.plan import Request
from mlcd_tui.domain.refs import JSON

FIELD_MANAGER = "mlcd-tui"
_DOES_NOT_APPLY = "rejected our request due to an error in our request"


async def execute(client: Client, request: Request, *, dry_run: bool = False) -> JSON:
    """Send one conditional change and return the object as it is then.

    Args:
        client: to the cluster.
        request: carries its own precondition.
        dry_run: the server checks everything and changes nothing.

    Raises:
        Conflict: the object is no longer the one that was planned on.
        Problem: whatever else the server or the network says.
    """
    params = {"fieldManager": FIELD_MANAGER, **({"dryRun": "All"} if dry_run else {})}
    if request.strict:
        params["fieldValidation"] = "Strict"
    try:
        return await _send(client, request.path, request, params)
    except Missing:
        if not (request.subresource and request.fallback_to_main):
            raise
    # the object may be missing itself; then this says so
    return await _send(client, request.resource.path(request.namespace, request.name), request, params)


async def put_whole(client: Client, method: str, path: str, body: Mapping[str, object]) -> JSON:
    """Make an object (POST) or replace the one whose resourceVersion the body carries (PUT).

    Raises:
        Conflict: somebody else made or changed it in the meantime.
        Problem: whatever else the server or the network says.
    """
    send = {"POST": client.post, "PUT": client.put}[method]
    return await send(path, body, {"fieldManager": FIELD_MANAGER})


async def _send(client: Client, path: str, request: Request, params: Mapping[str, str]) -> JSON:
    try:
        return await client.patch(path, request.body, content_type=request.content_type, params=params)
    except Invalid as refused:
        # The API server answers 422 in general words to a JSON patch that does not apply, its `test` included, where a
        # merge patch gets 409. What would make an invalid object is refused with its own words.
        if isinstance(request.body, tuple) and _DOES_NOT_APPLY in refused.sentence:
            raise Conflict(f"the object is no longer as it was ({refused.sentence})") from refused
        raise
