"""The held-out slices: what each is judged by, and the settings of the gate that judges them."""

from typing import Literal, NamedTuple

from pydantic import Field

from slm_factory.core.params import Settings


class Slice(NamedTuple):
    """The column of `records.ANSWER` that judges a contender on a slice, and which way is better."""

    metric: str
    is_higher_better: bool


SLICES = {
    "recall": Slice("key_facts", True),
    "unseen": Slice("is_refusal", True),
    "abstain": Slice("is_refusal", True),
    "withdrawn": Slice("key_facts", False),  # old facts that are still given
    "general": Slice("answer_loss", False),
    "text": Slice("answer_loss", False),
}
METRICS = (
    *("key_facts", "rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "exact"),
    *("is_judged_correct", "answer_loss", "is_refusal"),
)


class GateSettings(Settings):
    """`gate:` in params.yaml; evaluate reads the champion from it."""

    headline_slice: Literal["recall", "unseen", "abstain", "general"]
    headline_metric: Literal["key_facts", "rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "exact"]
    min_headline: float = Field(ge=0, le=1)
    min_questions: int = Field(ge=1)
    confidence: float = Field(gt=0.5, lt=1)
    resamples: int = Field(ge=100)
    seed: int
    max_general_loss_increase: float = Field(ge=0)
    max_text_loss_increase: float = Field(ge=0)
    max_withdrawn_given: float = Field(ge=0, le=1)
    max_over_refusal: float = Field(ge=0, le=1)
    min_refusal: float = Field(ge=0, le=1)
    min_group_questions: int = Field(ge=1)
    loss_tolerance: float = Field(ge=0)
    require_gain: bool
    champion: str
