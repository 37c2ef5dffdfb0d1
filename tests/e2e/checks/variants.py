"""Each sample model broken in one way at a time: what is changed, and what its one failing check has to say."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Edit:
    """One text of a file, which stands there once, replaced by another."""

    file: str
    old: str
    new: str

    def apply(self, folder: Path) -> None:
        """Change the file."""
        path = folder / self.file
        text = path.read_text(encoding="utf-8")
        assert text.count(self.old) == 1, f"{path}: {self.old!r} stands there {text.count(self.old)} times"
        path.write_text(text.replace(self.old, self.new), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Variant:
    """A broken model."""

    sample: str
    name: str
    check: str
    """The only one that fails."""
    edits: tuple[Edit, ...]
    rule: str = ""
    """Of one finding; empty: any."""
    file: str = ""
    """Where that finding is; empty: it is at no place."""
    line: str = ""
    """Text of the line it is at; empty: at no line."""
    says: str = ""
    """In the finding's message, or what it expected or met."""

    @property
    def id(self) -> str:
        """For the eye."""
        return f"{self.sample}-{self.name}"

    def number(self, folder: Path) -> int | None:
        """The line that the finding has to name."""
        if not self.line:
            return None
        lines = (folder / self.file).read_text(encoding="utf-8").splitlines()
        found = [number for number, line in enumerate(lines, 1) if line.strip() == self.line]
        assert len(found) == 1, f"{self.file}: {self.line!r} is on lines {found}"
        return found[0]


SCORER, MLFLOW, SERVER = "fastapi-scorer", "mlflow-model", "oip-server"
_WINE, _FRAUD, _DELIVERY = "src/wine_scorer", "src/fraud_model", "src/delivery_server"

VARIANTS = (
    Variant(
        SCORER,
        "unused-import",
        "lint",
        (Edit(f"{_WINE}/model.py", "from pathlib import Path\n", "from os import path\nfrom pathlib import Path\n"),),
        rule="F401",
        file=f"{_WINE}/model.py",
        line="from os import path",
        says="os.path",
    ),
    Variant(
        SCORER,
        "failing-test",
        "tests",
        (Edit("tests/test_app.py", '["Aldo", "Bruna"]', '["Aldo", "Carlo"]'),),
        rule="test_each_wine_has_its_grower",
        file="tests/test_app.py",
        line='assert [each["grower"] for each in found] == ["Aldo", "Carlo"]',
        says="Carlo",
    ),
    Variant(
        SCORER,
        "wrong-type",
        "types",
        (Edit(f"{_WINE}/model.py", "-> list[Prediction]:", "-> tuple[Prediction, ...]:"),),
        rule="return-value",
        file=f"{_WINE}/model.py",
        line="return found",
        says="list[Prediction]",
    ),
    Variant(
        SCORER,
        "narrower-request",
        "schema",
        (Edit(f"{_WINE}/app.py", "Field(ge=0, le=10_000, ", "Field(ge=0, le=2_000, "),),
        rule="json-range",
        file="checks/contract.lock.json",
        says="has to be at most 2000",
    ),
    Variant(
        SCORER,
        "fails-on-nan",
        "schema",
        (
            Edit(f"{_WINE}/app.py", "@app.exception_handler(RequestValidationError)\nasync def", "async def"),
            Edit("tests/test_app.py", "NaN", '"NaN"'),
        ),
        rule="not-a-number",
        says="500",
    ),
    Variant(
        SCORER,
        "other-model",
        "snapshot",
        (Edit(f"{_WINE}/train.py", "LogisticRegression(max_iter=1000)", "LogisticRegression(C=0.3, max_iter=1000)"),),
        file="checks/snapshots/one-wine.approved.json",
        says="a probability moved by",
    ),
    Variant(SCORER, "root", "image", (Edit("Dockerfile", "USER 10001:10001\n", ""),), rule="non-root"),
    Variant(
        SCORER,
        "secret",
        "image",
        (Edit("Dockerfile", "EXPOSE 8000\n", "EXPOSE 8000\nENV STORE_PASSWORD=correct-horse-battery\n"),),
        rule="secrets",
        says="STORE_PASSWORD",
    ),
    Variant(
        MLFLOW,
        "unused-import",
        "lint",
        (Edit(f"{_FRAUD}/score.py", "import numpy as np\n", "import json\n\nimport numpy as np\n"),),
        rule="F401",
        file=f"{_FRAUD}/score.py",
        line="import json",
    ),
    Variant(
        MLFLOW,
        "failing-test",
        "tests",
        (Edit("tests/test_model.py", "[False, True]\n\n", "[False, False]\n\n"),),
        rule="test_the_saved_model_answers_as_its_signature_says",
        file="tests/test_model.py",
        line='assert list(found["stop"]) == [False, False]',
    ),
    Variant(
        MLFLOW,
        "wrong-type",
        "types",
        (Edit(f"{_FRAUD}/save.py", "save(Path(sys.argv[1]))", "save(sys.argv[1])  # a text will do"),),
        rule="arg-type",
        file=f"{_FRAUD}/save.py",
        line="save(sys.argv[1])  # a text will do",
        says="Path",
    ),
    Variant(
        MLFLOW,
        "other-output",
        "schema",
        (Edit(f"{_FRAUD}/save.py", 'ColSpec(DataType.boolean, "stop")', 'ColSpec(DataType.string, "stop")'),),
        rule="column-type",
        file="checks/contract.lock.json",
        says="`stop` changed from boolean to string",
    ),
    Variant(
        MLFLOW,
        "other-model",
        "snapshot",
        (Edit(f"{_FRAUD}/score.py", "1.6 * foreign", "1.4 * foreign"),),
        file="checks/snapshots/records.approved.json",
        says="probability",
    ),
    Variant(MLFLOW, "root", "image", (Edit("Dockerfile", "USER 10001:10001\n", "USER 0:0\n"),), rule="non-root"),
    Variant(
        SERVER,
        "unused-import",
        "lint",
        (Edit(f"{_DELIVERY}/protocol.py", "import math\n", "import math\nimport string\n"),),
        rule="F401",
        file=f"{_DELIVERY}/protocol.py",
        line="import string",
    ),
    Variant(
        SERVER,
        "failing-test",
        "tests",
        (Edit("tests/test_app.py", "pytest.approx(15.35)", "pytest.approx(15.53)"),),
        rule="test_each_row_has_its_minutes",
        file="tests/test_app.py",
        line="assert near == pytest.approx(15.53)",
    ),
    Variant(
        SERVER,
        "wrong-type",
        "types",
        (Edit(f"{_DELIVERY}/model.py", 'np.float32(told["bias"])', 'float(told["bias"])'),),
        rule="arg-type",
        file=f"{_DELIVERY}/model.py",
        line='return Model(told["version"], tuple(told["features"]), weights, float(told["bias"]))',
        says="float",
    ),
    Variant(
        SERVER,
        "fails-on-rank",
        "schema",
        (
            Edit(f"{_DELIVERY}/app.py", "if table.ndim != 2 or table.shape[1] != len(model.features) or not", "if not"),
            Edit("tests/test_app.py", '        {"shape": [3, 2]},\n', ""),
        ),
        rule="wrong-rank",
        says="500",
    ),
    Variant(
        SERVER,
        "other-output",
        "schema",
        (
            Edit(
                f"{_DELIVERY}/app.py",
                'Described(name="minutes", datatype="FP32"',
                'Described(name="minutes", datatype="FP64"',
            ),
        ),
        says="minutes",
    ),
    Variant(
        SERVER,
        "other-model",
        "snapshot",
        (Edit(f"{_DELIVERY}/weights.json", "6.5]", "6.9]"),),
        file="checks/snapshots/flat.approved.json",
        says="81.75",
    ),
    Variant(
        SERVER,
        "secret",
        "image",
        (Edit("Dockerfile", "ARG REVISION=unknown\n", "ARG REVISION=unknown\nENV REGISTRY_TOKEN=a1b2c3d4e5f6a7b8\n"),),
        rule="secrets",
        says="REGISTRY_TOKEN",
    ),
)
