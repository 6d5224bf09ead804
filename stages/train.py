"""Tunes the student with LoRA on the chat rows; the best checkpoint by valid loss becomes the adapter.

in:  data/convert.jsonl, the student (params: student, train)
out: models/adapter, metrics/train.json, metrics/train

A killed run goes on from its last checkpoint: checkpoints lie in the cache folder under the hash of all
that decides the result, because DVC wipes outputs before each start.
"""

import hashlib
import json
import logging
import shutil
import time
from pathlib import Path
from typing import Any

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.code import source_version
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.params import Settings
from slm_factory.core.progress import track
from slm_factory.core.records import content_key
from slm_factory.core.store import cache_folder
from slm_factory.student import chat, model, rendering, templates
from slm_factory.student.settings import StudentSettings

ROWS = Path("data/convert.jsonl")
ADAPTER = Path("models/adapter")
CURVES = Path("metrics/train")
METRICS = Path("metrics/train.json")

CURVE_NAMES = ("loss", "eval_loss", "learning_rate")

log = logging.getLogger(__name__)


class Params(Settings):
    """`train:` in params.yaml."""

    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    max_length: int = Field(ge=16)
    warmup_share: float = Field(ge=0, lt=1)
    patience: int = Field(ge=1)
    gradient_checkpointing: bool
    seed: int


def encode_rows(
    rows: list[files.Row], tokenizer: Any, max_length: int
) -> tuple[dict[str, list[dict[str, list[int]]]], int]:
    """({"train" and "valid": rows of input_ids and labels}, number of longer rows, which are left out).

    Raises:
        UserError: no row is left to train on.
    """
    encoded: dict[str, list[dict[str, list[int]]]] = {"train": [], "valid": []}
    too_long = 0
    for row in rows:
        ids, labels = chat.encode(tokenizer, row["messages"])
        if len(ids) > max_length:
            too_long += 1
        else:
            encoded[row["split"]].append({"input_ids": ids, "labels": labels})
    if not encoded["train"]:
        raise UserError(
            f"error: {ROWS} holds no row to train on ({too_long} are longer than train.max_length)",
            "hint: add documents to data/documents, or raise train.max_length",
        )
    return encoded, too_long


def checkpoint_folder(settings: Params, student: StudentSettings, place: Path) -> Path:
    """Where this very run keeps its checkpoints: named by data, parameters, student and code."""
    key = content_key(
        {
            "rows": hashlib.sha256(ROWS.read_bytes()).hexdigest(),
            "train": settings.model_dump(),
            "student": [student.model, model.fingerprint(place), student.chat_template],
            "code": source_version(
                Path(__file__), *(Path(str(part.__file__)) for part in (chat, model, rendering, templates))
            ),
        }
    )
    return cache_folder() / "checkpoints" / key[:16]


def curves_callback() -> Any:
    """A Trainer callback that writes loss, valid loss and learning rate by DVCLive, and moves a progress bar.

    A resumed run writes its earlier steps again from the checkpoint's history: DVC has wiped the folder.
    """
    from dvclive import Live
    from transformers import TrainerCallback

    class Curves(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.bar = track(range(state.max_steps - state.global_step), "train")
            self.live = Live(dir=str(CURVES), save_dvc_exp=False, dvcyaml=None)
            for entry in state.log_history:
                self.write(entry["step"], entry)

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            next(self.bar, None)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **kwargs: Any) -> None:
            self.write(state.global_step, logs)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.live.end()

        def write(self, step: int, values: dict[str, float]) -> None:
            self.live.step = step
            for name in CURVE_NAMES:
                if name in values:
                    self.live.log_metric(name, round(values[name], 6))

    return Curves()


def trainer_class() -> Any:
    """SFTTrainer that projects to the vocabulary only where an answer is learned.

    Without Triton, TRL's fused head scores every position of a row, system prompt and padding included, and
    computes its entropy; with the seed student this trains 2.3 times as many tokens per second of one core.
    """
    import torch
    from trl import SFTTrainer

    class AnswerTrainer(SFTTrainer):
        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            labels = inputs["labels"]  # (batch, tokens)
            columns = (labels != chat.IGNORED).any(dim=0).nonzero().squeeze(1)
            asked = {name: value for name, value in inputs.items() if name != "labels"}
            outputs = model(**asked, logits_to_keep=columns - 1, use_cache=False)
            answers = labels[:, columns]
            learned = answers != chat.IGNORED
            # outputs.logits: (batch, columns, vocabulary)
            loss = torch.nn.functional.cross_entropy(
                outputs.logits[learned].float(), answers[learned], reduction="sum"
            )
            loss = loss / (learned.sum() if num_items_in_batch is None else num_items_in_batch)
            if self.args.average_tokens_across_devices and num_items_in_batch is not None:
                loss = loss * self.accelerator.num_processes  # DDP takes the mean over processes
            return (loss, outputs) if return_outputs else loss

    return AnswerTrainer


def arguments(
    settings: Params, checkpoints: Path, *, device: str, has_valid: bool, steps_per_epoch: int
) -> Any:
    """TRL's configuration: everything that decides the result comes from `settings`."""
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(checkpoints),
        max_length=settings.max_length,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=int(settings.warmup_share * settings.epochs * steps_per_epoch),
        weight_decay=0.0,
        gradient_checkpointing=settings.gradient_checkpointing,
        # Rows of like length meet in a batch: least padding, so least wasted work.
        train_sampling_strategy="group_by_length",
        use_cpu=device == "cpu",
        bf16=model.has_fast_bfloat16(device),
        eval_strategy="epoch" if has_valid else "no",
        save_strategy="epoch",
        save_total_limit=2,
        load_best_model_at_end=has_valid,
        metric_for_best_model="eval_loss" if has_valid else None,
        greater_is_better=False if has_valid else None,
        restore_callback_states_from_checkpoint=True,
        logging_steps=max(1, steps_per_epoch // 4),
        disable_tqdm=True,
        report_to="none",
        dataloader_pin_memory=device == "cuda",
        seed=settings.seed,
        data_seed=settings.seed,
    )


def make_trainer(
    settings: Params,
    place: Path,
    tokenizer: Any,
    rows: dict[str, list[dict[str, list[int]]]],
    checkpoints: Path,
    *,
    trust_remote_code: bool = False,
) -> Any:
    """TRL's SFTTrainer over LoRA on all linear layers, with early stopping where there are valid rows."""
    model.quiet_transformers()
    from datasets import Dataset, disable_progress_bars
    from peft import LoraConfig
    from transformers import EarlyStoppingCallback, PrinterCallback

    disable_progress_bars()
    device = model.find_device()
    callbacks = [curves_callback()]
    if rows["valid"]:
        callbacks.append(EarlyStoppingCallback(early_stopping_patience=settings.patience))
    trainer = trainer_class()(
        model=model.load_model(
            place, device=device, dtype=model.find_dtype(device), trust_remote_code=trust_remote_code
        ),
        args=arguments(
            settings,
            checkpoints,
            device=device,
            has_valid=bool(rows["valid"]),
            steps_per_epoch=-(-len(rows["train"]) // settings.batch_size),
        ),
        train_dataset=Dataset.from_list(rows["train"]),
        eval_dataset=Dataset.from_list(rows["valid"]) if rows["valid"] else None,
        processing_class=tokenizer,
        peft_config=LoraConfig(
            task_type="CAUSAL_LM",
            target_modules="all-linear",
            r=settings.rank,
            lora_alpha=settings.alpha,
            lora_dropout=settings.dropout,
        ),
        callbacks=callbacks,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def last_checkpoint(checkpoints: Path) -> Path | None:
    """The newest checkpoint that was written to its end, or None; trainer_state.json is written last."""
    found = [place for place in checkpoints.glob("checkpoint-*") if is_json(place / "trainer_state.json")]
    return max(found, key=lambda place: int(place.name.rpartition("-")[2]), default=None)


def is_json(file: Path) -> bool:
    """Whether `file` is there and holds one whole JSON value."""
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return True


def remove_checkpoints(finished: Path) -> None:
    """Removes the finished run's checkpoints, and those of killed runs that nobody resumed for a month."""
    month_ago = time.time() - 30 * 24 * 3600
    for place in finished.parent.iterdir():
        if place == finished or place.stat().st_mtime < month_ago:
            shutil.rmtree(place)


def save_adapter(network: Any, student: str) -> None:
    """Writes models/adapter: the same bytes for the same adapter, and no trace of this machine."""
    with files.replacing_folder(ADAPTER) as beside:
        network.save_pretrained(beside)
        (beside / "README.md").unlink(missing_ok=True)
        file = beside / "adapter_config.json"
        config = json.loads(file.read_text(encoding="utf-8"))
        config["base_model_name_or_path"] = student
        config["target_modules"] = sorted(config["target_modules"])  # a set, which has no order
        files.write_json(file, config)


def measures(trainer: Any, rows: dict[str, list[Any]], too_long: int) -> dict[str, Any]:
    """What metrics/train.json says; nothing in it depends on the clock."""
    history = trainer.state.log_history
    losses = [entry["loss"] for entry in history if "loss" in entry]
    valid = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    return {
        "train_rows": len(rows["train"]),
        "valid_rows": len(rows["valid"]),
        "rows_too_long": too_long,
        "epochs": round(trainer.state.epoch, 2),
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step or trainer.state.global_step,
        "train_loss": round(losses[-1], 6) if losses else None,
        "best_valid_loss": round(min(valid), 6) if valid else None,
        "trainable_parameters": trainer.model.num_parameters(only_trainable=True),
        "device": trainer.args.device.type,
    }


def main() -> None:
    """Reads the rows, trains or goes on training, and writes adapter, curves and metrics."""
    settings = params.load("train", Params)
    student = params.load("student", StudentSettings)
    trusted = student.trust_remote_code
    place = model.folder(student.model, student.revision, trust_remote_code=trusted)
    tokenizer = model.load_tokenizer(place, student.chat_template, trust_remote_code=trusted)
    rows, too_long = encode_rows(files.read_json_lines(ROWS), tokenizer, settings.max_length)
    checkpoints = checkpoint_folder(settings, student, place)
    trainer = make_trainer(settings, place, tokenizer, rows, checkpoints, trust_remote_code=trusted)
    resumed = last_checkpoint(checkpoints)
    if resumed:
        log.info("train: going on from step %s", resumed.name.rpartition("-")[2])
    result = trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    save_adapter(trainer.model, student.model)
    measured = measures(trainer, rows, too_long)
    files.write_json(METRICS, measured)
    remove_checkpoints(checkpoints)
    log.info(
        "train: %d rows (%d too long), %d steps, valid loss %s, %.0f s -> %s",
        measured["train_rows"],
        too_long,
        measured["steps"],
        measured["best_valid_loss"],
        result.metrics["train_runtime"],
        ADAPTER,
    )


if __name__ == "__main__":
    run_stage(main)
