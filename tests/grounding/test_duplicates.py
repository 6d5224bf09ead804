"""Near-duplicates are found as comparing all pairs would, only faster."""

import random
from itertools import combinations

from slm_factory.core.matching import loose, trigrams
from slm_factory.grounding.duplicates import jaccard, near_duplicates


def made_up(count: int) -> list[str]:
    generator = random.Random(7)
    words = ["".join(generator.choices("abcdefghijklmnop", k=6)) for _ in range(40)]
    texts = [" ".join(generator.choices(words, k=8)) for _ in range(count)]
    return [*texts, *(f"{text} {generator.choice(words)}" for text in texts[: count // 4])]


def test_near_duplicates_are_those_of_a_full_comparison() -> None:
    texts = made_up(120)
    sets = [trigrams(loose(text)) for text in texts]
    wanted = {(i, j) for i, j in combinations(range(len(texts)), 2) if jaccard(sets[i], sets[j]) >= 0.7}
    found = list(near_duplicates(texts, 0.7))
    assert len(wanted) >= 30
    assert set(found) <= wanted
    assert len(found) >= 0.95 * len(wanted)
    assert found == sorted(found, key=lambda pair: (pair[1], pair[0]))


def test_the_same_texts_give_the_same_pairs() -> None:
    texts = made_up(40)
    assert list(near_duplicates(texts, 0.6)) == list(near_duplicates(texts, 0.6))


def test_pairs_that_cannot_repeat_are_not_compared() -> None:
    assert list(near_duplicates(["alpha beta", "alpha beta"], 0.9, lambda one, other: False)) == []


def test_thousands_of_questions_from_one_template_stay_cheap() -> None:
    """Each meets a few dozen others at most, not all: what is looked at is counted, not timed."""
    looked_at: list[tuple[int, int]] = []

    def watch(one: int, other: int) -> bool:
        looked_at.append((one, other))
        return False

    list(
        near_duplicates(
            [f"What is the limit of unit number {n * 7919} today?" for n in range(1500)], 0.55, watch
        )
    )
    assert len(looked_at) < 1500 * 1500 / 4
