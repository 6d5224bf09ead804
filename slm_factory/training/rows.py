"""Chat lines as rows of token ids."""

from collections import Counter
from typing import Any

from slm_factory.core import files
from slm_factory.student import chat

TokenRow = dict[str, list[int]]  # input_ids and labels: chat.IGNORED where no answer is learned
Encoded = dict[str, list[TokenRow]]  # "train" and "valid"


def encode_rows(rows: list[files.Row], tokenizer: Any, max_length: int) -> tuple[Encoded, Counter[str]]:
    """(rows to train on, number of longer rows by kind; those are left out whole)."""
    encoded: Encoded = {"train": [], "valid": []}
    too_long: Counter[str] = Counter()
    for row in rows:
        ids, labels = chat.encode(tokenizer, row["messages"])
        if len(ids) > max_length:
            too_long[row["kind"]] += 1
        else:
            encoded[row["split"]].append({"input_ids": ids, "labels": labels})
    return encoded, too_long
