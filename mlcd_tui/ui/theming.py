"""Theme files as Textual themes, and a colour for every tone under any theme."""

from __future__ import annotations

from typing import ClassVar

from textual.color import Color
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.theme import BUILTIN_THEMES, Theme

from mlcd_tui.config.themes import ThemeFile
from mlcd_tui.ui.viewmodels.tones import Tone


def to_theme(file: ThemeFile) -> Theme:
    """A theme file as Textual knows themes; its tones become variables of the style sheets."""
    tones = file.tones
    chosen = {
        Tone.NEW: tones.new,
        Tone.STABLE: tones.stable,
        Tone.WAITS: tones.waits,
        Tone.BROKEN: tones.broken,
        Tone.MIRROR: tones.mirror,
        Tone.MOVING: tones.moving,
        Tone.DIM: tones.dim,
        Tone.FAINT: _mix(tones.dim, file.background, 0.42, terminal="ansi_bright_black"),
        Tone.TEXT: file.foreground,
        Tone.BRIGHT: tones.bright,
    }
    return Theme(
        name=file.name,
        primary=file.primary,
        secondary=file.secondary,
        accent=file.accent,
        warning=file.warning,
        error=file.error,
        success=file.success,
        foreground=file.foreground,
        background=file.background,
        surface=file.surface,
        panel=file.panel,
        boost=file.boost,
        dark=file.dark,
        ansi=file.ansi,
        variables={
            **{f"tone-{tone}": colour for tone, colour in chosen.items()},
            "tone-cursor": tones.selected,
            "tone-flash": _mix(tones.selected, tones.new, 0.3),
            "tone-bar": file.surface,
            "footer-background": file.surface,
            **file.variables,
        },
    )


def tone_variables(theme: Theme) -> dict[str, str]:
    """Every tone for any theme, taken from the theme's own colours; a theme that names tones overrides them."""
    system = theme.to_color_system().generate()
    foreground, background = system["foreground"], system["background"]
    tones = {
        Tone.TEXT: foreground,
        Tone.BRIGHT: foreground,
        Tone.DIM: _mix(foreground, background, 0.45),
        Tone.FAINT: _mix(foreground, background, 0.6, terminal="ansi_bright_black"),
        Tone.NEW: system["primary"],
        Tone.STABLE: system["success"],
        Tone.WAITS: system["warning"],
        Tone.BROKEN: system["error"],
        Tone.MIRROR: theme.accent or theme.secondary or theme.primary,
        Tone.MOVING: system["primary"],
    }
    # Textual's style sheets name variables that only its own terminal-colour themes define.
    terminal = BUILTIN_THEMES["ansi-dark" if theme.dark else "ansi-light"].variables if theme.ansi else {}
    return {
        **terminal,
        **{f"tone-{tone}": colour for tone, colour in tones.items()},
        "tone-cursor": _mix(background, system["primary"], 0.18, terminal="ansi_bright_black"),
        "tone-flash": _mix(background, system["primary"], 0.38, terminal="ansi_blue"),
        "tone-bar": system["surface"],
    }


def _mix(first: str, second: str, share: float, *, terminal: str = "") -> str:
    """`first` with a share of `second`; the terminal's own colours cannot be mixed: `terminal`, or `first`."""
    one, two = Color.parse(first), Color.parse(second)
    if one.ansi is not None or two.ansi is not None:
        return terminal or first
    return one.blend(two, share, alpha=1.0).hex


class _PlainBar(ScrollBarRender):
    """A scroll bar without the block characters that make its ends smooth."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


def draw_bars(*, plain: bool) -> None:
    """How scroll bars are drawn from now on; Textual has one way for all of a program."""
    ScrollBar.renderer = _PlainBar if plain else ScrollBarRender
