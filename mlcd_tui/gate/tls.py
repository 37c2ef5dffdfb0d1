"""The gate's certificate: read again when its files change, since whoever issues it renews it while the gate runs."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mlcd_tui.domain.errors import BadConfig
from mlcd_tui.domain.text import clean

_Stamp = tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class Certificate:
    """A certificate (with its chain) and its key, both PEM."""

    certificate: Path
    key: Path
    said: Callable[[str], None] = lambda _line: None
    """Hears when it was read anew, or could not be."""
    _context: ssl.SSLContext | None = None
    _stamp: _Stamp = field(default=())

    def context(self) -> ssl.SSLContext:
        """What a server is started with; each handshake then takes the certificate as it is at that moment.

        Raises:
            BadConfig: the files cannot be read, or do not belong together.
        """
        self._stamp = self._stamps()
        first = self._context = self._read()
        first.sni_callback = self._at_handshake
        return first

    def _at_handshake(self, connection: ssl.SSLObject, _name: str | None, _first: ssl.SSLContext) -> None:
        try:
            stamp = self._stamps()
            if stamp != self._stamp:
                self._stamp = stamp  # told once, also where the new one is of no use
                self._context = self._read()
                self.said("the certificate was read anew")
        except BadConfig as problem:  # half written, mostly: the one before serves, and the next change is read again
            self.said(f"the certificate before is kept: {problem.sentence}")
        if self._context is not None:
            connection.context = self._context

    def _stamps(self) -> _Stamp:
        try:
            found = [path.stat() for path in (self.certificate, self.key)]
        except OSError as error:
            raise BadConfig(f"Cannot read {clean(str(error.filename))}: {clean(error.strerror or error)}.") from error
        return tuple((each.st_mtime_ns, each.st_size, each.st_ino) for each in found)

    def _read(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            # An empty password: an encrypted key is refused, where OpenSSL would ask the terminal for one.
            context.load_cert_chain(self.certificate, self.key, password="")
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            shown = f"{clean(str(self.certificate))} and {clean(str(self.key))}"
            why = getattr(error, "reason", None) or getattr(error, "strerror", None) or "no PEM"
            raise BadConfig(f"{shown} are no certificate with its key: {clean(why, limit=200)}.") from error
        return context
