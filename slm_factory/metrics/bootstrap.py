"""Percentile bootstrap intervals (Efron and Tibshirani 1993, chapter 13), seeded.

Pairing by question follows Koehn 2004, "Statistical Significance Tests for Machine Translation Evaluation".
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

CELLS = 2**22  # resampled values held at a time: 32 MB


@dataclass(frozen=True)
class Interval:
    """A mean and the bounds of its interval."""

    mean: float
    low: float
    high: float

    def rounded(self) -> dict[str, float]:
        """The three numbers by name, to four places: more would only be noise in a diff."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def mean_interval(
    values: Sequence[float], *, resamples: int, seed: int, confidence: float = 0.95
) -> Interval:
    """The mean of `values` with its interval.

    Raises:
        ValueError: there are no values.
    """
    if not len(values):
        raise ValueError("no values have no mean")
    sample = np.asarray(values, dtype=np.float64)
    generator = np.random.default_rng(seed)
    rows = max(1, CELLS // len(sample))
    means = np.concatenate(
        [
            sample[generator.integers(len(sample), size=(min(rows, resamples - start), len(sample)))].mean(
                axis=1
            )
            for start in range(0, resamples, rows)
        ]
    )  # (resamples,)
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(float(sample.mean()), float(low), float(high))


def paired_interval(
    candidate: Sequence[float], other: Sequence[float], *, resamples: int, seed: int, confidence: float = 0.95
) -> Interval:
    """The mean of candidate - other on the same questions, row by row, with its interval.

    Raises:
        ValueError: the two are not of one length, or empty.
    """
    differences = [one - two for one, two in zip(candidate, other, strict=True)]
    return mean_interval(differences, resamples=resamples, seed=seed, confidence=confidence)
