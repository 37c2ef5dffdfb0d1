"""One version of one Deployment, as annotations remember it: `name@revision#uid`.

The revision alone is not enough: a Deployment that is deleted and made anew begins at 1 again, with another version.
"""

from __future__ import annotations

_SHORT = 8


def written(name: str, revision: int, uid: str) -> str:
    """The mark of a Deployment at one revision."""
    return f"{name}@{revision or ''}" + (f"#{uid[:_SHORT]}" if uid else "")


def name_in(note: str) -> str:
    """Whom a mark names."""
    return note.rpartition("@")[0]


def revision_in(note: str) -> str:
    """At which revision; empty where it was not known."""
    return note.rpartition("@")[2].partition("#")[0]


def same(note: str, mark: str) -> bool:
    """Whether an annotation means what `mark` tells of the present; what either does not know is no difference."""
    name = name_in(note)
    return bool(name) and name == name_in(mark) and _agree(note, mark)


def remade(note: str, mark: str) -> bool:
    """Whether it means a Deployment of that name that has been deleted since."""
    uids = note.partition("#")[2], mark.partition("#")[2]
    return name_in(note) == name_in(mark) and all(uids) and uids[0] != uids[1]


def _agree(note: str, mark: str) -> bool:
    revisions, uids = (revision_in(note), revision_in(mark)), (note.partition("#")[2], mark.partition("#")[2])
    return all(not (all(each) and each[0] != each[1]) for each in (revisions, uids))
