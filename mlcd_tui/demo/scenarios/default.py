"""An evening at a company that serves models: twenty-one services in seven namespaces, each in a state of its own."""

from __future__ import annotations

from mlcd_tui.demo.scenarios import _ads, _models, _payments, _routes, _search
from mlcd_tui.demo.scenarios._build import DAY, Story, ground
from mlcd_tui.demo.store import Store


def start(store: Store) -> None:
    """Fills the store with the past and keeps it moving."""
    story = Story(store, minutes_back=41 * DAY)
    ground(store, ("payments", "ads", "search", "recs", "nlp", "vision"))
    for chapter in (_payments, _ads, _search, _models, _routes):
        chapter.tell(story)


SCENARIO = start
