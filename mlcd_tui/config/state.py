"""What the screens remember between two launches: favourites, recent namespaces, sort, theme."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from mlcd_tui.config import paths
from mlcd_tui.config.whole_file import write_whole
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

RECENT = 9
"""Recent namespaces kept: the keys 1 to 9."""


class ContextState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is remembered of one context."""

    favourites: Annotated[tuple[str, ...], Meta(max_length=10_000)] = ()
    """`engine/namespace/name` of each."""
    namespaces: Annotated[tuple[str, ...], Meta(max_length=RECENT)] = ()
    """The newest first."""
    sort: str = ""
    """Id of a column; empty is the order of attention."""
    descending: bool = False
    wide: bool | None = None
    """Whether the fleet shows more columns; null: where there is room for them."""


class State(msgspec.Struct, frozen=True, omit_defaults=True):
    """The whole file."""

    theme: str = ""
    """The theme chosen last; empty: as the settings say."""
    checks: tuple[str, str] = ("", "")
    """Image and plan of the checks that were run last."""
    contexts: dict[str, ContextState] = {}

    def of(self, context: str) -> ContextState:
        """What is remembered of a context."""
        return self.contexts.get(context, ContextState())


class StateFile:
    """The file, read once and written whole. Every change reads it anew, so that two sessions add up."""

    def __init__(self, path: Path | None = None) -> None:
        """Use the file at `path`, by default the one in the state folder. Nothing is touched yet."""
        self.path = path or paths.state_file()

    def load(self) -> tuple[State, str]:
        """What is remembered, and a sentence when the file was no use (it is kept aside), else empty."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=State), ""
        except FileNotFoundError:
            return State(), ""
        except OSError as error:
            return (
                State(),
                f"{clean(self.path)} cannot be read: {clean(error.strerror or error)}; nothing is remembered.",
            )
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            aside = self.path.with_name(self.path.name + ".bad")
            with contextlib.suppress(OSError):
                self.path.replace(aside)
            return (
                State(),
                f"{clean(self.path)} is damaged ({clean(error)}); it was kept as {aside.name}, to begin anew.",
            )

    def favourite(self, context: str, key: str) -> State:
        """Make a rollout a favourite, or no longer one."""

        def toggle(state: ContextState) -> ContextState:
            kept = tuple(name for name in state.favourites if name != key)
            return msgspec.structs.replace(
                state, favourites=kept if len(kept) < len(state.favourites) else (*kept, key)
            )

        return self._change(context, toggle)

    def visit(self, context: str, namespace: str) -> State:
        """Remember a namespace as the newest."""

        def visited(state: ContextState) -> ContextState:
            others = (name for name in state.namespaces if name != namespace)
            return msgspec.structs.replace(state, namespaces=(namespace, *others)[:RECENT])

        return self._change(context, visited)

    def sort(self, context: str, column: str, *, descending: bool = False) -> State:
        """Remember the order of the fleet."""
        return self._change(context, lambda state: msgspec.structs.replace(state, sort=column, descending=descending))

    def wide(self, context: str, wide: bool) -> State:  # noqa: FBT001 - the one thing it is about
        """Remember whether the fleet shows more columns."""
        return self._change(context, lambda state: msgspec.structs.replace(state, wide=wide))

    def theme(self, name: str) -> State:
        """Remember the theme."""
        return self._save(msgspec.structs.replace(self.load()[0], theme=name))

    def check(self, image: str, plan: str) -> State:
        """Remember what was checked by which plan."""
        return self._save(msgspec.structs.replace(self.load()[0], checks=(image, plan)))

    def _change(self, context: str, change: Callable[[ContextState], ContextState]) -> State:
        state, _ = self.load()
        return self._save(
            msgspec.structs.replace(state, contexts={**state.contexts, context: change(state.of(context))})
        )

    def _save(self, state: State) -> State:
        """Write the whole file beside the old one, then put it in its place.

        Raises:
            BadConfig: it cannot be written; what was remembered before still is.
        """
        folder = self.path.parent
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_whole(self.path, msgspec.json.format(msgspec.json.encode(state)) + b"\n")
        except OSError as error:
            raise BadConfig(f"{clean(self.path)} cannot be written: {clean(error.strerror or error)}.") from error
        return state
