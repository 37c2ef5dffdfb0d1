"""Which digests mean the same image: proven by the manifest's own bytes, which name the config that a build made.

A build knows its image's config digest; only a push gives it the manifest digest that clusters run. The manifest is the
proof of both at once, so it is what is kept, and nobody need be believed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.checks import CheckState, Evidence, ImageIdentity
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import Clean, clean

MOST_BYTES = 4 << 20
MOST_PLATFORMS = 64
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class ImageLink:
    """Two digests of one image."""

    lower: str
    """Of the config (then `upper` is the manifest's), or of the manifest (then `upper` is the index's)."""
    upper: str
    is_index: bool = False
    platforms: int = 1
    """How many the index holds: of several each is an image of its own, so `lower` is only a part of `upper`."""
    platform: Clean = Clean("")
    """Of `lower`, as the index tells it."""

    @property
    def partial(self) -> bool:
        """Whether `upper` means other images as well."""
        return self.platforms > 1


def links_of(data: bytes) -> tuple[ImageLink, ...]:
    """The link that the bytes of a manifest prove, or those of an index: one for each of its platforms.

    Raises:
        Unreadable: they are neither.
    """
    value = _document(data)
    own = sha256_of(data)
    listed = value.get("manifests")
    if isinstance(listed, list):
        platforms = [each for each in listed if isinstance(each, dict) and not _attests(each)]
        if not 1 <= len(platforms) <= MOST_PLATFORMS:
            raise Unreadable(f"The index {own} holds {len(platforms)} platforms, not 1 to {MOST_PLATFORMS}.")
        return tuple(
            ImageLink(_digest(each.get("digest")), own, True, len(platforms), _platform(each)) for each in platforms
        )
    config = value.get("config")
    return (ImageLink(_digest(config.get("digest") if isinstance(config, dict) else None), own),)


def _document(data: bytes) -> dict[str, Any]:
    if len(data) > MOST_BYTES:
        raise Unreadable(f"The manifest has {len(data) >> 20} MiB, more than {MOST_BYTES >> 20}.")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Unreadable("The manifest is no JSON.") from error
    if not isinstance(value, dict):
        raise Unreadable("The manifest is no JSON object.")
    return value


def _attests(entry: dict[str, Any]) -> bool:
    """Whether an entry of an index is what BuildKit states about an image, not an image."""
    platform = entry.get("platform")
    return isinstance(platform, dict) and platform.get("os") == "unknown"


def _platform(entry: dict[str, Any]) -> Clean:
    told = entry.get("platform")
    parts = [told.get(key) for key in ("os", "architecture", "variant")] if isinstance(told, dict) else []
    return clean("/".join(part for part in parts if isinstance(part, str) and part), limit=80)


def _digest(value: Any) -> str:
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return value
    raise Unreadable(f"The manifest names {clean(value, limit=80) or 'no config'}, which is no sha256 digest.")


def alike(digests: Iterable[str], links: Iterable[ImageLink]) -> frozenset[str]:
    """All digests that mean the same image as one of these, or a platform of it, by the links."""
    known = set(digests)
    links = tuple(links)
    # its platforms are part of an index; that they are in one says nothing of the one of the other
    known |= {link.lower for link in links if link.partial and link.upper in known}
    whole = [link for link in links if not link.partial]
    for _ in range(2):  # config to manifest to index, and back
        for link in whole:
            if known & {link.lower, link.upper}:
                known |= {link.lower, link.upper}
    return frozenset(known)


def linked(evidence: Evidence, links: Iterable[ImageLink], wanted: frozenset[str] = frozenset()) -> Evidence:
    """The evidence with the digests that its image got by other doings than the run's, told in its note.

    Args:
        evidence: as it was read.
        links: what is known of pushes.
        wanted: the digests asked for: of several pushes of one build the one that is meant.
    """
    image, links = evidence.run.image, tuple(link for link in links if not link.partial)
    whole = _named(image, links, wanted)
    if whole == image:
        return evidence
    told = clean(" · ".join(filter(None, (str(evidence.note), "tied to what was pushed by the manifest"))))
    return replace(evidence, run=replace(evidence.run, image=whole), note=told)


def of_a_part(evidence: Evidence, links: Iterable[ImageLink], wanted: frozenset[str]) -> Evidence:
    """The evidence as it counts for an index of several platforms of which it checked one: what it met is warned.

    Only for looking at: what is signed or published says what was checked, not what it counts for elsewhere.

    Args:
        evidence: with the digests of its image (see `linked`).
        links: what is known of pushes.
        wanted: the digests asked for.
    """
    image = evidence.run.image
    parts = [link for link in links if link.partial and link.upper in wanted]
    indexes = {link.upper for link in parts}
    if not parts or wanted & image.digests - indexes:  # the very platform is asked for
        return evidence
    part = next((link for link in parts if link.lower in image.digests), None)
    if part is None:  # an engine knows what it pulled by the index that was asked for
        part = next((link for link in parts if link.upper in image.digests), None)
        if part is None:
            return evidence
        part = replace(part, platform=image.platform)
    told = clean(f"checked {part.platform or 'one platform'} only, one of {part.platforms}")
    results = tuple(
        replace(each, state=CheckState.WARNED, sentence=clean(f"{each.sentence}; {told}")) if each.state.met else each
        for each in evidence.run.results
    )
    run = replace(evidence.run, image=replace(image, index_digest=part.upper), results=results)
    return replace(evidence, run=run, note=clean(" · ".join(filter(None, (str(evidence.note), str(told))))))


def _named(image: ImageIdentity, links: tuple[ImageLink, ...], wanted: frozenset[str]) -> ImageIdentity:
    """The manifest of a config or the config of a manifest, then the index of a manifest."""

    def one(found: set[str]) -> str:
        return min(found & wanted or found, default="")

    plain, indexes = ([link for link in links if link.is_index is kind] for kind in (False, True))
    if not image.manifest_digest and image.config_digest:
        image = replace(image, manifest_digest=one({x.upper for x in plain if x.lower == image.config_digest}))
    elif not image.config_digest and image.manifest_digest:
        image = replace(image, config_digest=one({x.lower for x in plain if x.upper == image.manifest_digest}))
    if not image.index_digest and image.manifest_digest:
        image = replace(image, index_digest=one({x.upper for x in indexes if x.lower == image.manifest_digest}))
    return image
