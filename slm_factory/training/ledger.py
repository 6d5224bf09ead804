"""What training took: written to the store's ledger, never to metrics, which must not depend on the clock."""

import sys
import time
from pathlib import Path
from typing import Any

from slm_factory.core.history import repository
from slm_factory.core.store import Store
from slm_factory.training import launch


def callback(student: str, tokens_per_epoch: int, price_per_hour: float) -> Any:
    """A Trainer callback whose main process writes the run down at its start, at each checkpoint and its end.

    So a killed run counts up to its last checkpoint; one that goes on is a run of its own. Its `row` has the
    columns of the ledger's table `trainings`.
    """
    from transformers import TrainerCallback

    class Ledger(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.started, self.first_step, self.first_epoch = time.monotonic(), state.global_step, state.epoch
            self.row: dict[str, str | int | float | None] = {"training": None}
            self.write(args, state)

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.write(args, state)

        def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.write(args, state)

        def write(self, args: Any, state: Any) -> None:
            if not launch.is_main():
                return
            seconds = time.monotonic() - self.started
            self.row |= {
                "repository": repository(Path.cwd()),
                "student": student,
                "device": device_name(args.device),
                "processes": launch.processes(),
                "steps": state.global_step - self.first_step,
                "tokens": round(tokens_per_epoch * ((state.epoch or 0) - (self.first_epoch or 0))),
                "seconds": seconds,
                "peak_bytes": peak_memory(args.device.type),
                "money": price_per_hour * seconds / 3600,
            }
            with Store() as store:
                self.row["training"] = store.put_training(self.row)

    return Ledger()


def described(row: dict[str, Any]) -> str:
    """A row of the ledger in words: `64 s, 5,210 tokens per second, 1.4 GB at the peak`."""
    speed = row["tokens"] / row["seconds"] if row["seconds"] else 0.0
    peak = row["peak_bytes"] / 1e9
    text = f"{row['seconds']:.0f} s, {speed:,.0f} tokens per second, {peak:.1f} GB at the peak"
    return text + (f", {row['money']:.2f} paid" if row["money"] else "")


def device_name(device: Any) -> str:
    """The name of a GPU, else `cpu` or `mps`."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else str(device.type)


def peak_memory(device: str) -> int:
    """The most bytes that this process has held at a time: on its GPU, else resident in memory."""
    if device == "cuda":
        import torch

        return torch.cuda.max_memory_reserved()
    try:
        import resource
    except ImportError:  # Windows
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    unit = 1 if sys.platform == "darwin" else 1024  # kilobytes on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
