"""Compares what training is estimated to take, before it starts, with what it then takes.

    python -m bench.estimate [--steps 4]

On this machine's processor, for the seed student and random ones of 42 and 83 million parameters in other
shapes, one with gradient checkpointing too. Each is trained in a process of its own by the trainer of the
train stage, a few steps of rows of one length. Exits 1 when a time is off by more than a factor of 2, memory
by more than 1.5.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.loop import REPOSITORY, Measurement, report

SEED = REPOSITORY / "models/seed"
DEEP = {"hidden_size": 512, "intermediate_size": 1536, "num_hidden_layers": 12}
DEEP |= {"num_attention_heads": 8, "num_key_value_heads": 4}
WIDE = {"hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 4, "vocab_size": 32_000}
WIDE |= {"num_attention_heads": 16, "num_key_value_heads": 8}
# Changes to the seed's configuration; rows and tokens of a step; gradient checkpointing.
CASES: dict[str, tuple[dict[str, int], int, int, bool]] = {
    "seed, 7M": ({}, 32, 128, False),
    "deep, 42M": (DEEP, 8, 256, False),
    "deep, 42M, checkpointing": (DEEP, 8, 256, True),
    "wide, 83M": (WIDE, 4, 256, False),
}


def measure(case: str, steps: int) -> dict[str, float]:
    """Estimated and measured bytes and seconds a step, in this process."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, TrainerCallback

    from slm_factory.core import params
    from slm_factory.student import chat, model
    from slm_factory.training import estimate, plan, shape, throughput, trainer
    from slm_factory.training.settings import TrainSettings

    changes, rows, tokens, checkpointing = CASES[case]
    changed: dict[str, Any] = {"epochs": 1, "batch_size": rows, "max_length": tokens, "learning_rate": 0.001}
    changed |= {"gradient_checkpointing": checkpointing, "packing": False}
    settings = TrainSettings(**{**params.read(REPOSITORY / "params.yaml")["train"], **changed})
    seed = AutoConfig.from_pretrained(SEED)
    config = type(seed)(**{**seed.to_dict(), **changes, "layer_types": None})
    compute = plan.compute_here(settings)
    learned = tokens // 3
    batch = estimate.Batch(rows, tokens, rows * learned)
    found = shape.of(config)
    options: dict[str, Any] = {"rank": settings.rank, "gradient_checkpointing": checkpointing}
    memory = estimate.memory(found, batch, compute, **options)
    torch.manual_seed(0)
    network = AutoModelForCausalLM.from_config(config).float().eval()
    speed = throughput.measure(
        "cpu",
        torch.float32,
        is_bfloat16=compute.is_bfloat16,
        tokens=rows * tokens,
        inputs=found.hidden,
        outputs=found.feed_forward,
        rank=settings.rank,
    )
    seconds = estimate.step_seconds(found, batch, compute, speed, **options)

    class Clock(TrainerCallback):
        def on_step_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            times.append(-time.perf_counter())

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            times[-1] += time.perf_counter()

    times: list[float] = []
    ids = torch.randint(5, 8000, (rows * steps, tokens)).tolist()
    data = [{"input_ids": row, "labels": [chat.IGNORED] * (tokens - learned) + row[-learned:]} for row in ids]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        training = trainer.make_trainer(
            settings,
            network,
            model.load_tokenizer(SEED),
            {"train": data, "valid": []},
            place / "checkpoints",
            place / "curves",
        )
        training.add_callback(Clock())
        training.train()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "told_bytes": memory.total,
        "bytes": peak,
        "told_seconds": seconds,
        "seconds": sum(times[1:]) / len(times[1:]),  # the first one warms up
    }


def factor(one: float, other: float) -> float:
    """How many times the smaller goes into the larger."""
    return max(one, other) / min(one, other)


def main() -> None:
    """Measures each case in a process of its own, and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=4, help="of each student; the first is not counted")
    parser.add_argument("--case", choices=CASES, help="measure one, and print JSON")
    arguments = parser.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.case, arguments.steps)))
        return
    measurements = []
    for case in CASES:
        command = [sys.executable, "-m", "bench.estimate", "--case", case, "--steps", str(arguments.steps)]
        done = subprocess.run(command, cwd=REPOSITORY, check=True, stdout=subprocess.PIPE, text=True)
        found = json.loads(done.stdout.splitlines()[-1])
        print(
            f"{case}: estimated {found['told_bytes'] / 1e9:.2f} GB and {found['told_seconds']:.2f} s a step, "
            f"measured {found['bytes'] / 1e9:.2f} GB and {found['seconds']:.2f} s",
            flush=True,
        )
        memory, seconds = (factor(found[f"told_{name}"], found[name]) for name in ("bytes", "seconds"))
        measurements.append(Measurement(f"{case}: memory off by", memory, 1.5, "x"))
        measurements.append(Measurement(f"{case}: time off by", seconds, 2, "x"))
    print(f"\n{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n\n{report(measurements)}")
    sys.exit(not all(m.is_met for m in measurements))


if __name__ == "__main__":
    main()
