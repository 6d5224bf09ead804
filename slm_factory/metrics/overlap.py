"""How much of the reference's wording an answer shares: ROUGE, BLEU, chrF, as one local `evaluate` module.

`evaluate.load` would fetch scripts from a hub at run time; this class needs no network.
"""

import functools
from typing import Any

from slm_factory.core.errors import missing_extra
from slm_factory.metrics.words import tokens

NAMES = ("rouge_1", "rouge_2", "rouge_l", "bleu", "chrf")


class Tokenizer:
    """The interface that rouge_score wants; its own tokenizer drops every Korean letter."""

    def tokenize(self, text: str) -> list[str]:
        """Morphemes of `text`."""
        return tokens(text)


@functools.cache
def metric_class() -> Any:
    """The `evaluate.Metric`, made at the first use: its packages take a second to import and are an extra.

    Raises:
        UserError: they are not installed.
    """
    try:
        import datasets
        import evaluate
        import sacrebleu
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError as error:
        raise missing_extra(error.name or "evaluate", "train") from error

    class Overlap(evaluate.Metric):
        """ROUGE-1, -2, -L (F1; Lin 2004), BLEU (Papineni et al. 2002), chrF (Popović 2015), each 0-1 per row.

        ROUGE and BLEU count morphemes; chrF counts characters, so it is sound for Korean as it is.
        """

        def _info(self) -> Any:
            text = datasets.Value("string")
            return evaluate.MetricInfo(
                description="ROUGE, BLEU and chrF of each answer against its reference.",
                citation="",
                inputs_description="predictions and references: texts, row by row",
                features=datasets.Features({"predictions": text, "references": text}),
            )

        def _compute(self, predictions: list[str], references: list[str]) -> dict[str, list[float]]:
            scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Tokenizer())
            pairs = list(zip(predictions, references, strict=True))
            rouge = [scorer.score(reference, prediction) for prediction, reference in pairs]
            return {
                "rouge_1": [score["rouge1"].fmeasure for score in rouge],
                "rouge_2": [score["rouge2"].fmeasure for score in rouge],
                "rouge_l": [score["rougeL"].fmeasure for score in rouge],
                "bleu": [bleu(prediction, reference) for prediction, reference in pairs],
                "chrf": [sacrebleu.sentence_chrf(answer, [wanted]).score / 100 for answer, wanted in pairs],
            }

    return Overlap


def bleu(prediction: str, reference: str) -> float:
    """Sentence BLEU over morphemes; a short answer is judged by the n-grams it can have (effective order)."""
    import sacrebleu

    said, wanted = " ".join(tokens(prediction)), " ".join(tokens(reference))
    return sacrebleu.sentence_bleu(said, [wanted], tokenize="none", use_effective_order=True).score / 100


def overlap(predictions: list[str], references: list[str]) -> dict[str, list[float]]:
    """Each metric's value for each row; five empty lists for no rows.

    Raises:
        UserError: a package of the extra [train] is not installed.
    """
    if not predictions:
        return {name: [] for name in NAMES}
    return dict(metric_class()(keep_in_memory=True).compute(predictions=predictions, references=references))
