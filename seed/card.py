"""Writes the model card of `models/seed` from what was measured."""

from typing import Any


def card(report: dict[str, Any], origins: dict[str, tuple[str, str]]) -> str:
    """The card as Markdown; every figure comes from `report`."""
    pretrain, instruct = report["pretrain"], report["instruct"]
    losses = "\n".join(
        f"| {source} | {origins[source][0]} | {origins[source][1]} | {loss:.2f} "
        f"| {instruct['held_out_loss'][source]:.2f} |"
        for source, loss in pretrain["held_out_loss"].items()
    )
    samples = "\n\n".join(
        quote(f"**Q** {question}\n\n**A** {answer}") for question, answer in report["samples"]
    )
    return f"""---
license: apache-2.0
language: [ko, en]
library_name: transformers
pipeline_tag: text-generation
---

# slm-factory seed student

A causal language model of {pretrain["parameters"] / 1e6:.2f} million parameters (Qwen3 architecture, byte-level BPE of
8,192 entries for Korean and English, context of 1,024 tokens, ChatML with a system prompt), trained from nothing by
`seed/pretrain.py` and `seed/instruct.py` of this repository. Weights are safetensors in bfloat16.

It exists so that the first run, the tests and an evaluation without a network are real from end to end. It learns a
document set of a few hundred facts with LoRA in minutes on two CPU cores. It knows little else, reasons about nothing
and must not be served to anyone as an assistant: choose a real student from `profiles/` for that.

## Training

| phase | tokens seen | steps | minutes | device |
|---|---|---|---|---|
| pretraining | {pretrain["tokens"]:,} | {pretrain["steps"]:,} | {pretrain["minutes"]} | {pretrain["device"]} |
| instruction (answers only; {instruct["rows"]:,} rows: chat pairs, extraction) | {instruct["tokens"]:,} | {instruct["steps"]:,} | {instruct["minutes"]} | {pretrain["device"]} |

## Data, licences, and loss on documents kept aside

Loss is the mean cross-entropy in nats per token (about 2.3 characters), on 1% of the documents of each source.

| source | public repository | licence | after pretraining | after instruction |
|---|---|---|---|---|
{losses}

The everyday questions in `data/general.jsonl` marked "replay" (written for this repository) are part of the
instruction rows; those marked "test" are not.

## What it answers (greedy, without tuning)

{samples}
"""


def quote(text: str) -> str:
    """`text` as a Markdown quotation, line by line."""
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())
