"""What a command prints of packages: titled blocks of lines and tables, for terminals or as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import click

from mlcd_tui.cli import output
from mlcd_tui.domain.text import clean

_SPECIAL = re.compile(r"[\\`*_{}\[\]~|$!]")
_LEADING = re.compile(r"^(\s*)([-+=>]|\d+(?=[.)]))")


@dataclass(frozen=True, slots=True)
class Block:
    """A part of what is printed; one that is empty is not."""

    title: str
    lines: tuple[str, ...] = ()
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to print."""
        return not self.lines and not self.rows


def pairs(title: str, items: Iterable[tuple[str, str]]) -> Block:
    """A block of labels and values; those without a value are left out."""
    return Block(title, head=("", ""), rows=tuple((label, value) for label, value in items if value))


def print_blocks(blocks: Iterable[Block], form: str) -> None:
    """Print for a terminal (`table`) or as `markdown`."""
    for line in (_markdown if form == "markdown" else _text)([block for block in blocks if not block.empty]):
        click.echo(line)


def _text(blocks: Sequence[Block]) -> Iterator[str]:
    for place, block in enumerate(blocks):
        if place:
            yield ""
        if block.title:
            yield clean(block.title)
        indent = "  " if block.title else ""
        yield from (f"{indent}{clean(line)}" for line in block.lines)
        if block.rows:
            head, rows = _filled(block)
            lines = output.columns(head, ([str(clean(cell)) for cell in row] for row in rows))
            for number, line in enumerate(lines):
                if number or any(head):
                    yield f"{indent}{line}"


def _filled(block: Block) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Head and rows without the columns that no row fills."""
    kept = [place for place in range(len(block.head)) if any(row[place] for row in block.rows)]
    return tuple(block.head[place] for place in kept), tuple(tuple(row[place] for place in kept) for row in block.rows)


def _markdown(blocks: Sequence[Block]) -> Iterator[str]:
    for place, block in enumerate(blocks):
        if place:
            yield ""
        if block.title:
            yield f"{'##' if place == 0 else '###'} {escaped(block.title)}"
            yield ""
        yield from (f"- {_no_list(escaped(line))}" for line in block.lines)
        if block.rows:
            if block.lines:
                yield ""
            head, rows = _filled(block)
            yield f"| {' | '.join(escaped(title) for title in head)} |"
            yield f"|{'---|' * len(head)}"
            yield from (f"| {' | '.join(escaped(cell) for cell in row)} |" for row in rows)


def escaped(text: str) -> str:
    """Foreign text that Markdown shows as it is: no markup, no links, nobody mentioned, no issue referred to."""
    safe = clean(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _SPECIAL.sub(r"\\\g<0>", safe)
    safe = re.sub(r"[@#](?=\w)", r"\g<0><!-- -->", safe)
    return safe.replace("://", "&#58;//").replace("www.", "www&#46;")


def _no_list(text: str) -> str:
    """The text of a list's item, so that it does not begin another list."""
    return _LEADING.sub(lambda match: f"{match[1]}&#{ord(match[2][0])};{match[2][1:]}", text)
