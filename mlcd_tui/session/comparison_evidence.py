"""Results of comparisons as evidence: signed with the operator's key where there is one, kept, and read back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from mlcd_tui.comparison.statement import read_statement, statement_bytes
from mlcd_tui.comparison.store import ComparisonStore
from mlcd_tui.domain.comparison.report import ComparisonReport
from mlcd_tui.domain.errors import Problem, Unreadable


@dataclass(slots=True)
class ComparisonEvidence:
    """What was compared on this machine. Blocking."""

    store: ComparisonStore = field(default_factory=ComparisonStore)
    _read: dict[str, ComparisonReport | None] = field(default_factory=dict)

    def keep(self, report: ComparisonReport, at: datetime) -> Path:
        """Keep a result; it is never changed again.

        Raises:
            Unreadable: the digests of both images are not known.
            BadConfig: it cannot be written, or the operator's key cannot be used.
        """
        from mlcd_tui.checks.evidence.dsse import envelope_bytes, sign  # late: they bring cryptography along
        from mlcd_tui.checks.evidence.keys import own_key

        data = statement_bytes(report)
        key = own_key()
        return self.store.add(data if key is None else envelope_bytes(sign(data, key)), at)

    def of(self, production: Iterable[str], shadow: Iterable[str], subject: str) -> tuple[ComparisonReport, ...]:
        """Those of exactly these two images, the newest first; then those of the same rollout with other images.

        Args:
            production: digests of the serving version's images.
            shadow: digests of the new version's.
            subject: the rollout, `namespace/name`; empty: none.
        """
        serving, coming = frozenset(production), frozenset(shadow)
        now: list[ComparisonReport] = []
        before: list[ComparisonReport] = []
        for report in self._all():
            if report.production_digest in serving and report.shadow_digest in coming:
                now.append(report)
            elif subject and report.subject == subject:
                before.append(report)
        return (*now, *before)

    def _all(self) -> Iterable[ComparisonReport]:
        for name in self.store.names():
            if name not in self._read:
                data = self.store.read(name)
                self._read[name] = _report(data) if data is not None else None
            report = self._read[name]
            if report is not None:
                yield report


def _report(data: bytes) -> ComparisonReport | None:
    """The report in a file; None: it is none, or it is not what was signed."""
    from mlcd_tui.checks.evidence.dsse import read_envelope, verified
    from mlcd_tui.checks.evidence.keys import trusted_keys
    from mlcd_tui.domain.checks import SignatureState

    try:
        if b'"payload"' not in data[:200]:
            return read_statement(data)
        envelope = read_envelope(data)
        if verified(envelope, trusted_keys()[0]).state is SignatureState.BROKEN:
            return None
        return read_statement(envelope.payload)
    except (Unreadable, Problem):
        return None
