"""How much of the reference's wording an answer shares: ROUGE, BLEU, chrF, as one local `evaluate` module.

`evaluate.load` would fetch scripts from a hub at run time; this class needs no network.
"""

import datasets
import evaluate
import sacrebleu
from rouge_score.rouge_scorer import RougeScorer

from slm_factory.metrics.words import tokens


class Tokenizer:
    """The interface that rouge_score wants; its own tokenizer drops every Korean letter."""

    def tokenize(self, text: str) -> list[str]:
        """Morphemes of `text`."""
        return tokens(text)


class Overlap(evaluate.Metric):
    """ROUGE-1, -2, -L (F1; Lin 2004), BLEU (Papineni et al. 2002) and chrF (Popović 2015), each 0-1 per row.

    ROUGE and BLEU count morphemes. chrF counts characters and needs no tokenizer, so it is sound for Korean.
    """

    def _info(self) -> evaluate.MetricInfo:
        return evaluate.MetricInfo(
            description="ROUGE, BLEU and chrF of each answer against its reference.",
            citation="",
            inputs_description="predictions and references: texts, row by row",
            features=datasets.Features(
                {"predictions": datasets.Value("string"), "references": datasets.Value("string")}
            ),
        )

    def _compute(self, predictions: list[str], references: list[str]) -> dict[str, list[float]]:
        rouge = RougeScorer(["rouge1", "rouge2", "rougeL"], tokenizer=Tokenizer())
        scored = [
            rouge.score(reference, prediction)
            for reference, prediction in zip(references, predictions, strict=True)
        ]
        pairs = list(zip(predictions, references, strict=True))
        return {
            "rouge_1": [score["rouge1"].fmeasure for score in scored],
            "rouge_2": [score["rouge2"].fmeasure for score in scored],
            "rouge_l": [score["rougeL"].fmeasure for score in scored],
            "bleu": [bleu(prediction, reference) for prediction, reference in pairs],
            "chrf": [
                sacrebleu.sentence_chrf(prediction, [reference]).score / 100
                for prediction, reference in pairs
            ],
        }


def bleu(prediction: str, reference: str) -> float:
    """Sentence BLEU over morphemes; a short answer is judged by the n-grams it can have (effective order)."""
    joined = " ".join(tokens(prediction)), " ".join(tokens(reference))
    return (
        sacrebleu.sentence_bleu(joined[0], [joined[1]], tokenize="none", use_effective_order=True).score / 100
    )


def overlap(predictions: list[str], references: list[str]) -> dict[str, list[float]]:
    """Each metric's value for each row; five empty lists for no rows."""
    if not predictions:
        return {name: [] for name in ("rouge_1", "rouge_2", "rouge_l", "bleu", "chrf")}
    return dict(Overlap(keep_in_memory=True).compute(predictions=predictions, references=references))
