"""Sends the requests of a plan, exactly as the approval showed them."""

from __future__ import annotations

from mlcd_tui.cluster.client import Client
from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.plan import Request
from mlcd_tui.domain.refs import JSON

FIELD_MANAGER = "mlcd-tui"


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
    try:
        return await client.patch(request.path, request.body, content_type=request.content_type, params=params)
    except Missing:
        if not (request.subresource and request.fallback_to_main):
            raise
    # the object may be missing itself; then this says so
    main = request.resource.path(request.namespace, request.name)
    return await client.patch(main, request.body, content_type=request.content_type, params=params)
