"""The registry lists without importing, loads exactly one, and says what there is."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
from collections.abc import Callable

import pytest

from mlcd_tui.registry import Registry, UnknownPluginError


def _entry_points(**names: str) -> Callable[..., importlib.metadata.EntryPoints]:
    entries = [importlib.metadata.EntryPoint(name, value, "mlcd_tui.engines") for name, value in names.items()]
    return lambda group: importlib.metadata.EntryPoints(entries).select(group=group)


def test_names_import_no_plugin() -> None:
    code = (
        "import sys; from mlcd_tui.registry import Registry\n"
        "print(*Registry('mlcd_tui.engines', 'ENGINE', 'mlcd_tui.engines').names())\n"
        "print('mlcd_tui.engines.argo' in sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *names, loaded = shown.stdout.split()
    assert {"argo", "deployment", "gateway"} <= set(names)
    assert loaded == "False"


def test_a_foreign_plugin_is_found_by_its_entry_point() -> None:
    registry: Registry[object] = Registry(
        "mlcd_tui.engines", "ENGINE", "mlcd_tui.engines", _entry_points(toy="tests.engines.toy:ENGINE")
    )
    assert "toy" in registry.names()
    assert getattr(registry.load("toy"), "name") == "toy"  # noqa: B009 - the plug-in's type is open here


def test_an_unknown_name_lists_what_there_is() -> None:
    registry: Registry[object] = Registry("mlcd_tui.engines", "ENGINE", "mlcd_tui.engines")
    with pytest.raises(UnknownPluginError, match="argo, deployment"):
        registry.load("spinnaker")
