"""Versions and names of libraries, as far as telling changes needs them: the leading numbers of a version."""

from __future__ import annotations

import re
from functools import lru_cache

_VERSION = re.compile(r"(?:(?P<epoch>\d{1,9})!)?(?P<release>\d{1,9}(?:\.\d{1,9})*)")


def normal_name(name: str) -> str:
    """`Scikit_Learn` → `scikit-learn`."""
    return re.sub(r"[-_.]+", "-", name).casefold()


@lru_cache(maxsize=4096)
def _numbers(version: str) -> tuple[int, tuple[int, ...]] | None:
    """Epoch and release of the first version that a requirement names (`>=2.1,<3`: 2.1)."""
    match = _VERSION.search(version)
    if match is None:
        return None
    return int(match["epoch"] or 0), tuple(int(number) for number in match["release"].split("."))


def major(version: str) -> tuple[int, int] | None:
    """Epoch and first number; None where none is named."""
    numbers = _numbers(version)
    return None if numbers is None else (numbers[0], numbers[1][0])


def is_older(version: str, than: str) -> bool:
    """Whether a version is certainly an earlier one; suffixes such as `rc1` are not weighed."""
    mine, other = _numbers(version), _numbers(than)
    if mine is None or other is None:
        return False
    length = max(len(mine[1]), len(other[1]))
    padded = [(epoch, release + (0,) * (length - len(release))) for epoch, release in (mine, other)]
    return padded[0] < padded[1]
