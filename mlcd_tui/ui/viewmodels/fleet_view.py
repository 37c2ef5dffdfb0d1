"""What all cells of the fleet need to know beside their row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.ui.viewmodels.glyphs import Glyphs

if TYPE_CHECKING:  # thirty value classes that the first picture does without
    from mlcd_tui.domain.check_note import CheckNote
    from mlcd_tui.domain.package_ports import SchemaNote


@dataclass(frozen=True, slots=True)
class View:
    """What cells need to know beside their row."""

    glyphs: Glyphs
    now: datetime
    namespaced: bool = False
    """All rows are of one namespace, so it need not be said in each."""
    engines: tuple[tuple[str, str], ...] = ()
    """Name and title of each engine."""
    schemas: Mapping[RolloutRef, SchemaNote] = field(default_factory=dict, compare=False)
    """Whether the schema of what is on its way still fits."""
    checks: Mapping[RolloutRef, CheckNote] = field(default_factory=dict, compare=False)
    """How the image that is on its way stands by its checks."""
