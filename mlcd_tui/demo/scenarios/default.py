"""An evening at a company that serves models: nineteen services in six namespaces, each in a state of its own."""

from __future__ import annotations

from mlcd_tui.demo.scenarios import _ads, _models, _payments, _search
from mlcd_tui.demo.scenarios._build import DAY, Story, ground
from mlcd_tui.demo.store import Store


def start(store: Store) -> None:
    """Fills the store with the past and keeps it moving."""
    story = Story(store, minutes_back=41 * DAY)
    ground(store, ("payments", "ads", "search", "recs", "nlp", "vision"))
    for chapter in (_payments, _ads, _search, _models):
        chapter.tell(story)


SCENARIO = start
