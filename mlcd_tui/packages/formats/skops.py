"""skops: which types a model is made of, from the archive's schema.json; nothing is loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Artifact, ArtifactRole, Dependency, ModelPackage
from mlcd_tui.domain.package_ports import Files
from mlcd_tui.domain.text import Clean, clean
from mlcd_tui.packages.reading.document import base_name, size_of, source_of
from mlcd_tui.packages.reading.extensions import is_installed
from mlcd_tui.packages.reading.fields import Notes
from mlcd_tui.packages.reading.json import load_json
from mlcd_tui.packages.reading.zip import members, read_member

_MOST_SCHEMA = 4 << 20
_MOST_LINES = 500
_TRUSTED = ("builtins", "sklearn", "numpy", "scipy")
"""Libraries whose types skops loads unasked; all others must be trusted by whoever loads the model."""
_VERSION_KEY = "_skops_version"


@dataclass(frozen=True, slots=True)
class Skops:
    """Reads `*.skops`."""

    name: str = "skops"
    title: str = "skops"
    patterns: tuple[str, ...] = ("*.skops",)

    def find(self, files: Files) -> tuple[str, ...]:
        """Files called `*.skops`."""
        paths = (entry.path for entry in files.entries() if entry.path.lower().endswith(".skops"))
        return tuple(path for path in paths if not is_installed(path))

    def read(self, files: Files, path: str) -> ModelPackage:
        """The model's class, the types in it and whether some need trust."""
        notes = Notes(base_name(path))
        listing = members(files, path)
        member = next((one for one in listing if one.name == "schema.json"), None)
        if member is None:
            raise Unreadable(f"{clean(path)} is no skops model: it holds no schema.json.")
        data = read_member(files, path, member, limit=_MOST_SCHEMA)
        document = load_json(data, f"{path}: schema.json", limit=_MOST_SCHEMA)
        if not isinstance(document, Mapping):
            raise Unreadable(f"{clean(path)}: schema.json is no map.")
        types = _types(document)
        foreign = sorted(name for name in types if name.partition(".")[0] not in _TRUSTED)
        unsafe = f"needs trust in {', '.join(foreign[:5])}{' …' if foreign[5:] else ''} when loaded" if foreign else ""
        version = notes.text(document.get(_VERSION_KEY), _VERSION_KEY, limit=100)
        raw = [f"{name} × {count}" for name, count in types.most_common(_MOST_LINES)]
        raw += [f"{one.name}: {one.size:,} bytes" for one in listing[:_MOST_LINES]]
        return ModelPackage(
            architecture=_type_of(document) or Clean(""),
            artifacts=(
                Artifact(
                    clean(path),
                    ArtifactRole.WEIGHTS,
                    Clean("skops"),
                    size_of(files, path),
                    loader=Clean("skops"),
                    unsafe=clean(unsafe),
                ),
            ),
            dependencies=(Dependency(Clean("skops"), version),) if version else (),
            extra=((Clean("types"), clean(", ".join(sorted(types)))),),
            sources=(source_of(files, path, None, format=self.name, rank=45, warnings=notes.warnings, raw=raw),),
        )


def _types(document: Mapping[str, Any]) -> Counter[Clean]:
    """How often each type appears anywhere in the tree."""
    found: Counter[Clean] = Counter()
    waiting: list[Any] = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mapping):
            kind = _type_of(node)
            if kind:
                found[kind] += 1
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def _type_of(node: Mapping[str, Any]) -> Clean | None:
    kind, module = node.get("__class__"), node.get("__module__")
    if not isinstance(kind, str) or not isinstance(module, str):
        return None
    return clean(f"{module}.{kind}", limit=200)


FORMAT = Skops()
