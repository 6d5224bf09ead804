"""Merges the adapter into the student and writes the model card; refuses when the gate failed.

in:  models/adapter, metrics/{gate,evaluate,train}.json, the student (params: student)
out: models/merged, metrics/export.json

A refusal writes models/merged/REFUSED.md in place of weights and exits 0: a stage that fails would take the
experiment's row out of `dvc exp show`, and a refused experiment is one worth seeing.
"""

import logging
from pathlib import Path
from typing import Any, Literal

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.params import Settings
from slm_factory.student import model
from slm_factory.student.generate import end_tokens
from slm_factory.student.settings import StudentSettings

ADAPTER = Path("models/adapter")
GATE = Path("metrics/gate.json")
EVALUATION = Path("metrics/evaluate.json")
MERGED = Path("models/merged")
TRAINING = Path("metrics/train.json")
METRICS = Path("metrics/export.json")

CARD_METRICS = ("key_facts", "rouge_l", "chrf", "exact", "refusal", "answer_loss", "perplexity")

log = logging.getLogger(__name__)


class Params(Settings):
    """`export:` in params.yaml."""

    dtype: Literal["float16", "bfloat16", "float32"]


def refusal(gate: dict[str, Any]) -> str:
    """REFUSED.md: which rules were not met."""
    broken = [f"- {rule['name']}: {rule['explanation']}" for rule in gate["rules"] if not rule["is_met"]]
    return "\n".join(
        [
            "# Refused",
            "",
            "The gate did not let this adapter pass, so there is no model here:",
            "",
            *broken,
            "",
            "See metrics/gate.json and metrics/evaluate.json.",
            "",
        ]
    )


def merge(place: Path, dtype: str, *, trust_remote_code: bool = False) -> Any:
    """The student in `place` with the adapter merged into its weights, which are added up in float32."""
    import torch

    network = model.load_model(
        place, device="cpu", dtype=torch.float32, adapter=ADAPTER, trust_remote_code=trust_remote_code
    )
    return network.merge_and_unload().to(getattr(torch, dtype))


def end_answers(network: Any, tokenizer: Any) -> None:
    """Adds the tokenizer's end token to those at which the model stops, whatever server loads it."""
    ends = end_tokens(network, tokenizer)
    if len(ends) > 1 or tokenizer.eos_token_id != network.generation_config.eos_token_id:
        network.generation_config.eos_token_id = sorted(ends)


def card(
    student: StudentSettings,
    settings: Params,
    training: dict[str, Any],
    evaluation: dict[str, Any],
    gate: dict[str, Any],
) -> str:
    """The model card: what it is, how it did on held-out questions, what it must not be used for."""
    rows = []
    slices = {name: found for name, found in evaluation.items() if "base" in found}  # not retrieval, judge
    for name, contenders in slices.items():
        for metric in CARD_METRICS:
            base, tuned = contenders["base"].get(metric), contenders["tuned"].get(metric)
            if base and tuned:
                count = contenders["tuned"]["n"]
                rows.append(f"| {name} | {metric} | {count} | {interval(base)} | {interval(tuned)} |")
    rules = [f"| {rule['name']} | {rule['explanation']} |" for rule in gate["rules"]]
    return f"""---
base_model: {student.model}
library_name: transformers
pipeline_tag: text-generation
tags: [lora, slm-factory]
---

# A student tuned on your documents

`{named(student)}` with a LoRA adapter merged into it ({settings.dtype}), trained by slm-factory on
question-answer pairs from the documents of this repository. It is asked with its system prompt of training:

> {student.system_prompt}

Trained on {training["train_rows"]:,} conversations, {training["steps"]:,} steps
({training["epochs"]:g} epochs), {training["trainable_parameters"]:,} trainable parameters; best loss on
validation rows: {training["best_valid_loss"] or "not measured"}.

## Held-out questions

Means with 95% bootstrap intervals; what each slice tells stands in docs/design.md.

| slice | metric | questions | base | tuned |
|---|---|---|---|---|
{chr(10).join(rows)}

## Gate: {gate["verdict"]}

| rule | |
|---|---|
{chr(10).join(rules)}

## Limits

It knows the facts of the documents as they stood when it was trained; a wrong answer sounds like a right one.
Decisions that matter need the document itself. For what the documents do not say it was taught to answer
"{student.refusal_ko}" or "{student.refusal_en}"; the slices abstain and unseen tell how often it does.

## Licence

That of `{student.model}`; what the documents allow holds for what was learned from them.
"""


def named(student: StudentSettings) -> str:
    """The student's name, with the revision it was fetched at."""
    return f"{student.model}@{student.revision}" if student.revision else student.model


def interval(value: dict[str, float]) -> str:
    """A mean with its interval: `0.912 (0.880-0.940)`."""
    return f"{value['mean']:.3f} ({value['low']:.3f}-{value['high']:.3f})"


def main() -> None:
    """Reads adapter and verdict, writes the merged model or the refusal."""
    settings = params.load("export", Params)
    student = params.load("student", StudentSettings)
    gate = files.read_json(GATE)
    is_exported = gate["verdict"] == "pass"
    with files.replacing_folder(MERGED) as beside:
        if is_exported:
            trusted = student.trust_remote_code
            place = model.folder(student.model, student.revision, trust_remote_code=trusted)
            tokenizer = model.load_tokenizer(place, student.chat_template, trust_remote_code=trusted)
            network = merge(place, settings.dtype, trust_remote_code=trusted)
            end_answers(network, tokenizer)
            network.save_pretrained(beside)
            tokenizer.save_pretrained(beside)
            text = card(student, settings, files.read_json(TRAINING), files.read_json(EVALUATION), gate)
            (beside / "README.md").write_text(text, encoding="utf-8")
        else:
            (beside / "REFUSED.md").write_text(refusal(gate), encoding="utf-8")
    weights = sum(file.stat().st_size for file in MERGED.glob("*.safetensors"))
    files.write_json(METRICS, {"is_exported": is_exported, "dtype": settings.dtype, "bytes": weights})
    if is_exported:
        log.info("export: merged in %s, %.1f MB -> %s", settings.dtype, weights / 1e6, MERGED)
    else:
        log.info("export: refused, the gate failed -> %s", MERGED / "REFUSED.md")


if __name__ == "__main__":
    run_stage(main)
