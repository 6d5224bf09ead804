"""The sample is drawn by lot and stays; its interval holds the truth as often as it says."""

import random

import pytest

from slm_factory.review import sampling

DOCUMENTS = {f"p{number}": f"d{number % 3}" for number in range(60)}


def test_each_document_gives_so_many_or_all() -> None:
    drawn = sampling.draw(DOCUMENTS | {"only": "small"}, 4, seed=1)
    of_document = sorted(DOCUMENTS.get(pair_id, "small") for pair_id in drawn)
    assert of_document == ["d0"] * 4 + ["d1"] * 4 + ["d2"] * 4 + ["small"]


def test_a_seed_draws_the_same_pairs_and_another_seed_others() -> None:
    assert sampling.draw(DOCUMENTS, 5, 1) == sampling.draw(dict(reversed(DOCUMENTS.items())), 5, 1)
    assert sampling.draw(DOCUMENTS, 5, 1) != sampling.draw(DOCUMENTS, 5, 2)


def test_pairs_of_other_documents_change_nothing() -> None:
    more = DOCUMENTS | {f"q{number}": "new" for number in range(20)}
    assert sampling.draw(DOCUMENTS, 5, 1) < sampling.draw(more, 5, 1)


def test_wilson_equals_published_values() -> None:
    # Newcombe (1998), Statistics in Medicine 17, Table I, method 3.
    assert sampling.wilson(81 / 263, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert sampling.wilson(0, 20) == pytest.approx((0, 0.1611), abs=1e-4)


def test_nothing_is_told_before_somebody_looked() -> None:
    assert sampling.estimate([("a", None)], {"a": 9}) is None


def test_a_document_weighs_what_it_has_pairs() -> None:
    sample = [("big", False)] * 5 + [("small", True)] * 5
    found = sampling.estimate([*sample, ("big", None)], {"big": 95, "small": 5})
    assert found and found.rate == pytest.approx(0.05)
    assert (found.looked_at, found.drawn) == (10, 11)


def test_the_interval_holds_the_truth_nineteen_times_of_twenty() -> None:
    generator, held, runs = random.Random(7), 0, 400
    sizes = {"a": 400, "b": 200, "c": 100}
    wrong = {
        name: {place for place in range(size) if generator.random() < 0.12} for name, size in sizes.items()
    }
    truth = sum(map(len, wrong.values())) / sum(sizes.values())
    for _ in range(runs):
        sample = [
            (name, place in wrong[name])
            for name, size in sizes.items()
            for place in generator.sample(range(size), 20)
        ]
        found = sampling.estimate(sample, sizes)
        held += bool(found and found.low <= truth <= found.high)
    assert held / runs >= 0.93
