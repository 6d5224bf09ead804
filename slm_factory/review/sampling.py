"""How many pairs are wrong, told by a sample: so many of each document, and an interval."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from slm_factory.core.matching import lot
from slm_factory.review.pairs import STATE_OF, Numbers, Pairs, as_array

Z = 1.959964  # of the normal distribution, two-sided 95%


@dataclass(frozen=True)
class Estimate:
    """The share of wrong pairs among all that the sample was drawn from."""

    rate: float
    low: float  # 95%
    high: float
    looked_at: int
    drawn: int


@dataclass(frozen=True)
class Sample:
    """The rows that were drawn, and how many pairs of each document they stand for."""

    numbers: Numbers
    sizes: dict[str, int]


def of_pairs(pairs: Pairs, numbers: Numbers, per_document: int, seed: int) -> Sample:
    """`per_document` of these rows from each document."""
    ids, documents = (
        pairs.columns[name].take(as_array(numbers)).to_pylist() for name in ("pair_id", "doc_id")
    )
    chosen = draw(dict(zip(ids, documents, strict=True)), per_document, seed)
    is_drawn = np.fromiter((pair_id in chosen for pair_id in ids), bool, len(ids))
    return Sample(numbers[is_drawn], dict(Counter(documents)))


def error_rate(pairs: Pairs, sample: Sample) -> Estimate | None:
    """The share of pairs that a person rejected or had to edit, estimated from those of the sample."""
    wrong = (STATE_OF["reject"], STATE_OF["edit"])
    states = [int(pairs.states[number]) for number in sample.numbers]
    documents = pairs.columns["doc_id"].take(as_array(sample.numbers)).to_pylist()
    looked = (None if state == 0 else state in wrong for state in states)
    return estimate(zip(documents, looked, strict=True), sample.sizes)


def draw(documents: Mapping[str, str], per_document: int, seed: int) -> set[str]:
    """`per_document` pair_ids of each document, or all where it has fewer; `documents` is by pair_id.

    Lots are drawn by pair_id: pairs that come or go leave the rest of the sample as it is.
    """
    of_document = defaultdict(list)
    for pair_id, doc_id in documents.items():
        of_document[doc_id].append((lot(f"review {seed}", pair_id), pair_id))
    return {pair_id for lots in of_document.values() for _, pair_id in sorted(lots)[: max(per_document, 0)]}


def estimate(sample: Iterable[tuple[str, bool | None]], sizes: Mapping[str, int]) -> Estimate | None:
    """The estimate from (document, is wrong or None where nobody looked yet); None before the first look.

    `sizes` are the pairs of each document that the sample stands for. A document weighs what it has pairs.
    The interval is Wilson's (1927) on Kish's effective sample size (1965), smaller than the sample when
    documents differ in size; small documents looked at whole make it too wide, never too narrow.
    """
    drawn, wrong_of = 0, defaultdict(list)
    for document, is_wrong in sample:
        drawn += 1
        if is_wrong is not None:
            wrong_of[document].append(is_wrong)
    if not wrong_of:
        return None
    weights = {document: sizes[document] / len(found) for document, found in wrong_of.items()}
    total = sum(weights[document] * len(found) for document, found in wrong_of.items())
    rate = sum(weights[document] * sum(found) for document, found in wrong_of.items()) / total
    squares = sum(weights[document] ** 2 * len(found) for document, found in wrong_of.items())
    low, high = wilson(rate, total**2 / squares)
    return Estimate(rate, low, high, sum(map(len, wrong_of.values())), drawn)


def wilson(rate: float, size: float) -> tuple[float, float]:
    """The 95% score interval of a share seen in `size` draws (E. B. Wilson, JASA 22, 1927)."""
    middle = (rate + Z**2 / (2 * size)) / (1 + Z**2 / size)
    half = Z / (1 + Z**2 / size) * math.sqrt(rate * (1 - rate) / size + Z**2 / (4 * size**2))
    return max(0.0, middle - half), min(1.0, middle + half)
