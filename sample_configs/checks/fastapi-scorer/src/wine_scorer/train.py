"""Trains the model on the wine data that scikit-learn brings along: python -m wine_scorer.train FILE."""

import sys
from pathlib import Path

import joblib
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from wine_scorer.model import FEATURES, GROWERS


def train(file: Path) -> float:
    """Write the trained pipeline to `file`; returns its accuracy on every fourth wine, which it has not seen."""
    wines = load_wine()
    columns = [wines.feature_names.index(feature) for feature in FEATURES]
    x, y = wines.data[:, columns], [GROWERS[target] for target in wines.target]
    held_out = [number % 4 == 0 for number in range(len(y))]
    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    pipeline.fit(x[[not out for out in held_out]], [grower for grower, out in zip(y, held_out, strict=True) if not out])
    joblib.dump(pipeline, file)
    return float(pipeline.score(x[held_out], [grower for grower, out in zip(y, held_out, strict=True) if out]))


if __name__ == "__main__":
    accuracy = train(Path(sys.argv[1]))
    print(f"accuracy {accuracy:.3f}")
    sys.exit(accuracy < 0.9)
