"""An experiment says what it knows, and how surely."""

from __future__ import annotations

import pytest

from hub.campaigns.experiments import Share, uplift
from hub.plumbing.texts import speaking


@pytest.mark.parametrize(
    ("treated", "others", "low", "high"),
    [  # the worked examples of Newcombe 1998, table II, method 10
        (Share(56, 70), Share(48, 80), 5.24, 33.39),
        (Share(9, 10), Share(3, 10), 17.05, 80.90),
        (Share(10, 10), Share(0, 20), 67.91, 100.0),
    ],
)
def test_the_interval_is_the_published_one(treated: Share, others: Share, low: float, high: float) -> None:
    found = uplift(treated, others)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))


@pytest.mark.parametrize(
    ("treated", "others", "verdict"),
    [
        (Share(120, 1000), Share(60, 1000), "more"),
        (Share(60, 1000), Share(120, 1000), "less"),
        (Share(61, 1000), Share(60, 1000), "unclear"),
        (Share(9, 10), Share(0, 1000), "few"),
        (Share(0, 0), Share(0, 0), "few"),
    ],
)
def test_the_verdict_claims_no_more_than_the_interval(treated: Share, others: Share, verdict: str) -> None:
    assert uplift(treated, others).verdict == verdict


def test_it_is_said_in_words() -> None:
    with speaking("es"):
        said = uplift(Share(120, 1000), Share(60, 1000)).words
    assert said == "6,0 puntos más: 19 de cada 20 veces entre +3,5 y +8,5."
