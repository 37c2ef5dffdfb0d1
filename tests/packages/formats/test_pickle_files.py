from __future__ import annotations

from mlcd_tui.packages.formats.pickle_files import FORMAT
from tests.packages.memory_files import MemoryFiles


def test_files_that_run_code_are_flagged_and_never_opened() -> None:
    names = [
        "model.pkl",
        "deep/model.joblib",
        "net.pt",
        "pytorch_model.bin",
        "k.keras",
        "w.npy",
        "m.pkl.gz",
        "m.joblib.xz",
    ]
    others = [
        "model.safetensors",
        "model.onnx.gz",
        "pkl.gz",
        "data.bin",
        "README.md",
        "lib/site-packages/numpy/test.npy",
    ]
    files = MemoryFiles(dict.fromkeys((*names, *others), b"cos\nsystem\n(S'id'\ntR."))
    assert FORMAT.find(files) == ("model.pkl",)
    package = FORMAT.read(files, "model.pkl")
    assert [one.path for one in package.artifacts] == names
    assert all("code" in one.unsafe for one in package.artifacts)
    assert package.artifacts[0].unsafe == "pickle runs code when loaded"
    assert files.reads == []


def test_a_flood_of_them_is_capped_and_told() -> None:
    files = MemoryFiles({f"{number}.pkl": b"" for number in range(1000)})
    package = FORMAT.read(files, "0.pkl")
    assert len(package.artifacts) == 200
    assert package.sources[0].warnings == ("1,000 files can run code when loaded; 200 are listed.",)


def test_safe_files_alone_are_nothing_to_read() -> None:
    assert FORMAT.find(MemoryFiles({"model.onnx": b"", "model.safetensors": b""})) == ()
