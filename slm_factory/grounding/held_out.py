"""The questions that a student is examined with, and whether a text would give one of them away."""

from collections import Counter, defaultdict
from collections.abc import Iterable

from slm_factory.core.matching import ceiling, loose, numbers, trigrams
from slm_factory.grounding.duplicates import jaccard
from slm_factory.grounding.meaning import differences

NEAR = 0.9  # Jaccard similarity of trigrams from which two questions differ in spelling or ending only


class HeldOut:
    """An index of held-out questions; exact, by prefix filtering (Bayardo, Ma, Srikant 2007).

    Questions are only compared where their numbers are equal: those of a table's rows are all alike.
    """

    def __init__(self, questions: Iterable[str]) -> None:
        self.questions = {loose(question): question for question in questions}  # by loose form
        self.trigrams = {form: trigrams(form) for form in self.questions}
        self.frequency = Counter(gram for grams in self.trigrams.values() for gram in grams)
        self.index: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
        for form, question in self.questions.items():
            for key in self.keys(question, self.trigrams[form]):
                self.index[key].append(form)

    def has(self, question: str) -> bool:
        """Whether `question` is a held-out one in other spacing, punctuation or particles, or nearly so.

        Nearly: alike, with equal numbers and names. "A의 복구 시간" and "B의 복구 시간" are two questions.
        """
        form = loose(question)
        if form in self.questions:
            return True
        grams = trigrams(form)
        candidates = {other for key in self.keys(question, grams) for other in self.index.get(key, ())}
        return any(
            jaccard(grams, self.trigrams[other]) >= NEAR and not differences(self.questions[other], question)
            for other in candidates
        )

    def keys(self, question: str, grams: frozenset[str]) -> list[tuple[str, ...]]:
        """Each of its rarest trigrams with its numbers; two near questions have one of these in common."""
        rare_first = sorted(grams, key=lambda gram: (self.frequency[gram], gram))
        prefix = rare_first[: len(grams) - ceiling(NEAR * len(grams)) + 1]
        digits = sorted(numbers(question).elements())
        return [(gram, *digits) for gram in prefix]
