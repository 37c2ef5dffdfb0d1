"""What the classic builder leaves beside a stage: images of the stages in between, and of a build that failed.

They are the cache of the next build, and nothing marks them: a label in them would part them from what the operator's
own builds have in the cache. So those that a build of ours has made, and nobody else's, get a name; by it they go when
a later build of the same stage did without them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from docker.errors import APIError

from mlcd_tui.checks.runner.engine import Engine, asked
from mlcd_tui.domain.errors import Problem

REPOSITORY = "mlcd-tui-cache"
_IMAGE = re.compile(r"\s*---> ([0-9a-f]{12})\s*")


@dataclass(slots=True)
class Steps:
    """The steps of one build, as the classic builder tells them."""

    last_run_cached: bool = False
    """Whether the last RUN instruction came from the cache."""
    made: set[str] = field(default_factory=set)
    """Short digests of images that this very build has made."""
    used: set[str] = field(default_factory=set)
    """Those that it took from the cache."""
    _kind: str = ""
    _cached: bool = False

    def hear(self, text: str) -> None:
        """A piece of what the builder says."""
        if text.startswith("Step "):
            self._kind, self._cached = text.partition(" : ")[2].partition(" ")[0].upper(), False
            if self._kind == "RUN":
                self.last_run_cached = False
        elif "---> Using cache" in text:
            self._cached = True
            self.last_run_cached = self.last_run_cached or self._kind == "RUN"
        elif (found := _IMAGE.fullmatch(text)) and self._kind != "FROM":
            (self.used if self._cached else self.made).add(found[1])


def prefix(folder: Path, stage: str = "") -> str:
    """How the names of what is left of a folder's builds begin, or of those of one stage."""
    start = f"{_hash(str(folder.resolve()))}-"
    return f"{start}{_hash(stage)}-" if stage else start


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:10]


def name(engine: Engine, start: str, made: Collection[str], built: str) -> None:
    """Give what a build has made a name, where it has none; `built`, the stage itself, has its label."""
    if not made:
        return
    with suppress(Problem), asked("naming what a build has left"):
        for one in engine.api.images(filters={"dangling": True}):
            short = one["Id"].removeprefix("sha256:")[:12]
            if short in made and short != built.removeprefix("sha256:")[:12]:
                engine.api.tag(one["Id"], REPOSITORY, f"{start}{short}")


def forget(engine: Engine, start: str, kept: Collection[str] = ()) -> None:
    """Remove what older builds have left under names that begin so, but for `kept`."""
    with suppress(Problem), asked("looking for what older builds have left"):
        for one in engine.api.images(name=REPOSITORY):
            for tag in one.get("RepoTags") or ():
                short = tag.rpartition("-")[2]
                if tag.startswith(f"{REPOSITORY}:{start}") and short not in kept:
                    with suppress(APIError):  # another build may use it
                        engine.api.remove_image(tag)
