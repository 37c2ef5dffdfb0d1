"""Where files live: the folders of the XDG standard, or those that the environment names."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

import platformdirs

APP = "mlcd-tui"


def _folder(variable: str, standard: Path) -> Path:
    named = os.environ.get(variable, "").strip()
    return Path(named).expanduser().absolute() if named else standard


def config_dir() -> Path:
    """Folder of `config.toml` and `themes/`; `MLCD_CONFIG_DIR` names another."""
    return _folder("MLCD_CONFIG_DIR", platformdirs.user_config_path(APP))


def state_dir() -> Path:
    """Folder of the audit log and of what the screens remember; `MLCD_STATE_DIR` names another."""
    return _folder("MLCD_STATE_DIR", platformdirs.user_state_path(APP))


def settings_file() -> Path:
    """The settings, whether or not the file is there."""
    return config_dir() / "config.toml"


def user_themes() -> Path:
    """Folder of the user's own theme files."""
    return config_dir() / "themes"


def audit_file() -> Path:
    """The audit log."""
    return state_dir() / "audit.jsonl"


def state_file() -> Path:
    """Favourites, recent namespaces and the like."""
    return state_dir() / "state.json"


def packaged(name: str) -> Path:
    """A folder that ships with the program (`themes`, `sample_configs`), installed or in a checkout."""
    package = Path(str(importlib.resources.files("mlcd_tui")))
    installed = package / "_data" / name
    # A wheel carries the folder inside the package; an editable checkout has it beside the package.
    return installed if installed.is_dir() else package.parent / name
