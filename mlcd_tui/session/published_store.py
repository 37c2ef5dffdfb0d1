"""The ConfigMaps that carry published packages: found by digest, watched without their contents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

from mlcd_tui.cluster.client import Client
from mlcd_tui.domain.errors import Missing, Unreadable
from mlcd_tui.domain.package import ModelPackage, PackageEntry
from mlcd_tui.domain.package_ports import PACKAGE_ANNOTATION, Published
from mlcd_tui.domain.published import config_map_name, entry, is_published, published
from mlcd_tui.domain.refs import CONFIG_MAPS, JSON
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.session.map_watch import MapWatch

Changed = Callable[[frozenset[tuple[str, str]]], None]
"""Hears which namespaces and digests have other packages now."""


class PublishedStore:
    """The published packages of one cluster."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._watch = MapWatch(client, PACKAGE_ANNOTATION, self._heard, self._settled)
        self._on_change: Changed = lambda _touched: None
        self._touched: set[tuple[str, str]] = set()
        self._names: dict[tuple[str, str], set[str]] = {}

    def watch(self, namespace: str, on_change: Changed, on_fault: Callable[[Clean], None]) -> None:
        """Follow what is published in a namespace ('' is all) until `stop`."""
        self._on_change = on_change
        self._watch.start(namespace, on_fault)

    async def stop(self) -> None:
        """End the watch."""
        await self._watch.stop()

    def knows(self, namespace: str) -> bool:
        """Whether the watch tells all that is published in a namespace at this moment."""
        return self._watch.knows(namespace)

    async def find(self, namespace: str, digest: str) -> Published | None:
        """The package published in a namespace for an image; None: there is none. Raises `Problem`."""
        own, names = config_map_name(digest), self._names.get((namespace, digest), set())
        if not names and self.knows(namespace):
            return None
        # several may name one image: the one that `publish` writes counts, and no other hides it
        name = own if own in names or not names else min(names)
        try:
            raw = await self.raw(namespace, name)
        except Missing:
            return None
        found = published(raw)
        # the name holds 40 of 64 digits, and anybody may call a ConfigMap what they like
        return found if found.digest == digest and is_published(raw) else None

    async def raw(self, namespace: str, name: str) -> JSON:
        """One ConfigMap as it is. Raises `Problem`."""
        return await self._client.get(CONFIG_MAPS.path(namespace, name))

    async def entries(self, namespace: str) -> tuple[PackageEntry, ...]:
        """What is published in a namespace ('' is all), newest first. Raises `Problem`."""
        items = await self._client.list_all(
            CONFIG_MAPS, namespace, label_selector=PACKAGE_ANNOTATION, metadata_only=True
        )
        found = [entry(item) for item in items]
        return tuple(sorted(found, key=lambda e: e.created.timestamp() if e.created else 0.0, reverse=True))

    def _heard(self, raw: JSON, gone: bool) -> None:  # noqa: FBT001 - as the watch tells it
        found = published(raw)
        if not found.digest:
            return
        key = (found.namespace, found.digest)
        self._touched.add(key)
        names = self._names.setdefault(key, set())
        if gone:
            names.discard(found.name)
        else:
            names.add(found.name)
        if not names:
            del self._names[key]

    def _settled(self) -> None:
        touched, self._touched = frozenset(self._touched), set()
        if touched:
            self._on_change(touched)


async def decoded(found: Published) -> ModelPackage:
    """The package in a ConfigMap, in a thread: a mebibyte of JSON takes several frames. Raises `Unreadable`."""
    return await asyncio.to_thread(_decoded, found)


def _decoded(found: Published) -> ModelPackage:
    from mlcd_tui.domain.package_document import package_from_document

    where = f"ConfigMap {found.namespace}/{found.name}"
    if not found.document:
        raise Unreadable(f"{clean(where)} holds no package.json.", advice="Publish the package anew.")
    try:
        value = json.loads(found.document)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"{clean(where)}: package.json is not JSON ({clean(error, limit=120)}).") from error
    try:
        return package_from_document(value)
    except Unreadable as problem:
        raise Unreadable(f"{clean(where)}: {problem.sentence}", advice=problem.advice) from problem
