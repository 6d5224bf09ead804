"""Measures training: against TRL's defaults on a CPU, and as a share of what a rented GPU can compute.

    python -m bench.train [--rows 384]   # sample set, seed student: ours and TRL's SFTTrainer take turns
    python -m bench.train --gpu          # random models of real shapes on an H200, one after the other
    python -m bench.train --gpu --tiny   # the same with toy shapes, on any machine: does the script run?

The peer has the same rows, labels, LoRA, batch, rate and schedule, and no gradient checkpointing, which TRL
would switch on; the rest is TRL's default: padding of rows in random order, its own loss, float32. Tokens are
those of rows, not of padding. Exits 1 when a limit is missed.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.loop import Measurement, report
from slm_factory.core import files, params
from slm_factory.student import chat, model
from slm_factory.student.settings import StudentSettings
from slm_factory.training import automatic
from slm_factory.training.rows import Encoded, encode_rows
from slm_factory.training.settings import TrainSettings
from slm_factory.training.trainer import load_base, lora, make_trainer
from stages.train import ROWS

TURN = 3  # steps, then the other trains
WARM_STEPS = 10  # that are not timed: kernels are chosen, memory is taken
TIMES_AS_FAST, LOSS_TOLERANCE = 1.5, 1.02
PEAK_FLOPS = 989e12  # dense bfloat16 of an H100 or H200 SXM, by NVIDIA's data sheet
UTILISATION, QLORA_GIB = 0.4, 24.0

QWEN3_1_7B = {
    **{"vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 6144, "num_hidden_layers": 28},
    **{"num_attention_heads": 16, "num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": True},
}
SHAPE_12B = {
    **{"vocab_size": 151936, "hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 38},
    **{"num_attention_heads": 40, "num_key_value_heads": 8, "head_dim": 128, "tie_word_embeddings": False},
}
TINY = {
    **{"vocab_size": 8192, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2},
    **{"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 32, "tie_word_embeddings": True},
}


@dataclass
class Turns:
    """Two trainers that take turns in one process, so that other work on the machine slows both alike."""

    baton: threading.Condition = field(default_factory=threading.Condition)
    running: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    cores: dict[str, float] = field(default_factory=dict)

    def train(self, trainers: dict[str, Any]) -> None:
        """Trains all to their end, TURN steps at a time."""
        self.running = list(trainers)
        self.seconds, self.cores = dict.fromkeys(trainers, 0.0), dict.fromkeys(trainers, 0.0)
        threads = [threading.Thread(target=self.run, args=(name, trainers[name])) for name in trainers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def run(self, name: str, trainer: Any) -> None:
        """One trainer's thread: waits for its turn, trains, hands on."""
        from transformers import TrainerCallback

        turns = self

        class HandOn(TrainerCallback):
            def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
                if state.global_step % TURN == 0:
                    turns.hand_on(name)
                    turns.wait(name)

        trainer.add_callback(HandOn())
        self.wait(name)
        try:
            trainer.train()
        finally:
            self.hand_on(name)
            with self.baton:
                self.running.remove(name)
                self.baton.notify_all()

    def wait(self, name: str) -> None:
        """Waits until it is `name`'s turn; its clocks go on."""
        with self.baton:
            self.baton.wait_for(lambda: self.running[0] == name)
        self.seconds[name] -= time.perf_counter()
        self.cores[name] -= time.process_time()

    def hand_on(self, name: str) -> None:
        """Stops `name`'s clocks and puts it at the end of the row."""
        self.seconds[name] += time.perf_counter()
        self.cores[name] += time.process_time()
        with self.baton:
            self.running.remove(name)
            self.running.append(name)
            self.baton.notify_all()


def with_trl(settings: TrainSettings, base: Any, tokenizer: Any, rows: Encoded, folder: Path) -> Any:
    """The peer: SFTTrainer as TRL sets it up."""
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import SFTConfig, SFTTrainer

    arguments = SFTConfig(
        output_dir=str(folder),
        max_length=settings.max_length,
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=settings.batch_size,
        per_device_eval_batch_size=settings.batch_size,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_share,  # below 1 a share
        gradient_checkpointing=False,
        bf16=False,
        use_cpu=base.device.type == "cpu",
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
    )
    trainer = SFTTrainer(
        model=base,
        args=arguments,
        train_dataset=Dataset.from_list(rows["train"]),
        eval_dataset=Dataset.from_list(rows["valid"]),
        processing_class=tokenizer,
        peft_config=lora(settings),
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def against_trl(epochs: int, count: int | None) -> list[Measurement]:
    """Tokens per second and valid loss on the sample set, ours and TRL's."""
    student = params.load("student", StudentSettings)
    place = model.folder(student.model)
    tokenizer = model.load_tokenizer(place, student.chat_template)
    settings = params.load("train", TrainSettings).model_copy(update={"epochs": epochs})
    rows, _ = encode_rows(files.read_json_lines(ROWS), tokenizer, settings.max_length)
    rows["train"] = random.Random(0).sample(rows["train"], count or len(rows["train"]))
    base = load_base(settings, place)
    settings = automatic.resolve(settings, base.num_parameters(), len(rows["train"]))
    with tempfile.TemporaryDirectory() as folder:
        ours = make_trainer(settings, base, tokenizer, rows, Path(folder) / "ours", Path(folder) / "curves")
        peer = with_trl(settings, load_base(settings, place), tokenizer, rows, Path(folder) / "trl")
        turns = Turns()
        turns.train({"ours": ours, "TRL": peer})
        losses = {"ours": ours.evaluate()["eval_loss"], "TRL": peer.evaluate()["eval_loss"]}
    tokens = epochs * sum(len(row["input_ids"]) for row in rows["train"])
    for name, loss in losses.items():
        rate, of_cores = tokens / turns.seconds[name], tokens / turns.cores[name]
        print(f"{name}: {rate:.0f} tokens/s, {of_cores:.0f} per second of a core, valid loss {loss:.4f}")
    return [
        Measurement(what, clock["TRL"] / clock["ours"], TIMES_AS_FAST, "x", is_floor=True)
        for what, clock in (("speed", turns.seconds), ("speed by time of cores", turns.cores))
    ] + [Measurement("valid loss, to that of TRL", losses["ours"] / losses["TRL"], LOSS_TOLERANCE, "")]


def flops(config: Any, adapter_weights: int, rows: list[dict[str, list[int]]]) -> float:
    """Floating-point operations that one pass of training over `rows` needs.

    PaLM (arXiv:2204.02311), appendix B, counts 6 N per token: 2 forward, 2 for the gradients of activations,
    2 for those of weights. The frozen base has no gradients of weights, so 4 N; the adapter has all 6. The
    head counts only where a token is learned; attention as causal, half of every square. Work that is done
    twice (checkpointing) or on padding is none.
    """
    attended = config.num_attention_heads * config.head_dim
    kept = config.num_key_value_heads * config.head_dim
    projections = config.hidden_size * (2 * attended + 2 * kept)
    layer = projections + 3 * config.hidden_size * config.intermediate_size
    tokens = sum(len(row["input_ids"]) for row in rows)
    learned = sum(label != chat.IGNORED for row in rows for label in row["labels"])
    squares = sum(len(row["input_ids"]) ** 2 for row in rows)
    return float(
        tokens * (4 * config.num_hidden_layers * layer + 6 * adapter_weights)
        + learned * 4 * config.hidden_size * config.vocab_size
        + squares * 6 * config.num_hidden_layers * attended
    )


def random_rows(count: int, vocabulary: int, shortest: int, longest: int) -> list[dict[str, list[int]]]:
    """Rows of random tokens, of which the last third is the answer."""
    draw = random.Random(0)
    rows = []
    for _ in range(count):
        ids = [draw.randrange(5, vocabulary) for _ in range(draw.randint(shortest, longest))]
        asked = len(ids) * 2 // 3
        rows.append({"input_ids": ids, "labels": [chat.IGNORED] * asked + ids[asked:]})
    return rows


def on_random_model(
    shape: dict[str, Any], rows: list[dict[str, list[int]]], **changes: Any
) -> tuple[float, float]:
    """(floating-point operations per second, peak GiB of the GPU) of a random model of the Qwen3 family."""
    torch = model.import_torch()
    from transformers import Qwen3Config, Qwen3ForCausalLM, TrainerCallback

    class Clock(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            if state.global_step in (WARM_STEPS, state.max_steps):
                if torch.cuda.is_available():
                    torch.cuda.synchronize()
                times.append(time.perf_counter())

    times: list[float] = []
    settings = params.load("train", TrainSettings)
    settings = settings.model_copy(update={"max_length": 1024, "epochs": 1, "learning_rate": 1e-5} | changes)
    student = params.load("student", StudentSettings)
    tokenizer = model.load_tokenizer(model.folder(student.model))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "student"
        torch.set_default_dtype(torch.bfloat16)
        with torch.device(model.find_device()):
            Qwen3ForCausalLM(Qwen3Config(**shape)).save_pretrained(place)
        torch.set_default_dtype(torch.float32)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        encoded: Encoded = {"train": rows, "valid": []}
        base = load_base(settings, place)
        trainer = make_trainer(
            settings, base, tokenizer, encoded, Path(folder) / "run", Path(folder) / "curves"
        )
        trainer.add_callback(Clock())
        trainer.train()
    timed = 1 - WARM_STEPS / trainer.state.max_steps
    work = timed * flops(base.config, trainer.model.num_parameters(only_trainable=True), rows)
    peak = torch.cuda.max_memory_allocated() / 2**30 if torch.cuda.is_available() else 0.0
    return work / (times[1] - times[0]), peak


def on_gpu(is_tiny: bool) -> list[Measurement]:
    """Utilisation of LoRA on 1.7 billion parameters, memory of QLoRA on 12 billion."""
    shape, count = (TINY, 96) if is_tiny else (QWEN3_1_7B, 8000)
    sizes = (30, 60) if is_tiny else (300, 600)
    speed, peak = on_random_model(
        shape, random_rows(count, shape["vocab_size"], *sizes), batch_size=8 if is_tiny else 32
    )
    print(f"LoRA, {count} rows of {sizes[0]}-{sizes[1]} tokens: {speed / 1e12:.3g} TFLOP/s, {peak:.1f} GiB")
    large, few = (TINY, 48) if is_tiny else (SHAPE_12B, 200)
    _, memory = on_random_model(
        large,
        random_rows(few, large["vocab_size"], *sizes),
        **{"batch_size": 4, "gradient_checkpointing": True, "qlora": not is_tiny},
    )
    return [
        Measurement(
            "LoRA on 1.7B: model FLOPs utilisation", speed / PEAK_FLOPS, UTILISATION, "", is_floor=True
        ),
        Measurement("QLoRA on 12B: peak memory", memory, QLORA_GIB, "GiB"),
    ]


def main() -> None:
    """Trains, prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--epochs", type=int, default=2, help="of the race against TRL")
    parser.add_argument("--rows", type=int, help="of the sample set, drawn; all without it")
    parser.add_argument("--gpu", action="store_true", help="random models of real shapes")
    parser.add_argument("--tiny", action="store_true", help="toy shapes; the limits mean nothing")
    chosen = parser.parse_args()
    measurements = on_gpu(chosen.tiny) if chosen.gpu else against_trl(chosen.epochs, chosen.rows)
    print(f"\n{report(measurements)}")
    sys.exit(not chosen.tiny and not all(m.is_met for m in measurements))


if __name__ == "__main__":
    main()
