"""Bootstrap intervals."""

import numpy as np
import pytest

from slm_factory.metrics import bootstrap
from slm_factory.metrics.bootstrap import mean_interval, paired_interval


def test_the_interval_of_a_mean_covers_it_about_as_often_as_promised() -> None:
    generator = np.random.default_rng(0)
    covered = 0
    for trial in range(200):
        interval = mean_interval(generator.random(100), resamples=400, seed=trial)
        covered += interval.low <= 0.5 <= interval.high
    assert 180 <= covered <= 199


def test_pairing_finds_a_small_steady_gain_that_unpaired_noise_would_hide() -> None:
    other = np.random.default_rng(1).random(60)
    interval = paired_interval(other + 0.02, other, resamples=1000, seed=0)
    assert interval.rounded() == {"mean": 0.02, "low": 0.02, "high": 0.02}


def test_the_same_seed_gives_the_same_interval_in_pieces_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    values = list(np.random.default_rng(2).random(50))
    whole = mean_interval(values, resamples=500, seed=3)
    monkeypatch.setattr(bootstrap, "CELLS", 1000)
    assert mean_interval(values, resamples=500, seed=3) == whole


def test_no_values_and_unequal_lengths_are_a_bug() -> None:
    with pytest.raises(ValueError):
        mean_interval([], resamples=10, seed=0)
    with pytest.raises(ValueError):
        paired_interval([1.0], [], resamples=10, seed=0)
