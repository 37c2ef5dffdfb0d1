"""Finds the plug-ins of a room: its own modules and those that other packages announce by entry points."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    import importlib.metadata

T = TypeVar("T")


class UnknownPluginError(LookupError):
    """A name that no module and no entry point answers to; the sentence lists what there is."""


@dataclass(slots=True)
class Registry(Generic[T]):
    """The plug-ins of one room. `names()` imports none of them, `load(name)` imports exactly one."""

    package: str
    """Dotted package whose public modules are plug-ins, such as `mlcd_tui.engines`."""
    attribute: str
    """Name of the module-level object that is the plug-in, such as `ENGINE`."""
    group: str
    """Entry-point group that other distributions use; each entry names the plug-in object itself."""
    entry_points: Callable[..., importlib.metadata.EntryPoints] | None = None
    """Where entry points come from; None: the installed distributions."""
    _loaded: dict[str, T] = field(default_factory=dict)

    def _own(self) -> set[str]:
        folder = importlib.import_module(self.package).__path__
        return {info.name for info in pkgutil.iter_modules(folder) if not info.name.startswith("_")}

    def _foreign(self) -> dict[str, importlib.metadata.EntryPoint]:
        import importlib.metadata  # late: it brings the whole of email and zipfile along

        found = (self.entry_points or importlib.metadata.entry_points)(group=self.group)
        return {entry.name: entry for entry in found}

    def names(self) -> tuple[str, ...]:
        """All names, sorted; nothing is imported but the package itself."""
        return tuple(sorted(self._own() | set(self._foreign())))

    def load(self, name: str) -> T:
        """The plug-in called `name`.

        Raises:
            UnknownPluginError: nothing is called that; the sentence lists what there is.
        """
        if name in self._loaded:
            return self._loaded[name]
        if name in self._own():
            plugin: T = getattr(importlib.import_module(f"{self.package}.{name}"), self.attribute)
        elif name in (foreign := self._foreign()):
            plugin = foreign[name].load()
        else:
            there_is = ", ".join(self.names()) or "nothing"
            raise UnknownPluginError(f"{name!r} is not known in {self.package}; there is: {there_is}")
        self._loaded[name] = plugin
        return plugin

    def all(self) -> tuple[T, ...]:
        """Every plug-in, loaded, in the order of names."""
        return tuple(self.load(name) for name in self.names())
