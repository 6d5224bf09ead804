"""Asks a model the held-out questions and measures its answers: the rows of data/evaluate.parquet."""

from collections.abc import Sequence
from typing import Any, Protocol

from slm_factory.core.files import Row
from slm_factory.core.records import ANSWER
from slm_factory.core.text import is_refusal
from slm_factory.metrics.scores import scores

Message = dict[str, str]

# Of nats per token: the next ones depend on the batch, which depends on what was remembered.
LOSS_DIGITS = 4


class Answerer(Protocol):
    """Whatever answers conversations: a student, a GGUF in llama.cpp, a model behind a server."""

    def answer(self, conversations: Sequence[list[Message]], max_new_tokens: int) -> list[dict[str, Any]]:
        """{text, tokens} of the greedy answer to each conversation."""


class Scorer(Answerer, Protocol):
    """An answerer that also tells how likely it finds given answers and texts."""

    def answer_loss(self, conversations: Sequence[list[Message]]) -> list[float]:
        """Nats per token of each conversation's last message."""

    def text_loss(self, texts: Sequence[str]) -> list[float]:
        """Nats per token of each text."""


def answered(
    contender: str,
    answerer: Answerer,
    asked: list[Row],
    conversations: list[list[Message]],
    max_new_tokens: int,
    refusals: tuple[str, str],
) -> list[Row]:
    """The answers to the questions `asked`, put as `conversations`, measured (records.ANSWER)."""
    answers = answerer.answer(conversations, max_new_tokens)
    scored = scores(
        [row["reference"] for row in asked],
        # What the present documents say to a withdrawn fact's question is no sign of the old fact.
        [f"{row['question']} {row['present_answer']}".strip() for row in asked],
        [answer["text"] for answer in answers],
    )
    return [
        {
            **dict.fromkeys(ANSWER.names),
            **row,
            "contender": contender,
            "answer": answer["text"],
            "is_refusal": is_refusal(answer["text"], refusals),
            # A refusal has no facts to find; is_refusal judges it.
            **(measured | {"key_facts": None} if row["slice"] == "abstain" else measured),
            "tokens": answer["tokens"],
        }
        for row, answer, measured in zip(asked, answers, scored, strict=True)
    ]


def with_losses(rows: list[Row], scorer: Scorer, conversations: list[list[Message]]) -> list[Row]:
    """The rows with `answer_loss`: that of the reference as the answer to each conversation."""
    losses = scorer.answer_loss(
        [
            [*messages, {"role": "assistant", "content": row["reference"]}]
            for row, messages in zip(rows, conversations, strict=True)
        ]
    )
    return [{**row, "answer_loss": round(loss, LOSS_DIGITS)} for row, loss in zip(rows, losses, strict=True)]


def read_texts(contender: str, scorer: Scorer, texts: list[Row]) -> list[Row]:
    """Rows of the slice text, which is read, not asked: only `answer_loss` is measured (records.ANSWER)."""
    losses = scorer.text_loss([row["reference"] for row in texts])
    return [
        {
            **dict.fromkeys(ANSWER.names),
            **row,
            "contender": contender,
            "answer_loss": round(loss, LOSS_DIGITS),
        }
        for row, loss in zip(texts, losses, strict=True)
    ]
