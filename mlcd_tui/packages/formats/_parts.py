"""What the name of a file tells of its part in a package, and what words for a dataset's use mean."""

from __future__ import annotations

from mlcd_tui.domain.package import ArtifactRole, Split
from mlcd_tui.domain.text import Clean, clean

_WEIGHTS = {
    "safetensors": "safetensors",
    "onnx": "onnx",
    "gguf": "gguf",
    "skops": "skops",
    "tflite": "tflite",
    "ubj": "xgboost",
    "cbm": "catboost",
    "plan": "tensorrt",
    "h5": "hdf5",
    "keras": "keras",
    "npy": "numpy",
    "npz": "numpy",
    "bin": "torch",
    "pt": "torch",
    "pth": "torch",
    "ckpt": "torch",
    "pkl": "pickle",
    "pickle": "pickle",
    "joblib": "joblib",
    "dill": "dill",
}
_PICKLES = frozenset({"bin", "pt", "pth", "ckpt", "pkl", "pickle", "joblib", "dill"})
_SPLITS = {
    Split.TRAIN: ("train", "training", "fit", "finetune", "fine-tuning"),
    Split.VALIDATION: ("validation", "valid", "val", "dev", "eval", "evaluation"),
    Split.TEST: ("test", "testing", "holdout", "held-out"),
}


def weights_format(path: str) -> Clean:
    """The format of weights by the end of the file's name; empty: not told by it."""
    return clean(_WEIGHTS.get(_end(path), ""))


def unsafe(path: str) -> Clean:
    """Why loading such a file may run code, by the end of its name; empty: not known to."""
    end = _end(path)
    if end in _PICKLES:
        return clean(f".{end} may be a pickle, which runs code when loaded")
    if end in ("keras", "h5"):
        return clean(f".{end} may hold Lambda layers, which run code when loaded")
    return clean(".npy may hold pickled objects, which run code when loaded") if end == "npy" else clean("")


def role_of(path: str) -> ArtifactRole:
    """What a file without any other word about it is for."""
    end = _end(path)
    if end in _WEIGHTS:
        return ArtifactRole.WEIGHTS
    if end in ("py", "ipynb", "sh"):
        return ArtifactRole.CODE
    if end in ("md", "txt", "rst", "pdf") or path.rpartition("/")[2].upper().startswith("LICENSE"):
        return ArtifactRole.DOC
    if end in ("json", "yaml", "yml", "toml", "cfg", "ini", "pbtxt"):
        return ArtifactRole.CONFIG
    return ArtifactRole.DATASET if end in ("csv", "parquet", "arrow", "jsonl", "tfrecord") else ArtifactRole.OTHER


def split_of(word: str) -> Split:
    """What a dataset was used for, by the word that a document has for it."""
    plain = word.strip().lower()
    return next((split for split, words in _SPLITS.items() if plain in words), Split.UNKNOWN)


def _end(path: str) -> str:
    name = path.rpartition("/")[2]
    return name.rpartition(".")[2].lower() if "." in name else ""
