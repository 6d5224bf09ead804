"""The curves of a training run, written by DVCLive."""

from pathlib import Path
from typing import Any

from slm_factory.core.progress import track

CURVE_NAMES = ("loss", "eval_loss", "learning_rate")


def curves_callback(folder: Path) -> Any:
    """A Trainer callback that writes losses and learning rate to `folder` and moves a progress bar.

    A resumed run writes its earlier steps again from the checkpoint's history: DVC has wiped the folder.
    """
    from dvclive import Live
    from transformers import TrainerCallback

    class Curves(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.bar = track(range(state.max_steps - state.global_step), "train")
            self.live = Live(dir=str(folder), save_dvc_exp=False, dvcyaml=None)
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
