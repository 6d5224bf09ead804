"""Tunes the student with LoRA on the chat rows; the best checkpoint by valid loss becomes the adapter.

in:  data/convert.jsonl, the student (params: student, train; parallel says in how many processes)
out: models/adapter, metrics/train.json, metrics/train

A killed run goes on from its last checkpoint.
"""

import logging
from collections import Counter
from pathlib import Path
from typing import Any

from slm_factory.core import files, params
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.parallel import ParallelSettings
from slm_factory.student import model
from slm_factory.student.settings import StudentSettings
from slm_factory.training import launch, ledger, quantization
from slm_factory.training.adapter import save_adapter
from slm_factory.training.checkpoints import checkpoint_folder, hold, last_checkpoint, remove_checkpoints
from slm_factory.training.rows import Encoded, encode_rows
from slm_factory.training.settings import TrainSettings as Params
from slm_factory.training.trainer import load_base, make_trainer

ROWS = Path("data/convert.jsonl")
ADAPTER = Path("models/adapter")
CURVES = Path("metrics/train")
METRICS = Path("metrics/train.json")

log = logging.getLogger(__name__)


def measures(trainer: Any, rows: Encoded, too_long: Counter[str]) -> dict[str, Any]:
    """What metrics/train.json says; nothing in it depends on the clock."""
    history = trainer.state.log_history
    losses = [entry["loss"] for entry in history if "loss" in entry]
    valid = [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    return {
        "train_rows": len(rows["train"]),
        "valid_rows": len(rows["valid"]),
        "rows_too_long": too_long.total(),
        "too_long_kinds": dict(sorted(too_long.items())),
        "packs": len(trainer.train_dataset) if "seq_lengths" in trainer.train_dataset.column_names else None,
        "learning_rate": trainer.args.learning_rate,
        "most_epochs": trainer.args.num_train_epochs,
        "epochs": round(trainer.state.epoch, 2),
        "steps": trainer.state.global_step,
        "best_step": trainer.state.best_global_step or trainer.state.global_step,
        "train_loss": round(losses[-1], 6) if losses else None,
        "best_valid_loss": round(min(valid), 6) if valid else None,
        "trainable_parameters": trainer.model.num_parameters(only_trainable=True),
        "device": trainer.args.device.type,
    }


def described(too_long: Counter[str]) -> str:
    """`3 too long: 2 dialogue, 1 pair`, or `0 too long`."""
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(too_long.items()))
    return f"{too_long.total()} too long" + (f": {kinds}" if kinds else "")


def main() -> None:
    """Reads the rows, trains or goes on training, and writes adapter, curves and metrics."""
    settings = params.load("train", Params)
    spread = params.load("parallel", ParallelSettings)
    student = params.load("student", StudentSettings)
    trusted = student.trust_remote_code
    quantization.check(settings)
    place = model.folder(student.model, student.revision, trust_remote_code=trusted)
    tokenizer = model.load_tokenizer(place, student.chat_template, trust_remote_code=trusted)
    rows, too_long = encode_rows(files.read_json_lines(ROWS), tokenizer, settings.max_length)
    if not rows["train"]:
        raise UserError(
            f"error: {ROWS} holds no row to train on ({too_long.total()} are longer than train.max_length)",
            "hint: add documents to data/documents, or raise train.max_length",
        )
    # Until this process ends; launched ones stand under the lock of the one that launched them.
    _lock = None if launch.is_launched() else hold(checkpoint_folder(ROWS, settings, student, place))
    if spread.accelerate and not launch.is_launched():
        launch.start("stages.train", Path(spread.accelerate), settings.batch_size)
        return
    launch.join()
    checkpoints = checkpoint_folder(ROWS, settings, student, place)
    network = load_base(settings, place, trust_remote_code=trusted)
    trainer = make_trainer(settings, network, tokenizer, rows, checkpoints, CURVES)
    tokens = sum(len(row["input_ids"]) for row in rows["train"])
    book = ledger.callback(student.model, tokens, spread.price_per_hour)
    trainer.add_callback(book)
    resumed = last_checkpoint(checkpoints)
    if resumed:
        log.info("train: going on from step %s", resumed.name.rpartition("-")[2])
    trainer.train(resume_from_checkpoint=str(resumed) if resumed else None)
    state = trainer.accelerator.get_state_dict(trainer.model) if trainer.is_fsdp_enabled else None
    trainer.accelerator.wait_for_everyone()  # who still reads the best checkpoint, before it is removed
    if not launch.is_main():
        return
    save_adapter(trainer.model, student.model, ADAPTER, state)
    measured = measures(trainer, rows, too_long)
    files.write_json(METRICS, measured)
    remove_checkpoints(checkpoints)
    log.info(
        "train: %d rows (%s), %d steps, valid loss %s, %s -> %s",
        measured["train_rows"],
        described(too_long),
        measured["steps"],
        measured["best_valid_loss"],
        ledger.described(book.row),
        ADAPTER,
    )


if __name__ == "__main__":
    run_stage(main)
