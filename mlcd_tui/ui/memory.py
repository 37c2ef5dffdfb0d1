"""What the UI keeps in the state folder: choices for the next launch, saved screens, and its own failures."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from mlcd_tui.config.state import ContextState, State, StateFile
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.refs import RolloutRef
from mlcd_tui.domain.text import clean
from mlcd_tui.ui.viewmodels.filtering import star_key


class Memory:
    """The state file, with what could not be kept told to `complain`."""

    def __init__(self, file: StateFile, folder: Path, complain: Callable[[str], None]) -> None:
        self._file = file
        self.folder = folder
        self._complain = complain
        self._state, self.damage = file.load()

    @property
    def theme(self) -> str:
        """The theme chosen last; empty: none was."""
        return self._state.theme

    def of(self, context: str) -> ContextState:
        """What is remembered of a context."""
        return self._state.of(context)

    def star(self, context: str, ref: RolloutRef) -> None:
        """Make a rollout a favourite, or no longer one."""
        self._keep(lambda: self._file.favourite(context, star_key(ref)))

    def visit(self, context: str, namespace: str) -> None:
        """Remember a namespace as the newest."""
        self._keep(lambda: self._file.visit(context, namespace))

    def sort(self, context: str, column: str, *, descending: bool) -> None:
        """Remember the order of the fleet."""
        self._keep(lambda: self._file.sort(context, column, descending=descending))

    def widen(self, context: str, *, wide: bool) -> None:
        """Remember whether the fleet shows more columns."""
        self._keep(lambda: self._file.wide(context, wide))

    def choose_theme(self, name: str) -> None:
        """Remember the theme."""
        self._keep(lambda: self._file.theme(name))

    @property
    def checks(self) -> tuple[str, str]:
        """Image and plan of the checks that were run last; empty: none were."""
        return self._state.checks

    def check(self, image: str, plan: str) -> None:
        """Remember what is checked by which plan."""
        self._keep(lambda: self._file.check(image, plan))

    def _keep(self, change: Callable[[], State]) -> None:
        try:
            self._state = change()
        except BadConfig as problem:
            self._complain(str(problem))

    def save_text(self, text: str, now: datetime) -> Path | None:
        """Write what is shown into a file of its own; None: it could not be written."""
        file = self.folder / "saved" / f"{now:%Y-%m-%d-%H%M%S}.txt"
        try:
            _append(file, text)
        except OSError as error:
            self._complain(f"{clean(file)} cannot be written: {clean(error.strerror or error)}.")
            return None
        return file

    def record_failure(self, error: BaseException, now: datetime) -> Path:
        """Write the whole story of a failure of the program itself, for a report."""
        file = self.folder / "mlcd-tui.log"
        story = "".join(traceback.format_exception(error))
        try:
            _append(file, f"{now:%Y-%m-%dT%H:%M:%S%z}\n{story}\n")
        except OSError:
            return Path(os.devnull)  # a full disk must not hide the failure itself
        return file


def _append(file: Path, text: str) -> None:
    """Add to a file that only its owner may read: it holds names of services, and messages."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") as out:
        out.write(text)
