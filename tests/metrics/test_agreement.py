"""Agreement of judges, the sign test, and comparisons."""

import pytest
from scipy import stats

from slm_factory.metrics.agreement import kappa, sign_test
from slm_factory.metrics.comparison import compare


def test_kappa_is_the_textbook_s() -> None:
    """20 both yes, 5 and 10 apart, 15 both no: agreement 0.7, chance 0.5 (Cohen's kappa 0.4)."""
    verdicts = [(True, True)] * 20 + [(True, False)] * 5 + [(False, True)] * 10 + [(False, False)] * 15
    assert kappa(verdicts) == {"n": 50, "share": 0.7, "kappa": 0.4}


def test_judges_that_never_differ_in_anything_have_no_kappa() -> None:
    assert kappa([(True, True)] * 5) == {"n": 5, "share": 1.0, "kappa": None}
    assert kappa([]) == {"n": 0, "share": None, "kappa": None}


@pytest.mark.parametrize(("wins", "losses"), [(8, 1), (1, 8), (5, 5), (0, 12), (40, 20), (600, 500)])
def test_the_sign_test_is_the_exact_binomial_one(wins: int, losses: int) -> None:
    expected = stats.binomtest(wins, wins + losses).pvalue
    assert sign_test(wins, losses) == pytest.approx(expected, rel=1e-9)


def test_ties_alone_prove_nothing() -> None:
    assert sign_test(0, 0) == 1.0


def test_wins_are_wins_also_where_lower_is_better() -> None:
    base, ft = {"a": 1.0, "b": 2.0, "c": 3.0, "only": 9.0}, {"a": 0.5, "b": 2.0, "c": 4.0, "d": 0.0}
    found = compare(base, ft, is_higher_better=False, resamples=200, seed=0)
    assert found is not None
    assert (found.n, found.wins, found.losses, found.ties) == (3, 1, 1, 1)
    assert found.gain.mean == pytest.approx(-0.5 / 3)
    assert compare({"a": 1.0}, {"b": 1.0}, is_higher_better=True, resamples=200, seed=0) is None
