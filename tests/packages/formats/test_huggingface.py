from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given

from mlcd_tui.domain.errors import Unreadable
from mlcd_tui.domain.package import Direction, ModelPackage, Split
from mlcd_tui.packages.formats.huggingface import FORMAT
from tests.packages.formats.hostile import broken, unclean
from tests.packages.memory_files import MemoryFiles, from_folder

_FIXTURES = Path(__file__).parents[2] / "fixtures" / "packages"
_GOOD = (_FIXTURES / "huggingface" / "README.md").read_bytes()


def _read(text: str, path: str = "README.md") -> ModelPackage:
    return FORMAT.read(MemoryFiles({path: text.encode()}), path)


def test_the_fixture_tells_task_licence_lineage_and_metrics() -> None:
    files = from_folder(_FIXTURES / "huggingface")
    assert FORMAT.find(files) == ("README.md",)
    package = FORMAT.read(files, "README.md")
    assert (package.name, package.task, package.licences) == ("churn-model", "tabular-classification", ("apache-2.0",))
    assert package.training.base_models == ("acme/churn-base",)
    assert package.training.environment == (("library", "sklearn"),)
    assert [(one.name, one.split, one.version) for one in package.training.datasets] == [
        ("acme/churn-2026q3", Split.TRAIN, ""),
        ("acme/churn-2026q3", Split.TEST, "9f1e2d3"),
    ]
    metric = package.metrics[0]
    assert (metric.name, metric.value, metric.split, metric.verified) == ("roc_auc", 0.912, Split.TEST, False)
    assert metric.direction is Direction.UNKNOWN
    assert package.endpoints == ()
    assert package.sources[0].rank == 20


def test_a_card_of_skops_tells_parameters_and_metrics_in_its_text() -> None:
    files = from_folder(_FIXTURES / "skops")
    assert FORMAT.find(files) == ("README.md",)
    package = FORMAT.read(files, "README.md")
    assert package.description == "Tiny LR."
    assert dict(package.training.parameters).items() >= {"C": "1.0", "solver": "lbfgs", "warm_start": "False"}.items()
    assert len(package.training.parameters) == 14
    assert [(one.name, one.value) for one in package.metrics] == [("accuracy", 1.0)]
    assert (package.intended_use, package.limits) == ((), ()), "what is to be filled in says nothing"
    assert "Tiny LR." in package.sources[0].text


def test_any_other_readme_or_configuration_is_left_alone() -> None:
    files = MemoryFiles(
        {
            "README.md": b"# My project\n\nHello",
            "a/config.json": b'{"modelfs": {}, "config": {"architecture": "x"}}',
            "b/config.json": b'{\n  "architectures": ["BertModel"]}',
            "c/site-packages/README.md": _GOOD,
        }
    )
    assert FORMAT.find(files) == ("b/config.json",)


def test_a_configuration_tells_the_architecture() -> None:
    package = _read(
        '{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "torch_dtype": "bfloat16", "transformers_version": "4.44.0"}',
        "config.json",
    )
    assert package.architecture == "LlamaForCausalLM"
    assert [(one.name, one.version) for one in package.dependencies] == [("transformers", "4.44.0")]
    assert ("torch_dtype", "bfloat16") in package.extra
    assert package.sources[0].rank == 50


def test_sections_tell_use_and_limits_where_someone_wrote_them() -> None:
    package = _read("""---
license: [mit, other]
license_name: acme-1.0
---
# M
## Intended uses
Churn of retail clients.
<!-- a hint -->
## Limitations
Not for under 18.
[More Information Needed]
```
# no heading
```
## Citation
x
""")
    assert package.licences == ("mit", "acme-1.0")
    assert package.intended_use == ("Churn of retail clients.",)
    assert package.limits[0] == "Not for under 18."
    assert "x" not in package.limits


def test_parameters_are_read_as_transformers_lists_them() -> None:
    package = _read("""---
license: mit
---
# churn
A first sentence.
## Training procedure
### Training hyperparameters
The following hyperparameters were used during training:
- learning_rate: 5e-05
- optimizer: Adam with betas=(0.9,0.999)
### Training results
| Training Loss | Epoch | Step |
|:--:|:--:|:--:|
| 0.5 | 1.0 | 10 |
## Evaluation
| Metric | Value | Split |
|:--:|:--:|:--:|
| accuracy | 1.0 | test |
""")
    assert package.description == "A first sentence."
    assert package.training.parameters == (("learning_rate", "5e-05"), ("optimizer", "Adam with betas=(0.9,0.999)"))
    assert package.metrics == (), "no table of two columns"


def test_scalars_lists_and_nonsense_are_told_apart() -> None:
    package = _read("""---
license: 7
datasets: acme/one
base_model: [a, {b: c}]
model-index:
- name: m
  results:
  - dataset: 5
    metrics: [{type: acc, value: high}, 3]
---
""")
    assert package.training.base_models == ("a",)
    assert [one.name for one in package.training.datasets] == ["acme/one"]
    assert [(one.name, one.value, one.raw) for one in package.metrics] == [("acc", None, "high")]
    assert "README.md: base_model[1] is a map, text was expected." in package.sources[0].warnings


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---\na: [1\n---\n", "not valid YAML"),
        ("---\na: 1\n", "front matter does not end"),
        ("---\na: &x 1\nb: *x\n---\n", "line 2, anchors and aliases"),
        ("---\n" + "[" * 100_000 + "\n---\n", "nesting is deeper"),
        ("x" * 2_000_000, "at most"),
    ],
    ids=["yaml", "end", "alias", "deep", "large"],
)
def test_a_hostile_card_is_refused(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=r"README\.md") as caught:
        _read(text)
    assert reason in caught.value.sentence


@given(broken(_GOOD))
def test_broken_cards_are_read_or_unreadable(data: bytes) -> None:
    files = MemoryFiles({"README.md": data, "config.json": data})
    FORMAT.find(files)
    for path in ("README.md", "config.json"):
        try:
            package = FORMAT.read(files, path)
        except Unreadable:
            continue
        assert unclean(package) == []
