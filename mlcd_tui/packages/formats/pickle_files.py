"""Files that can run code when they are loaded: named and flagged, never opened."""

from __future__ import annotations

from dataclasses import dataclass

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import FileEntry, Files
from mlcd_tui.domain.text import clean
from mlcd_tui.packages.reading.document import source_of
from mlcd_tui.packages.reading.extensions import artifact_of, is_installed, may_run_code

_MOST = 200


@dataclass(frozen=True, slots=True)
class PickleFiles:
    """Flags pickle, PyTorch, Keras and NumPy files."""

    name: str = "pickle_files"
    title: str = "Files that can run code"
    patterns: tuple[str, ...] = ()
    """None: their bytes are never needed, a listing is enough."""

    def find(self, files: Files) -> tuple[str, ...]:
        """The first of them: all are described together."""
        return tuple(entry.path for entry in _flagged(files)[:1])

    def read(self, files: Files, path: str) -> ModelPackage:
        """An artifact for each, from its name and size."""
        found = _flagged(files)
        if not found:
            raise Unreadable(f"{clean(files.address)} holds no file that can run code, such as {clean(path)}.")
        warnings = (
            [clean(f"{len(found):,} files can run code when loaded; {_MOST} are listed.")] if found[_MOST:] else []
        )
        artifacts = tuple(artifact_of(entry.path, entry.size) for entry in found[:_MOST])
        raw = [f"{item.path}: {item.unsafe}" for item in artifacts]
        source = source_of(files, path, None, format=self.name, rank=45, warnings=warnings, raw=raw)
        return ModelPackage(artifacts=artifacts, sources=(source,))


def _flagged(files: Files) -> list[FileEntry]:
    return [entry for entry in files.entries() if may_run_code(entry.path) and not is_installed(entry.path)]


FORMAT = PickleFiles()
