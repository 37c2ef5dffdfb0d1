"""Which kinds the cluster serves, and in which versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mlcd_tui.cluster.client import Client
from mlcd_tui.domain.errors import Missing
from mlcd_tui.domain.fleet import NOT_INSTALLED
from mlcd_tui.domain.refs import Resource
from mlcd_tui.domain.text import Clean, clean


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a kind is served."""

    served: bool
    sentence: Clean = Clean("")
    """Not served: why, and what there is instead."""
    versions: tuple[str, ...] = ()
    """Versions of the group that the cluster has, preferred one first."""


class Discovery:
    """Asks the cluster what it serves and remembers the answers until `clear`."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._groups: dict[str, tuple[str, ...]] | None = None
        self._kinds: dict[tuple[str, str], frozenset[str]] = {}

    def clear(self) -> None:
        """Forget: something may have been installed."""
        self._groups = None
        self._kinds.clear()

    async def groups(self) -> dict[str, tuple[str, ...]]:
        """Versions of each group, preferred one first; the core group has an empty name. Raises `Problem`."""
        if self._groups is None:
            answer = await self._client.get("/apis")
            found: dict[str, tuple[str, ...]] = {"": ("v1",)}
            for group in _dicts(answer.get("groups")):
                preferred = str((group.get("preferredVersion") or {}).get("version") or "")
                versions = [str(v.get("version") or "") for v in _dicts(group.get("versions"))]
                found[str(group.get("name") or "")] = tuple(
                    sorted(filter(None, versions), key=lambda v: v != preferred)
                )
            self._groups = found
        return self._groups

    async def plurals(self, group: str, version: str) -> frozenset[str]:
        """Kinds of one group and version by their plural names. Raises `Problem`."""
        key = (group, version)
        if key not in self._kinds:
            path = f"/apis/{group}/{version}" if group else f"/api/{version}"
            try:
                answer = await self._client.get(path)
            except Missing:
                answer = {}
            names = (str(kind.get("name") or "") for kind in _dicts(answer.get("resources")))
            self._kinds[key] = frozenset(name for name in names if name and "/" not in name)
        return self._kinds[key]

    async def find(self, resource: Resource) -> Presence:
        """Whether `resource` is served in its version; if not, one sentence on what there is. Raises `Problem`."""
        versions = (await self.groups()).get(resource.group)
        if versions is None:
            return Presence(False, clean(f"{resource.group} {NOT_INSTALLED} (no such API group)."))
        if resource.version in versions and resource.plural in await self.plurals(resource.group, resource.version):
            return Presence(True, versions=versions)
        others = [
            v for v in versions if v != resource.version and resource.plural in await self.plurals(resource.group, v)
        ]
        group = f"{resource.group}/" if resource.group else ""
        there_is = " and ".join(f"{group}{version} {resource.plural}" for version in others)
        has = there_is or f"{resource.group or 'the core group'} without {resource.plural}"
        sentence = f"{resource.api_version} {resource.plural} is not served here; the cluster has {has}."
        return Presence(False, clean(sentence), versions)


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
