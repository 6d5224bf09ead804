"""Chat lines as rows of token ids."""

from typing import Any

from slm_factory.core import files
from slm_factory.student import chat

Encoded = dict[str, list[dict[str, list[int]]]]  # "train" and "valid": rows of input_ids and labels


def encode_rows(rows: list[files.Row], tokenizer: Any, max_length: int) -> tuple[Encoded, int]:
    """({"train" and "valid": rows of input_ids and labels}, number of longer rows, which are left out)."""
    encoded: Encoded = {"train": [], "valid": []}
    too_long = 0
    for row in rows:
        ids, labels = chat.encode(tokenizer, row["messages"])
        if len(ids) > max_length:
            too_long += 1
        else:
            encoded[row["split"]].append({"input_ids": ids, "labels": labels})
    return encoded, too_long
