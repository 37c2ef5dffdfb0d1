"""Where a document lies, for the eye."""

from __future__ import annotations

import pytest

from mlcd_tui.packages.reading.document import address_of
from tests.packages.memory_files import MemoryFiles


@pytest.mark.parametrize(
    ("opened", "path", "told"),
    [
        ("models/churn/", "MLmodel", "models/churn/MLmodel"),
        ("models/churn.onnx", "churn.onnx", "models/churn.onnx"),
        ("https://example.org/churn.onnx", "churn.onnx", "https://example.org/churn.onnx"),
        ("churn.onnx", "churn.onnx", "churn.onnx"),
        ("", "MLmodel", "MLmodel"),
    ],
)
def test_a_file_that_was_opened_alone_is_not_named_twice(opened: str, path: str, told: str) -> None:
    assert address_of(MemoryFiles({}, address=opened), path) == told
