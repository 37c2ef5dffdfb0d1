"""Where the program's own failures are written."""

from __future__ import annotations

import logging
import os

_LOG_BYTES = 1_000_000


def log_to_file() -> None:
    """The program's own failures go to a file in the state folder: the terminal belongs to the screen."""
    from mlcd_tui.config import paths

    folder = paths.state_dir()
    root = logging.getLogger("mlcd_tui")
    if root.handlers:
        return
    root.propagate = False
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = folder / "mlcd-tui.log"
        if file.exists() and file.stat().st_size > _LOG_BYTES:
            file.replace(file.with_suffix(".log.1"))
        handler: logging.Handler = logging.FileHandler(file, encoding="utf-8", delay=True)
    except OSError:
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(os.environ.get("MLCD_LOG_LEVEL", "WARNING").upper())
