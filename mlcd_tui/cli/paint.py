"""Colour and signs of printed text: both only where the reader's terminal shows them, and never without a word."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass

import click

from mlcd_tui.domain.text import clean
from mlcd_tui.ui.viewmodels.glyphs import ASCII, UNICODE, Glyphs

_TONES = {
    "green": {"Healthy", "Running", "Successful", "Completed"},
    "yellow": {"Paused", "Inconclusive"},
    "red": {"Degraded", "Failed", "Error", "ReplicaFailure"},
    "blue": {"Progressing", "Pending", "ContainerCreating", "PodInitializing", "Terminating"},
}
_BROKEN = ("BackOff", "Err", "Error", "Failed", "OOMKilled", "Evicted", "Invalid")


@dataclass(frozen=True, slots=True)
class Paint:
    """How to print to one reader."""

    colour: bool = False
    ascii: bool = False

    @property
    def glyphs(self) -> Glyphs:
        """The signs."""
        return ASCII if self.ascii else UNICODE

    def __call__(self, text: str, tone: str) -> str:
        """The text in a tone (`red`, `dim` …), where there is colour."""
        if not self.colour or not tone or not text:
            return text
        return click.style(text, dim=True) if tone == "dim" else click.style(text, fg=tone)

    def status(self, word: str, *, tone: str = "") -> str:
        """A status: its sign, its word; in the tone that the word has, if no other is given."""
        if not word:
            return ""
        tone = tone or _tone(word)
        signs = self.glyphs
        sign = {
            "green": signs.healthy,
            "yellow": signs.paused,
            "red": signs.degraded,
            "blue": signs.progressing,
            "dim": signs.dot,
        }[tone]
        return self(f"{sign} {clean(word)}", tone)


def _tone(word: str) -> str:
    for tone, words in _TONES.items():
        if word in words:
            return tone
    if word.endswith(_BROKEN):
        return "red"
    return "blue" if word.startswith("Init:") else "dim"


def to_stdout(*, ascii_only: bool) -> Paint:
    """How to print to standard output: coloured in a terminal, unless `NO_COLOR` is set or the terminal is dumb."""
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return Paint(colour=sys.stdout.isatty() and not plain, ascii=ascii_only)
