"""One context of the kubeconfig: its client, its engines, and reading around one rollout."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mlcd_tui.cluster.access import Reviewer
from mlcd_tui.cluster.client import Client
from mlcd_tui.cluster.discovery import Discovery
from mlcd_tui.cluster.kubeconfig import Target
from mlcd_tui.domain.errors import Forbidden, Missing
from mlcd_tui.domain.ports import Engine
from mlcd_tui.domain.refs import JSON, Objects, Resource, RolloutRef, Scope


class Connection:
    """The rooms wired for one context. Made anew when the context changes."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.client = Client(target)
        self.reviewer = Reviewer(self.client)
        self.discovery = Discovery(self.client)

    async def close(self) -> None:
        """End every connection."""
        await self.client.close()

    async def primary(self, engine: Engine, ref: RolloutRef) -> JSON:
        """The rollout's own object, fresh.

        Raises:
            Missing: there is no such object, or the engine's kind is not served.
            Problem: the cluster cannot be asked.
        """
        resource, namespace, name = engine.primary(ref)
        found: JSON = await self.client.get(resource.path(namespace, name))
        found.setdefault("kind", resource.kind)
        found.setdefault("apiVersion", resource.api_version)
        return found

    async def gather(self, engine: Engine, ref: RolloutRef, *, leave_out: Sequence[Resource] = ()) -> Objects:
        """Fresh raw objects around one rollout: its own, and what the engine's scopes name. Raises `Problem`."""
        objects, _hidden = await self.look(engine, ref, leave_out=leave_out)
        return objects

    async def look(
        self,
        engine: Engine,
        ref: RolloutRef,
        *,
        leave_out: Sequence[Resource] = (),
        only: Sequence[Resource] | None = None,
        also: Sequence[Scope] = (),
    ) -> tuple[Objects, tuple[Resource, ...]]:
        """As `gather`, of the kinds `only`, with the scopes `also`; and the kinds that the user may not list.

        Raises:
            Problem: the cluster cannot be asked.
        """
        first = await self.primary(engine, ref)
        around = (scope for scope in engine.scopes(ref, first) if scope.resource not in leave_out)
        scopes = [*(scope for scope in around if only is None or scope.resource in only), *also]
        lists = await asyncio.gather(*(self._list(scope) for scope in scopes))
        objects: dict[Resource, list[JSON]] = {}
        for scope, items in zip(scopes, lists, strict=True):
            if items is not None:  # what may not be seen is not among them: an engine could take it for none
                objects.setdefault(scope.resource, []).extend(items)
        resource = engine.primary(ref)[0]
        uid = first.get("metadata", {}).get("uid")
        kept = [item for item in objects.get(resource, []) if item.get("metadata", {}).get("uid") != uid]
        objects[resource] = [first, *kept]
        hidden = (scope.resource for scope, items in zip(scopes, lists, strict=True) if items is None)
        return objects, tuple(dict.fromkeys(hidden))

    async def _list(self, scope: Scope) -> list[JSON] | None:
        """The objects of a scope; none where the cluster does not have the kind, None where the user may not see."""
        try:
            return await self.client.list_all(
                scope.resource,
                scope.namespace,
                label_selector=scope.label_selector,
                field_selector=scope.field_selector,
            )
        except Forbidden:
            return None
        except Missing:
            return []
