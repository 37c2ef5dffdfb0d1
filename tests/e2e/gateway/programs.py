"""Where build.sh left the programs of the data plane."""

from __future__ import annotations

import os
from pathlib import Path

HERE = Path(__file__).parent


def folder() -> Path:
    """The cache that all checkouts share."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("LAB") or cache / "mlcd-tui" / "lab")


def envoy_binary() -> Path:
    """Envoy itself, as its package on the Python index ships it."""
    (found,) = (folder() / "venvs" / "gateway").glob("lib/python*/site-packages/envoy/_bin/envoy")
    return found


def echo_server() -> Path:
    """The echo server of the conformance suite."""
    return folder() / "bin" / "gateway-echo"


def conformance_suite() -> Path:
    """The compiled conformance tests."""
    return folder() / "bin" / "gateway-conformance.test"
