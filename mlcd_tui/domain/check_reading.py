"""Reads a check run's document back: bounded, every text cleaned, and what is wrong is told by the field's name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlcd_tui.domain.checks import CheckRun
from mlcd_tui.domain.document import API_VERSION
from mlcd_tui.domain.document_object import DocumentReader
from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.text import clean

_READER = DocumentReader("check run", most_items=100_000)


def run_from_document(value: Any) -> CheckRun:
    """The run that `run_document` wrote; what it does not know is passed over.

    Raises:
        Unreadable: it is no such document; the sentence names the field. Nothing else is ever raised.
    """
    if not isinstance(value, Mapping):
        raise Unreadable("The check run is no JSON object.")
    head = (value.get("apiVersion"), value.get("kind"))
    if head != (API_VERSION, "CheckRun"):
        shown = " ".join(clean(part, limit=60) for part in head)
        raise Unreadable(f"The check run's document is of kind {shown}, not {API_VERSION} CheckRun.")
    run: CheckRun = _READER.read(CheckRun, value)
    names = [result.name for result in run.results]
    if len(set(names)) < len(names):
        raise Unreadable("The check run has two results of one name.")
    return run
