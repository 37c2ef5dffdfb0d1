"""What led to an error: libraries wrap a refused connection up to five times."""

from __future__ import annotations

from collections.abc import Iterator

from mlcd_tui.domain.text import Clean, clean

_DEEPEST = 8


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and everything that led to it, groups opened."""
    seen: set[int] = set()
    todo: list[BaseException] = [error]
    while todo:
        one = todo.pop(0)
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        if isinstance(one, BaseExceptionGroup):
            todo.extend(one.exceptions)
        todo.extend(cause for cause in (one.__cause__, one.__context__) if cause is not None)


def innermost(error: BaseException) -> BaseException:
    """The one at the bottom of what was wrapped."""
    for _ in range(_DEEPEST):
        inner = error.__cause__ or error.__context__
        if inner is None:
            break
        error = inner
    return error


def in_words(error: BaseException) -> Clean:
    """The first line of what an error says, without a full stop; its name where it says nothing."""
    text = str(getattr(error, "strerror", None) or "") or str(error)
    line = text.strip().partition("\n")[0].strip().rstrip(".")
    return clean(line or type(error).__name__, limit=200)
