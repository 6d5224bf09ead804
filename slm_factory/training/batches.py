"""Rows as tensors of one batch."""

from dataclasses import dataclass
from typing import Any

from slm_factory.student.chat import IGNORED
from slm_factory.student.decode import padded


@dataclass(frozen=True)
class Collator:
    """Pads the rows of a batch on the right.

    A batch holds `input_ids`, `labels` (of answers) and `attention_mask`; for packed rows, which carry
    `seq_lengths`, in place of the mask the `position_ids`, from which attention tells where a row begins.
    Where prompts are learned too, `prompt_labels` holds the tokens of all else. Each is (batch, tokens).
    """

    padding: int
    learns_prompts: bool = False

    def __call__(self, rows: list[dict[str, Any]]) -> dict[str, Any]:
        """The batch of `rows`."""
        columns = {
            "input_ids": (self.padding, [row["input_ids"] for row in rows]),
            "labels": (IGNORED, [row["labels"] for row in rows]),
        }
        if "seq_lengths" in rows[0]:
            columns["position_ids"] = (0, [positions(row["seq_lengths"]) for row in rows])
        else:
            columns["attention_mask"] = (0, [[1] * len(row["input_ids"]) for row in rows])
        if self.learns_prompts:
            columns["prompt_labels"] = (IGNORED, [prompt_labels(row) for row in rows])
        return {name: padded(values, fill, "right")[0] for name, (fill, values) in columns.items()}


def positions(lengths: list[int]) -> list[int]:
    """The position of each token in its own row."""
    return [position for length in lengths for position in range(length)]


def prompt_labels(row: dict[str, Any]) -> list[int]:
    """The tokens of no answer, IGNORED elsewhere and where a row begins: nothing foretells that one."""
    starts = positions(row.get("seq_lengths") or [len(row["input_ids"])])
    return [
        token if label == IGNORED and start > 0 else IGNORED
        for token, label, start in zip(row["input_ids"], row["labels"], starts, strict=True)
    ]
