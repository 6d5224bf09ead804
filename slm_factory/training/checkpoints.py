"""Where a run keeps its checkpoints, so that a killed one goes on: in the cache folder, named by its inputs.

DVC wipes outputs before each start, so they cannot lie there.
"""

import hashlib
import json
import logging
import shutil
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from slm_factory.core.code import source_version
from slm_factory.core.records import content_key
from slm_factory.core.store import cache_folder
from slm_factory.student import chat, model, rendering, templates
from slm_factory.student.settings import StudentSettings
from slm_factory.training import launch
from slm_factory.training.settings import TrainSettings

LIBRARIES = ("accelerate", "peft", "torch", "transformers", "trl")
log = logging.getLogger(__name__)

SAVE_SECONDS = 300  # what a kill costs at most, and the steps up to the next entry of the curves


def checkpoint_folder(rows: Path, settings: TrainSettings, student: StudentSettings, place: Path) -> Path:
    """Where this very run keeps its checkpoints: named by the file of rows, parameters, student and code."""
    key = content_key(
        {
            "rows": hashlib.sha256(rows.read_bytes()).hexdigest(),
            "train": settings.model_dump(),
            "student": [student.model, model.fingerprint(place), student.chat_template],
            # Another device or library rounds otherwise: what one began, another cannot end the same.
            "place": [
                model.find_device(),
                launch.processes(),
                *(f"{name} {version(name)}" for name in LIBRARIES),
            ],
            "code": source_version(
                Path(__file__).parent,
                *(Path(str(part.__file__)) for part in (chat, model, rendering, templates)),
            ),
        }
    )
    return cache_folder() / "checkpoints" / key[:16]


def hold(checkpoints: Path) -> FileLock:
    """A lock that no other training with these checkpoints has; one with the same inputs is waited for."""
    locks = cache_folder() / "locks"
    locks.mkdir(parents=True, exist_ok=True)
    lock = FileLock(locks / f"{checkpoints.name}.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        log.info("train: waiting for another training of the same rows and parameters to end")
        lock.acquire()
    return lock


def saves_callback() -> Any:
    """A Trainer callback that saves within long epochs too, whenever SAVE_SECONDS have passed.

    It saves only where the curves get an entry, and gives them one at each end of an epoch: the loss since
    the last entry is in no checkpoint, so a resumed run would write another mean. Which steps are saved
    changes nothing else.
    """
    import torch
    from accelerate.utils import broadcast
    from transformers import TrainerCallback

    class Saves(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.saved = time.monotonic()

        def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            ends_epoch = state.global_step % (state.max_steps // args.num_train_epochs) == 0  # saved anyhow
            if control.should_log and not ends_epoch:
                is_due = torch.tensor(time.monotonic() - self.saved >= SAVE_SECONDS, device=args.device)
                control.should_save |= bool(broadcast(is_due))  # all processes save, or none

        def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            control.should_log = True

        def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
            self.saved = time.monotonic()

    return Saves()


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
