"""The real command in a process of its own, as a script would call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PROGRAM = str(Path(sys.executable).parent / "mlcd-tui")


@dataclass(frozen=True, slots=True)
class Said:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)


def mlcd(*arguments: str, program: tuple[str, ...] = (PROGRAM,), seconds: float = 60, **env: str) -> Said:
    """Run it without a terminal; it never asks, and never shows a traceback."""
    done = subprocess.run(
        [*program, *arguments],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=seconds,
        env={**os.environ, **env},
        check=False,
    )
    assert "Traceback" not in done.stderr + done.stdout, done.stderr
    return Said(done.returncode, done.stdout, done.stderr)
