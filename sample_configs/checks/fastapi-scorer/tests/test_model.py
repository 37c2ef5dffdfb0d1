from pathlib import Path

import pytest

from wine_scorer.model import FEATURES, GROWERS, Scorer
from wine_scorer.train import train


@pytest.fixture(scope="module")
def scorer(tmp_path_factory: pytest.TempPathFactory) -> Scorer:
    file: Path = tmp_path_factory.mktemp("model") / "model.joblib"
    assert train(file) > 0.9
    return Scorer(file)


def test_probabilities_are_of_all_growers(scorer: Scorer) -> None:
    (found,) = scorer.predict([[13.2, 2.76, 4.38, 1050.0]])
    assert sorted(found.probabilities) == sorted(GROWERS)
    assert sum(found.probabilities.values()) == pytest.approx(1)
    assert found.grower == max(found.probabilities, key=found.probabilities.__getitem__)


def test_the_same_wine_gets_the_same_answer(scorer: Scorer) -> None:
    wine = [13.2, 2.76, 4.38, 1050.0]
    assert len(wine) == len(FEATURES)
    first, second = scorer.predict([wine, wine])
    assert first == second
