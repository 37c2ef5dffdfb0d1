"""Waits for kinds that were just installed."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence


def wait_established(kubectl: Sequence[str], *kinds: str, longest: float = 60) -> None:
    """Until the API server serves these kinds (`crd/NAME`, or `crd`, `--all`).

    `kubectl wait` ends with an error where a kind is so new that it has no conditions yet: it is asked again.

    Raises:
        AssertionError: they are not served within `longest` seconds.
    """
    ask = [*kubectl, "wait", "--for=condition=Established", f"--timeout={longest:g}s", *kinds]
    end = time.monotonic() + longest
    while (done := subprocess.run(ask, check=False, timeout=longest + 30, capture_output=True, text=True)).returncode:
        assert time.monotonic() < end, done.stderr
        time.sleep(0.2)
