"""From tones to styles: the only place where a meaning becomes a colour."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rich.segment import Segment
from rich.style import Style as RichStyle
from textual.app import App
from textual.content import Content
from textual.markup import parse_style

from mlcd_tui.ui.viewmodels.spans import Line
from mlcd_tui.ui.viewmodels.tones import Tone


def tone_style(tone: str) -> str:
    """A tone (perhaps with ` bold`) as a style of Textual's content."""
    name, _, rest = tone.partition(" ")
    name = name or Tone.TEXT
    strong = " bold" if rest == "bold" or name == Tone.BRIGHT else ""
    return f"$tone-{name}{strong}"


def content(line: Line) -> Content:
    """A line as content; its text is never read as markup."""
    return Content.assemble(*((span.text, tone_style(span.tone)) for span in line))


def text_block(lines: tuple[Line, ...]) -> Content:
    """Several lines as content."""
    return Content("\n").join(content(line) for line in lines)


@lru_cache(maxsize=512)
def _style(colour: str, background: str, strong: bool) -> RichStyle:  # noqa: FBT001 - the key of a cache
    return parse_style(f"{colour}{' bold' if strong else ''}{f' on {background}' if background else ''}").rich_style


def rich_style(app: App[Any], tone: str, background: str = "") -> RichStyle:
    """A tone for the Line API; `background` names a variable of the style sheets such as `tone-cursor`."""
    name, _, rest = tone.partition(" ")
    variables = app.theme_variables
    colour = variables[f"tone-{name or Tone.TEXT}"]
    return _style(colour, variables[background] if background else "", rest == "bold" or name == Tone.BRIGHT)


def segments(app: App[Any], line: Line, background: str = "") -> list[Segment]:
    """A line for the Line API."""
    return [Segment(span.text, rich_style(app, span.tone, background)) for span in line]
