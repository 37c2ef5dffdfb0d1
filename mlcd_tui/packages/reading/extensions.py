"""What a file's name tells: its format, what it is for, and whether loading it may run code."""

from __future__ import annotations

from mlcd_tui.domain.package import Artifact, ArtifactRole
from mlcd_tui.domain.text import Clean, clean

PICKLE = Clean("pickle runs code when loaded")
_UNSAFE: dict[str, tuple[str, Clean]] = {
    **dict.fromkeys(("pkl", "pickle"), ("pickle", PICKLE)),
    "cloudpickle": ("cloudpickle", PICKLE),
    "dill": ("dill", Clean("dill runs code when loaded")),
    "joblib": ("joblib", Clean("joblib is pickle, which runs code when loaded")),
    **dict.fromkeys(("pt", "pth", "ckpt"), ("pytorch", Clean("PyTorch files are pickle, which runs code when loaded"))),
    "bin": ("pytorch", Clean("PyTorch .bin files are pickle, which runs code when loaded")),
    "mar": ("torchserve", Clean("a TorchServe archive holds code that runs when loaded")),
    **dict.fromkeys(
        ("h5", "hdf5"), ("hdf5", Clean("Keras HDF5 files may hold code (Lambda layers) that runs when loaded"))
    ),
    "keras": ("keras", Clean("Keras files may hold code (Lambda layers) that runs when loaded")),
    **dict.fromkeys(
        ("npy", "npz"), ("numpy", Clean("NumPy files may hold pickled objects, which run code when loaded"))
    ),
    "rds": ("rds", Clean("R data files may run code when loaded")),
}
_SAFE = {
    "safetensors": "safetensors",
    "onnx": "onnx",
    "skops": "skops",
    "gguf": "gguf",
    "tflite": "tflite",
    "ubj": "xgboost",
    "xgb": "xgboost",
    "cbm": "catboost",
    "lgb": "lightgbm",
    "pb": "tensorflow",
    "plan": "tensorrt",
    "engine": "tensorrt",
}
_CODE = ("py", "ipynb", "r", "jl", "sh")
_DOC = ("md", "rst", "txt", "pdf", "html")
_CONFIG = ("json", "yaml", "yml", "toml", "ini", "cfg", "pbtxt", "lock")
_DATA = ("parquet", "csv", "arrow", "feather", "tsv", "avro")
_PACKED = ("gz", "bz2", "xz", "lzma", "z", "zst", "lz4")
"""joblib and pandas read compressed pickles as they are."""
_PLAIN_BIN = ("training_args.bin", "optimizer.bin", "scheduler.bin")


_LIBRARIES = frozenset({"site-packages", "dist-packages", "node_modules", ".git", "__pycache__"})


def is_installed(path: str) -> bool:
    """Whether a file belongs to installed software in an image: its models and cards are no part of the package."""
    return not _LIBRARIES.isdisjoint(path.split("/"))


def suffix_of(path: str) -> str:
    """The extension, in lower case, without its dot; of a compressed file (`model.pkl.gz`) that of what is in it."""
    parts = path.rpartition("/")[2].lower().split(".")
    if len(parts) > 2 and parts[-1] in _PACKED:
        parts.pop()
    return parts[-1] if len(parts) > 1 else ""


def unsafe_reason(path: str) -> Clean:
    """Why loading a file of that name may run code; empty: not known to."""
    return _UNSAFE.get(suffix_of(path), ("", Clean("")))[1]


def may_run_code(path: str) -> bool:
    """Whether a file of a package is to be flagged; `.bin` only where it is named as PyTorch and its users name it."""
    name = path.rpartition("/")[2].lower()
    if suffix_of(name) == "bin":
        return "model" in name or name in _PLAIN_BIN
    return suffix_of(name) in _UNSAFE


def format_of(path: str) -> Clean:
    """The weights format that the extension stands for; empty: none."""
    suffix = suffix_of(path)
    return Clean(_UNSAFE[suffix][0]) if suffix in _UNSAFE else Clean(_SAFE.get(suffix, ""))


def role_of(path: str) -> ArtifactRole:
    """What a file is for, as far as its extension tells."""
    suffix = suffix_of(path)
    if suffix in _UNSAFE or suffix in _SAFE:
        return ArtifactRole.WEIGHTS
    for role, suffixes in (
        (ArtifactRole.CODE, _CODE),
        (ArtifactRole.DOC, _DOC),
        (ArtifactRole.CONFIG, _CONFIG),
        (ArtifactRole.DATASET, _DATA),
    ):
        if suffix in suffixes:
            return role
    return ArtifactRole.OTHER


def artifact_of(path: str, size: int | None, *, role: ArtifactRole | None = None, loader: str = "") -> Artifact:
    """A file of a package by its name alone."""
    return Artifact(
        clean(path),
        role_of(path) if role is None else role,
        format_of(path),
        size,
        loader=clean(loader),
        unsafe=unsafe_reason(path) if may_run_code(path) else Clean(""),
    )
