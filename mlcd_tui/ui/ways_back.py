"""After a switch: hears of a version that answers worse since it took over, and proposes the way back on a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlcd_tui.domain.intent import Intent
from mlcd_tui.domain.ports import Session
from mlcd_tui.ui.trouble import TellingApp

if TYPE_CHECKING:  # its statistics are not needed for the first picture
    from mlcd_tui.domain.post_switch import RollbackOffer

_LATE = 2.0
"""Seconds after the start: the first picture comes first, and offers that stand already are told then."""
_SHOWN = 60.0


class OfferingApp(TellingApp):
    """An app that tells of offered ways back. It never acts by itself: the key opens the usual approval."""

    session: Session

    def propose(self, intent: Intent) -> None:
        """Plan an act and ask for approval."""
        raise NotImplementedError

    def hear_offers(self) -> None:
        """Listen from a moment after the start on, until the end."""
        self._newest: RollbackOffer | None = None
        self._deaf: Callable[[], None] = lambda: None
        self.set_timer(_LATE, self._listen)

    def _listen(self) -> None:
        self._deaf = self.session.traffic.offers(self.guarded(self._offered))

    def end_offers(self) -> None:
        """Listen no more."""
        self._deaf()

    def _offered(self, offer: RollbackOffer) -> None:
        self._newest = offer
        key = self._key()
        tail = f" {key} proposes the way back." if offer.intent is not None and key else ""
        self.notify(
            f"{offer.sentence}{tail}", title="Worse since the switch", severity="error", timeout=_SHOWN, markup=False
        )

    def make_room(self) -> None:
        """An offer that is told already does not cover the buttons of the dialog that it led to."""
        if self._newest is not None and self.session.traffic.offer(self._newest.ref) is not None:
            self.clear_notifications()

    def _key(self) -> str:
        found = (binding for key in self.active_bindings.values() if (binding := key.binding).id == "app.way-back")
        return next((self.get_key_display(binding) for binding in found), "")

    def action_way_back(self) -> None:
        """Propose what was offered last and still stands."""
        newest = self._newest
        standing = self.session.traffic.offer(newest.ref) if newest is not None else None
        if standing is None:
            self.tell("No way back is offered: nothing answers worse since a switch.")
        elif standing.intent is None:
            self.tell(standing.sentence)
        else:
            self.propose(standing.intent)
