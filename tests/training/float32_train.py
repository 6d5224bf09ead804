"""The train stage without bfloat16, whose rounding would hide whether two ways to train are the same."""

import os
import signal
from typing import Any

from slm_factory.core.errors import run_stage
from slm_factory.student import model
from slm_factory.training import launch
from stages import train

model.has_fast_bfloat16 = lambda device: False
start = launch.start
launch.start = lambda module, file, batch_size: start("tests.training.float32_train", file, batch_size)


def hold_after_the_first_save() -> None:
    """Lets the process wait, once it has written a checkpoint and told the ledger, to be killed there."""
    from transformers.trainer_callback import CallbackHandler

    on_save = CallbackHandler.on_save

    def held(self: Any, *arguments: Any) -> Any:
        on_save(self, *arguments)
        signal.pause()

    CallbackHandler.on_save = held


if __name__ == "__main__":
    if "HOLD" in os.environ:
        hold_after_the_first_save()
    run_stage(train.main)
