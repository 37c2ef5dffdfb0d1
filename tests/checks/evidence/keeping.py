"""What a registry keeps, read without a wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from mlcd_tui.checks.evidence.registry import Registry
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import Missing


@dataclass(frozen=True, slots=True)
class Keeping:
    """Manifests and blobs by digest or tag; it has no referrers API."""

    things: dict[str, bytes]
    shown: str = "registry.example/churn"

    def keep(self, data: bytes) -> str:
        """Keeps a thing; its digest."""
        self.things[sha256_of(data)] = data
        return sha256_of(data)

    def tag(self, name: str, data: bytes) -> None:
        """Keeps a manifest under a tag."""
        self.things[name] = data

    def manifest(self, reference: str) -> tuple[bytes, str]:
        """As `Registry.manifest`."""
        if reference not in self.things:
            raise Missing(f"There is no {reference}.")
        return self.things[reference], ""

    def blob(self, digest: str, most: int) -> bytes:
        """As `Registry.blob`."""
        assert len(self.things[digest]) <= most
        return self.things[digest]

    def referrers(self, digest: str) -> None:
        """As `Registry.referrers` where there are none."""
        del digest

    @property
    def registry(self) -> Registry:
        """In the place of one."""
        return cast(Registry, self)
