"""The Package tab of an opened rollout: candidate beside serving, the difference first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from mlcd_tui.domain.package import ModelPackage
from mlcd_tui.domain.package_ports import RolloutPackages, SchemaNote
from mlcd_tui.domain.rollout import RolloutDetail
from mlcd_tui.domain.verdict import PackageDiff
from mlcd_tui.ui.viewmodels.glyphs import UNICODE, Glyphs
from mlcd_tui.ui.viewmodels.package_tab import found, meant, publish_command, side_row, tab_lines
from mlcd_tui.ui.viewmodels.spans import Line, Span, wrap
from mlcd_tui.ui.viewmodels.tones import Tone, bold
from mlcd_tui.ui.widgets.line_view import LinesView, RowList


class PackagePane(Vertical):
    """Both packages above, what differs below. Asks for packages when the images that run are others."""

    DEFAULT_CSS = """
    PackagePane #sides { height: auto; max-height: 30%; }
    """
    HELP = "`enter` opens the package under the cursor, `v` the whole comparison."
    keys = ("v", "enter", "c")
    """Of the whole comparison, of opening and of copying, as they are now; told in the hints."""

    @dataclass
    class Wanted(Message):
        """The packages of these images are asked for."""

        detail: RolloutDetail

    @dataclass
    class Opened(Message):
        """A package was chosen."""

        side: str
        package: ModelPackage

    def compose(self) -> ComposeResult:
        """The list above, the rest below."""
        yield RowList(id="sides")
        yield LinesView(id="fit")

    def on_mount(self) -> None:
        """Nothing was asked yet."""
        self._asked = False
        self._versions: object = None
        self._note: SchemaNote | None = None
        self._packages: RolloutPackages | None = None
        self._problem = ""
        self._namespace = ""
        self._glyphs = UNICODE
        self.query_one("#sides").display = False

    def show(self, detail: RolloutDetail, glyphs: Glyphs, note: SchemaNote | None = None) -> None:
        """Show what is known of the versions of this detail; ask when they, or the word on their schema, are others."""
        self._glyphs, self._namespace = glyphs, detail.rollout.ref.namespace
        versions = meant(detail)
        if versions != self._versions:
            self._versions, self._packages = versions, None
            self._asked = False
        if not self._asked or note != self._note:
            self._asked, self._note, self._problem = True, note, ""
            self.post_message(self.Wanted(detail))
            self._draw()

    def ask_again(self) -> None:
        """Somebody may have published what was missing: the next picture asks anew."""
        self._asked = False

    @property
    def diff(self) -> PackageDiff | None:
        """The comparison of both, where both are there."""
        return self._packages.diff if self._packages is not None else None

    def take(self, packages: RolloutPackages) -> None:
        """The packages were looked for."""
        self._packages, self._problem = packages, ""
        self._draw()

    def fail(self, sentence: str) -> None:
        """They could not be looked for; asked again when the tab is opened again."""
        self._problem = sentence
        self._draw()

    def _draw(self) -> None:
        rows = self.query_one("#sides", RowList)
        sides = found(self._packages) if self._packages is not None else {}
        rows.display = bool(sides)
        had_focus = self.query_one("#fit").has_focus
        if sides:
            shown = list(sides.items())
            rows.show_rows(list(sides), lambda room: [side_row(name, side, room, self._glyphs) for name, side in shown])
            rows.styles.height = len(sides)
            if had_focus:
                rows.focus()
        self.query_one("#fit", LinesView).show(self._lines)

    def _lines(self, room: int) -> Sequence[Line]:
        if self._problem:
            return wrap((Span(self._problem, Tone.BROKEN),), room)
        if self._packages is None:
            return ((Span(f"reading the packages of the images that run{self._glyphs.ellipsis}", Tone.DIM),),)
        compare, opened, copy = self.keys
        lines = tab_lines(
            self._packages, self._namespace, room, self._glyphs, (self.query_one("#sides", RowList).key, copy)
        )
        both = (
            (Span(compare, bold(Tone.WAITS)), Span(" whole comparison   ", Tone.DIM)) if self.diff is not None else ()
        )
        one = any(side.package is not None for side in found(self._packages).values())
        each = (Span(opened, bold(Tone.WAITS)), Span(" package in full", Tone.DIM)) if one else ()
        hint: tuple[Line, ...] = ((*both, *each),) if both or each else ()
        return (*hint, (), *lines)

    def copied(self) -> str:
        """What names the side under the cursor for others; where it has no package, the command that publishes it."""
        side = found(self._packages).get(self.query_one("#sides", RowList).key) if self._packages is not None else None
        if side is None:
            return ""
        return side.digest if side.package is not None else publish_command(side, self._namespace)

    @on(RowList.Moved)
    def _moved(self, event: RowList.Moved) -> None:
        event.stop()
        self.query_one("#fit", LinesView).rebuild()

    @on(RowList.Chosen)
    def _chosen(self, event: RowList.Chosen) -> None:
        event.stop()
        side = found(self._packages).get(event.key) if self._packages is not None else None
        if side is not None and side.package is not None:
            self.post_message(self.Opened(event.key, side.package))

    def focus_first(self) -> None:
        """Keys go to the list, or to the text while there is none."""
        rows = self.query_one("#sides", RowList)
        (rows if rows.display else self.query_one("#fit", LinesView)).focus()
