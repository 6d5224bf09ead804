"""Everything that is measured by comparing an answer with its reference."""

from collections.abc import Sequence

from slm_factory.metrics.answers import exact, key_facts
from slm_factory.metrics.overlap import overlap

Scores = dict[str, float | None]


def scores(references: Sequence[str], questions: Sequence[str], answers: Sequence[str]) -> list[Scores]:
    """Key facts, exact match, ROUGE, BLEU and chrF of each answer, 0-1; `key_facts` may be None."""
    shared = overlap(list(answers), list(references))
    return [
        {
            "key_facts": key_facts(reference, question, answer),
            "exact": exact(reference, answer),
            **{name: round(values[row], 6) for name, values in shared.items()},
        }
        for row, (reference, question, answer) in enumerate(zip(references, questions, answers, strict=True))
    ]
