"""Runs kept on this machine: one file each, never changed, found by every digest of their image.

`runs/<moment>-<id>.json` is the evidence, `digests/<hex>/<the same name>` is empty and only there to be found,
`manifests/<hex>.json` ties a build to its push, `logs/<hex>.log` is what a check wrote.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path

from mlcd_tui.checks.evidence.keys import PublicKey
from mlcd_tui.checks.evidence.reading import Seal, read_evidence, seal_with
from mlcd_tui.checks.evidence.statement import MOST_BYTES
from mlcd_tui.config import paths
from mlcd_tui.config.whole_file import write_new
from mlcd_tui.domain.checks import CheckRun, Evidence
from mlcd_tui.domain.digest import sha256_of
from mlcd_tui.domain.errors import BadConfig, Conflict, Missing, Problem, Unreadable
from mlcd_tui.domain.image_link import MOST_BYTES as MOST_MANIFEST
from mlcd_tui.domain.image_link import ImageLink, alike, linked, links_of, of_a_part
from mlcd_tui.domain.text import Clean, clean

MOST_LOG = 4 << 20
"""Bytes kept of one log: its head and its tail."""
MOST_LOGS = 256 << 20
"""Bytes of all logs; the oldest go first."""
MOST_READ = 200
"""Runs of one image that are read."""
_HERE = "this machine"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,120}")
_HEX = re.compile(r"(?:sha256:)?([0-9a-f]{64})")
_CUT = b"\n[... %d bytes left out ...]\n"


@dataclass(frozen=True, slots=True)
class Kept:
    """Evidence, newest first, and a sentence for each file that was passed over."""

    evidence: tuple[Evidence, ...] = ()
    troubles: tuple[Clean, ...] = ()


@dataclass(frozen=True, slots=True)
class KeptLog:
    """A log as it was kept."""

    data: bytes
    intact: bool
    """Whether it is what was kept after the run, proven by the digest that the run's evidence names."""


def check_folder() -> Path:
    """Where checks keep what they know, in the state folder."""
    return paths.state_dir() / "checks"


@dataclass(slots=True)
class EvidenceStore:
    """The store; nothing is touched before it is asked something. Blocking; safe for any number of writers."""

    folder: Path = field(default_factory=check_folder)
    trusted: Sequence[PublicKey] = ()
    """Keys that signatures are verified with."""
    seal: Seal = field(default_factory=lambda: seal_with(None))
    """Makes evidence of a run: signed where there is a key."""

    # --- runs ---------------------------------------------------------------------------------------------

    def add(self, run: CheckRun) -> Evidence:
        """Keep a run. Returns it as it will be read back.

        Raises:
            Unreadable: its image has no digest, or it is too large even without findings.
            Conflict: a run of that id is kept already; nothing is ever overwritten.
            BadConfig: it cannot be written; nothing was kept.
        """
        return self.put(self.seal(run, MOST_BYTES))

    def put(self, data: bytes) -> Evidence:
        """Keep evidence from elsewhere exactly as it is. Raises as `add` does."""
        evidence = self._read(data)
        run = evidence.run
        moment = (run.finished or run.started).astimezone(UTC)
        mark = run.id if _NAME.fullmatch(run.id) else hashlib.sha256(data).hexdigest()[:16]
        name = f"{moment:%Y%m%dT%H%M%S%f}-{mark}.json"
        with self._writing():
            for digest in run.image.digests:
                if found := _HEX.fullmatch(digest):
                    place = self.folder / "digests" / found[1]
                    _make(place)
                    (place / name).touch(mode=0o600)  # first: a name without a run is passed over, not the reverse
            if not _write_new(self.folder / "runs" / name, data):
                raise Conflict(f"Run {clean(run.id)} is kept already; nothing is overwritten.")
        return evidence

    def runs(self, limit: int = 100) -> Kept:
        """The newest runs on this machine; costs as many files as are asked for."""
        return self._load(sorted(_names(self.folder / "runs"), reverse=True), limit)

    def by_digest(self, digests: Iterable[str], links: Iterable[ImageLink] = ()) -> Kept:
        """The runs of an image by any of its digests, also those that a later push tied to it.

        Args:
            digests: of the image.
            links: what is known of pushes beside what is remembered here.
        """
        links = (*self.links(), *links)
        names: set[str] = set()
        wanted = frozenset(digests)
        for digest in alike(wanted, links):
            if found := _HEX.fullmatch(digest):
                names.update(_names(self.folder / "digests" / found[1]))
        kept = self._load(sorted(names, reverse=True), MOST_READ, absent_is_fine=True)
        named = (of_a_part(linked(each, links, wanted), links, wanted) for each in kept.evidence)
        return Kept(tuple(named), kept.troubles)

    def run(self, run_id: str) -> Evidence:
        """One run. Raises `Missing`, or `Unreadable` where its file is damaged."""
        return self._read(self.raw(run_id))

    def raw(self, run_id: str) -> bytes:
        """A run's evidence exactly as it is kept, to be published or exported. Raises `Missing`."""
        for name in _names(self.folder / "runs"):
            if name.partition("-")[2] == f"{run_id}.json":
                return _bounded(self.folder / "runs" / name, MOST_BYTES)
        raise Missing(f"No run {clean(run_id)} is kept on this machine.", advice="`mlcd-tui checks show` lists them.")

    def _load(self, names: Iterable[str], limit: int, *, absent_is_fine: bool = False) -> Kept:
        found: list[Evidence] = []
        troubles: list[Clean] = []
        for name in names:
            if len(found) + len(troubles) >= limit:
                break
            path = self.folder / "runs" / name
            try:
                found.append(self._read(_bounded(path, MOST_BYTES)))
            except FileNotFoundError:
                if not absent_is_fine:
                    troubles.append(clean(f"{path} vanished while it was read."))
            except (OSError, Unreadable) as error:
                why = error.sentence if isinstance(error, Problem) else error.strerror or error
                troubles.append(clean(f"{path} is passed over: {why}", limit=600))
        return Kept(tuple(found), tuple(troubles))

    def _read(self, data: bytes) -> Evidence:
        return read_evidence(data, self.trusted, _HERE)

    # --- which digests mean the same image --------------------------------------------------------------------

    def link(self, manifest: bytes) -> tuple[ImageLink, ...]:
        """Remember what a push made of an image, from the bytes of its manifest or index.

        Raises:
            Unreadable: they are neither.
            BadConfig: it cannot be written.
        """
        links = links_of(manifest)
        with self._writing():
            _write_new(self.folder / "manifests" / f"{links[0].upper.removeprefix('sha256:')}.json", manifest)
        return links

    def stamp(self) -> tuple[int, ...]:
        """Another one whenever a run or a push was remembered, by whatever process."""
        return tuple(_changed(self.folder / name) for name in ("runs", "manifests"))

    def links(self) -> tuple[ImageLink, ...]:
        """All that is known of builds and their pushes; a file whose bytes are not those of its name says nothing."""
        found: list[ImageLink] = []
        for name in _names(self.folder / "manifests"):
            with contextlib.suppress(OSError, Unreadable):
                links = links_of(_bounded(self.folder / "manifests" / name, MOST_MANIFEST))
                if links[0].upper == f"sha256:{name.removesuffix('.json')}":
                    found += links
        return tuple(found)

    # --- logs ---------------------------------------------------------------------------------------------

    def add_log(self, data: bytes) -> tuple[str, int]:
        """Keep a log, its middle left out where it is large. Returns digest and size of what is kept of it.

        Raises:
            BadConfig: it cannot be written.
        """
        if len(data) > MOST_LOG:
            half = MOST_LOG // 2 - 64
            data = data[:half] + _CUT % (len(data) - 2 * half) + data[-half:]
        digest = sha256_of(data)
        with self._writing():
            _write_new(self._log(digest), data)
            self._make_room()
        return digest, len(data)

    def log(self, digest: str) -> KeptLog:
        """A log by its digest. Raises `Missing`."""
        try:
            data = _bounded(self._log(digest), MOST_LOG)
        except OSError:
            told = clean(digest, limit=80)
            raise Missing(f"The log {told} is not on this machine: it was written elsewhere, or made room.") from None
        return KeptLog(data, sha256_of(data) == digest)

    def _log(self, digest: str) -> Path:
        found = _HEX.fullmatch(digest)
        if found is None:
            raise Missing(f"{clean(digest, limit=80) or 'Nothing'} is no digest of a log.")
        return self.folder / "logs" / f"{found[1]}.log"

    def _make_room(self) -> None:
        logs = []
        for path in (self.folder / "logs").glob("*.log"):
            with contextlib.suppress(FileNotFoundError):  # another writer makes room as well
                about = path.stat()
                logs.append((about.st_mtime_ns, about.st_size, path))
        total = sum(size for _, size, _ in logs)
        for _, size, path in sorted(logs):
            if total <= MOST_LOGS:
                return
            path.unlink(missing_ok=True)
            total -= size

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise BadConfig(
                f"Nothing can be kept in {clean(self.folder)}: {clean(error.strerror or error)}.",
                advice="Free the disk, mend the rights, or set MLCD_STATE_DIR.",
            ) from error


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in os.scandir(folder) if entry.name.endswith(".json")]
    except OSError:
        return []


def _changed(folder: Path) -> int:
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def _bounded(path: Path, most: int) -> bytes:
    """A file's bytes. Of a pipe nothing is waited for: anything but a file is passed over."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise Unreadable("it is no file.")
    with os.fdopen(handle, "rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise Unreadable(f"it has more than {most >> 20} MiB.")
    return data


def _make(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def _write_new(path: Path, data: bytes) -> bool:
    """As `write_new`, its folder made where there is none."""
    _make(path.parent)
    return write_new(path, data)
