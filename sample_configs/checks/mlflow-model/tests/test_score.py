import pandas as pd
import pytest

from fraud_model.score import COLUMNS, probabilities


def scored(amount: float, hour: int, foreign: bool) -> float:
    payment = pd.DataFrame({"amount": [amount], "hour": [hour], "foreign": [foreign]})
    assert tuple(payment.columns) == COLUMNS
    return float(probabilities(payment)[0])


def test_a_usual_payment_is_no_fraud() -> None:
    assert scored(12.0, 14, False) == pytest.approx(0.004287, rel=1e-3)


@pytest.mark.parametrize(("amount", "hour", "foreign"), [(5000.0, 14, False), (12.0, 23, False), (12.0, 14, True)])
def test_more_speaks_for_it(amount: float, hour: int, foreign: bool) -> None:
    assert scored(amount, hour, foreign) > scored(12.0, 14, False)
