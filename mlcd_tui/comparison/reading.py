"""Requests and pairs out of files of any known format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mlcd_tui.comparison.lines import Source, any_json
from mlcd_tui.comparison.records import Reader, Record
from mlcd_tui.domain.comparison.joining import Half, Joiner, Side
from mlcd_tui.domain.comparison.pair import Pair, RecordedRequest
from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean
from mlcd_tui.registry import Registry, UnknownPluginError

READERS: Registry[Reader] = Registry("mlcd_tui.comparison.formats", "READER", "mlcd_tui.comparison.formats")
_ROLES = {
    **dict.fromkeys(("production", "stable", "primary", "active"), Side.PRODUCTION),
    **dict.fromkeys(("shadow", "candidate"), Side.SHADOW),
    **dict.fromkeys(("again", "secondary"), Side.AGAIN),
}
_MOST_NAMES = 20


def reader_of(path: Path, named: str = "") -> tuple[Reader, Source]:
    """The reader of a file: the named one, or the first that its beginning fits.

    Raises:
        BadConfig: no such file or reader, or nothing fits.
    """
    source = Source(path)
    head = source.head()
    if named:
        try:
            return READERS.load(named), source
        except UnknownPluginError as error:
            raise BadConfig(f"No format is called {clean(named)}.", advice=_there_is()) from error
    line = head.removeprefix(b"\xef\xbb\xbf").lstrip().partition(b"\n")[0]
    try:
        first = any_json(line)
    except (ValueError, RecursionError):
        first = None
    if first is None and b"\n" not in head and len(head) >= 64 * 1024:
        first = next(iter(source.objects()), (0, None, 0))[1]  # one line that is longer than the look at it
    for reader in READERS.all():
        if reader.fits(head, first):
            return reader, source
    raise BadConfig(f"{clean(path, limit=300)} {_unfit(head)}", advice=f"{_there_is()} Name it with --format.")


def _unfit(head: bytes) -> str:
    """What is wrong with a file that no reader takes."""
    if not head.strip():
        return "is empty."
    if head.startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh")):
        return "is compressed; unpack it first."
    if head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
        return "is one JSON array; write one entry a line (jq -c '.[]')."
    return "is in no known format."


def _there_is() -> str:
    return f"There is: {', '.join(READERS.names())}."


def requests(path: Path, named: str = "") -> Iterator[RecordedRequest]:
    """The requests in a file, in its order; found before the first is asked for.

    Raises:
        BadConfig: as `reader_of`, or the format has no requests.
        Unreadable: while iterating, for a line that cannot be used.
    """
    reader, source = reader_of(path, named)
    if not reader.requests:
        raise BadConfig(f"{reader.title} ({source.shown}) has no requests that could be sent again.")
    return (record.request for record in reader.read(source) if record.request is not None)


@dataclass(slots=True)
class Pairs:
    """Pairs out of one file or several, read side by side.

    Args:
        paths: the files; two without any names in them are production's and the shadow's.
        named: format of all of them; empty: each by what it looks like.
        production: what the logs call the serving version.
        shadow: what they call the other one.
    """

    paths: Sequence[Path]
    named: str = ""
    production: str = ""
    shadow: str = ""
    joiner: Joiner = field(default_factory=Joiner)
    notes: tuple[str, ...] = ()
    """What the formats cannot tell."""
    records: int = 0
    _readers: list[tuple[Reader, Source]] = field(default_factory=list)
    _unknown: dict[str, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Raises `BadConfig` for a file that cannot be used."""
        self._readers = [reader_of(path, self.named) for path in self.paths]
        notes = (f"{reader.title}: {reader.note}" for reader, _ in self._readers if reader.note)
        self.notes = tuple(dict.fromkeys(notes))

    @property
    def title(self) -> str:
        """The formats for the eye."""
        return ", ".join(dict.fromkeys(reader.title for reader, _ in self._readers))

    def __iter__(self) -> Iterator[Pair]:
        """Each pair, as soon as it is whole.

        Raises:
            Unreadable: a line that cannot be used.
            BadConfig: nothing tells which side the answers are of.
        """
        paired = False
        for place, record in self._side_by_side():
            self.records += 1
            if record.pair is not None:
                paired = True
                yield record.pair
                continue
            side = self._side(place, record)
            if side is None:
                for name in record.names:
                    if len(self._unknown) < _MOST_NAMES:
                        self._unknown[name] = None
                continue
            half = Half(record.id, side, record.answer, record.request_hash, record.request, record.final, record.size)
            for pair in self.joiner.add(half):
                paired = True
                yield pair
        for pair in self.joiner.rest():
            paired = True
            yield pair
        if not paired and self._unknown:
            told = ", ".join(str(clean(name, limit=80)) for name in self._unknown)
            raise BadConfig(
                f"Nothing tells which answers are production's and which the shadow's; they are called: {told}.",
                advice="Say it with --production-name and --shadow-name, or give two files, production's first.",
            )

    def _side_by_side(self) -> Iterator[tuple[int, Record]]:
        """Records of all files in turns, so that what belongs together is met together."""
        open_ = [(place, reader.read(source)) for place, (reader, source) in enumerate(self._readers)]
        while open_:
            for entry in tuple(open_):
                place, records = entry
                record = next(records, None)
                if record is None:
                    open_.remove(entry)
                else:
                    yield place, record

    def _side(self, place: int, record: Record) -> Side | None:
        if self.production and self.production in record.names:
            return Side.PRODUCTION
        if self.shadow and self.shadow in record.names:
            return Side.SHADOW
        if self.production or self.shadow:
            both = self.production and self.shadow
            return None if both else Side.SHADOW if self.production else Side.PRODUCTION
        side = next((_ROLES[name] for name in record.names if name in _ROLES), None)
        if side is None and len(self._readers) == 2:
            return (Side.PRODUCTION, Side.SHADOW)[place]
        return side
