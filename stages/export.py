"""Merges the adapter into the student and writes the model card; refuses when the gate failed.

in:  models/adapter, data/parse.parquet, data/split.parquet, metrics/{convert,train,evaluate,gate}.json,
     the student (params: student)
out: models/merged, metrics/export.json

A refusal writes models/merged/REFUSED.md in place of weights and exits 0: a stage that fails would take the
experiment's row out of `dvc exp show`, and a refused experiment is one worth seeing.
"""

import json
import logging
import shutil
from pathlib import Path
from typing import Any, Literal

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.params import Settings
from slm_factory.report.card import Asking, Base, Made, model_card, refusal_card
from slm_factory.student import chat, model, templates
from slm_factory.student.generate import end_tokens
from slm_factory.student.settings import StudentSettings

DOCUMENTS = Path("data/parse.parquet")
PAIRS = Path("data/split.parquet")
ADAPTER = Path("models/adapter")
MIX = Path("metrics/convert.json")
TRAINING = Path("metrics/train.json")
EVALUATION = Path("metrics/evaluate.json")
GATE = Path("metrics/gate.json")
MERGED = Path("models/merged")
METRICS = Path("metrics/export.json")

# Beside the weights: terms that go with every copy, and what llama.cpp's converter reads of a tokenizer.
KEPT_FILES = ("LICENSE*", "NOTICE*", "USE_POLICY*", "tokenizer.model")

log = logging.getLogger(__name__)


class Params(Settings):
    """`export:` in params.yaml."""

    dtype: Literal["float16", "bfloat16", "float32"]


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


def base_of(place: Path, student: StudentSettings, parameters: int) -> Base:
    """What the card says of the student in `place` before training."""
    from huggingface_hub import metadata_load

    readme = place / "README.md"
    return Base(
        name=student.model,
        version=student.revision or model.version(place),
        is_folder=Path(student.model).is_dir(),
        architecture=model.read_config(place)["architectures"][0],
        parameters=parameters,
        card=(metadata_load(readme) if readme.is_file() else None) or {},
    )


def asking_of(student: StudentSettings, tokenizer: Any) -> Asking:
    """How the student is asked, with an example."""
    form = templates.choose(student.chat_template, tokenizer)
    messages = chat.question_messages(student.system_prompt, "...?")
    return Asking(
        form=form.name,
        system_prompt=student.system_prompt,
        prompt=chat.render(tokenizer, messages, is_asking=True),
        end=form.end,
        refusals=student.refusals,
    )


def keep_files(source: Path, target: Path) -> None:
    """Copies what belongs to a model and is written by neither transformers nor us."""
    for pattern in KEPT_FILES:
        for file in source.glob(pattern):
            shutil.copyfile(file, target / file.name)


def main() -> None:
    """Reads adapter and verdict, writes the merged model with its card, or the refusal."""
    settings = params.load("export", Params)
    student = params.load("student", StudentSettings)
    judged = files.read_json(GATE)
    is_exported = judged["verdict"] == "pass"
    trusted = student.trust_remote_code
    place = model.folder(student.model, student.revision, trust_remote_code=trusted)
    tokenizer = model.load_tokenizer(place, student.chat_template, trust_remote_code=trusted)
    with files.replacing_folder(MERGED) as beside:
        if is_exported:
            network = merge(place, settings.dtype, trust_remote_code=trusted)
            end_answers(network, tokenizer)
            network.save_pretrained(beside)
            tokenizer.save_pretrained(beside)
            keep_files(place, beside)
        made = Made(
            base=base_of(place, student, model.count_parameters(place)),
            asking=asking_of(student, tokenizer),
            dtype=settings.dtype,
            documents=files.read_rows(DOCUMENTS),
            pairs=files.read_rows(PAIRS),
            mix=files.read_json(MIX),
            training=files.read_json(TRAINING),
            adapter=json.loads((ADAPTER / "adapter_config.json").read_text(encoding="utf-8")),
            evaluation=files.read_json(EVALUATION),
            gate=judged,
        )
        name, text = ("README.md", model_card(made)) if is_exported else ("REFUSED.md", refusal_card(made))
        (beside / name).write_text(text, encoding="utf-8")
    weights = sum(file.stat().st_size for file in MERGED.glob("*.safetensors"))
    files.write_json(METRICS, {"is_exported": is_exported, "dtype": settings.dtype, "bytes": weights})
    if is_exported:
        log.info("export: merged in %s, %.1f MB -> %s", settings.dtype, weights / 1e6, MERGED)
    else:
        log.info("export: refused, the gate failed -> %s", MERGED / "REFUSED.md")


if __name__ == "__main__":
    run_stage(main)
