"""What words for a dataset's use mean."""

from __future__ import annotations

from mlcd_tui.domain.package import Split

_WORDS = {
    Split.TRAIN: ("train", "training", "fit", "finetune", "fine-tuning"),
    Split.VALIDATION: ("validation", "valid", "val", "dev", "eval", "evaluation"),
    Split.TEST: ("test", "testing", "holdout", "held-out"),
}


def split_of(word: str) -> Split:
    """What a dataset was used for, by the word that a document has for it."""
    plain = word.strip().lower()
    return next((split for split, words in _WORDS.items() if plain in words), Split.UNKNOWN)
