"""Labels and annotations of container images and OCI artifacts, as the OCI image specification names them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcd_tui.domain.package import ModelPackage, Training
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.formats import _oci, _sniff
from mlcd_tui.packages.reading.document import source_of
from mlcd_tui.packages.reading.fields import Notes

_STANDARD = "org.opencontainers.image."
_OURS = "mlcd.dev/"
_MARKS = (_STANDARD.encode(), _OURS.encode())
_SLUG = re.compile(r"[a-z0-9][a-z0-9._/-]*")
_MOST = 500


@dataclass(frozen=True, slots=True)
class _OciLabels:
    name: str = "oci_labels"
    title: str = "OCI image labels"
    patterns: tuple[str, ...] = _oci.PATTERNS

    def find(self, files: Files) -> tuple[str, ...]:
        """One document per folder: those beside it are read along with it."""
        found: dict[str, str] = {}
        for names in (_oci.MANIFESTS, _oci.CONFIGS, _oci.INDEXES):
            for path in _sniff.called(files, names):
                folder = path.rpartition("/")[0]
                if folder not in found and any(_sniff.mentions(files, path, mark) for mark in _MARKS):
                    found[folder] = path
        return tuple(found.values())

    def read(self, files: Files, path: str) -> ModelPackage:
        notes = Notes(path)
        found = _oci.documents(files, path, notes)
        said = _Said(notes)
        said.add("manifest annotation", notes.mapping(found.manifest.get("annotations"), "annotations"))
        said.add("label", _oci.labels(found, notes))
        said.add("index annotation", _index_annotations(found.index, notes))
        package = _package(said, found, notes)
        source = source_of(files, path, found.data, format=self.name, rank=30, warnings=notes.warnings)
        return replace(package, sources=(source,))


FORMAT = _OciLabels()


class _Said:
    """What labels and annotations say; the first place that has a key is the one that counts."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._values: dict[str, tuple[Clean, str]] = {}

    def add(self, place: str, pairs: Mapping[str, Any]) -> None:
        """Adds a place of lower precedence."""
        ours = ((key, value) for key, value in pairs.items() if key.startswith((_STANDARD, _OURS)))
        for key, value in list(ours)[:_MOST]:
            text = self._notes.text(value, key)
            kept, where = self._values.setdefault(key, (text, place))
            if text and kept != text:
                self._notes.warn(
                    key, f"is “{clean(text, limit=80)}” as {place}; the {where} “{clean(kept, limit=80)}” is used"
                )

    def of(self, key: str) -> Clean:
        """The value of a standard key; empty: not there."""
        return self._values.get(f"{_STANDARD}{key}", (Clean(""), ""))[0]

    def ours(self, key: str) -> Clean:
        """The value of one of our own keys."""
        return self._values.get(f"{_OURS}{key}", (Clean(""), ""))[0]

    def tags(self) -> tuple[tuple[Clean, Clean], ...]:
        """All of our own."""
        return tuple((clean(key), value) for key, (value, _) in self._values.items() if key.startswith(_OURS))

    def origins(self) -> tuple[tuple[Clean, Clean], ...]:
        """Where each standard one stands."""
        return tuple(
            (clean(f"{key} ({place})"), value)
            for key, (value, place) in self._values.items()
            if key.startswith(_STANDARD)
        )


def _index_annotations(index: Mapping[str, Any], notes: Notes) -> Mapping[str, Any]:
    """Of the index, and of the image in it where there is but one."""
    own = notes.mapping(index.get("annotations"), "index annotations")
    images = notes.mappings(index.get("manifests"), "index manifests")
    single = notes.mapping(images[0].get("annotations"), "index manifests[0].annotations") if len(images) == 1 else {}
    return {**single, **own}


def _package(said: _Said, found: _oci.OciDocuments, notes: Notes) -> ModelPackage:
    title = said.of("title")
    base = said.of("base.name")
    created = said.of("created") or found.config.get("created")
    authors, licences = said.of("authors"), said.of("licenses")
    platform = "/".join(filter(None, (notes.text(found.config.get(key), key) for key in ("os", "architecture"))))
    return ModelPackage(
        name=said.ours("name") or (title if _SLUG.fullmatch(title) else Clean("")),
        version=said.ours("version") or said.of("version"),
        title=title,
        description=said.of("description"),
        created=notes.moment(created, "created"),
        authors=(authors,) if authors else (),
        licences=(licences,) if licences else (),
        task=said.ours("task"),
        status=said.ours("status"),
        training=Training(
            code_uri=said.of("source"),
            revision=said.of("revision"),
            environment=((clean("base image"), base),) if base else (),
        ),
        tags=said.tags(),
        extra=(*said.origins(), *(((clean("platform"), clean(platform)),) if platform else ())),
    )
