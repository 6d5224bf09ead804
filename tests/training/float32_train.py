"""The train stage without bfloat16, whose rounding would hide whether two ways to train are the same."""

from slm_factory.core.errors import run_stage
from slm_factory.student import model
from slm_factory.training import launch
from stages import train

model.has_fast_bfloat16 = lambda device: False
start = launch.start
launch.start = lambda module, file, batch_size: start("tests.training.float32_train", file, batch_size)

if __name__ == "__main__":
    run_stage(train.main)
