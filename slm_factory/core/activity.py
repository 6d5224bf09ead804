"""What the stages are doing, told in files that are no outputs: one per stage and a log, below .dvc/tmp.

Whoever watches (the dashboard) reads them while `dvc repro` or `slm-factory run` works; nothing that a stage
makes depends on them, and a repository without .dvc/tmp goes without.
"""

import contextlib
import json
import logging
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

FOLDER = Path(".dvc/tmp/slm-factory")
LOG = FOLDER / "log.txt"
MAX_LOG_BYTES = 1_000_000
SECONDS_BETWEEN = 0.25  # two writes of progress


@dataclass(frozen=True)
class Activity:
    """What one stage does, or how it ended."""

    stage: str
    pid: int
    state: str  # running, done, stopped (by the user), failed
    started: float  # seconds since the epoch
    updated: float
    task: str = ""  # what is counted just now
    done: int = 0
    total: int | None = None  # None where nobody knows
    task_started: float = 0.0
    message: str = ""  # why it failed

    @property
    def rate(self) -> float:
        """Items of the task per second; 0 before the first."""
        seconds = self.updated - self.task_started
        return self.done / seconds if self.task and seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Until the task ends at its present rate; None where that cannot be told."""
        return (self.total - self.done) / self.rate if self.total and self.rate else None


class Reporter:
    """Writes the activity of this process's stage, at most four times a second."""

    def __init__(self, stage: str) -> None:
        now = time.time()
        self.activity = Activity(stage, os.getpid(), "running", now, now)
        self.written = 0.0
        self.write()

    def begin(self, task: str, total: int | None) -> None:
        """Another task is counted from 0."""
        self.activity = replace(self.activity, task=task, done=0, total=total, task_started=time.time())
        self.write()

    def advance(self) -> None:
        """One more item of the task is done."""
        self.activity = replace(self.activity, done=self.activity.done + 1)
        if time.time() - self.written >= SECONDS_BETWEEN:
            self.write()

    def end(self, state: str, message: str = "") -> None:
        """The stage has ended: done, stopped or failed."""
        self.activity = replace(self.activity, state=state, message=message)
        self.write()

    def write(self) -> None:
        """Replaces the stage's file. That it cannot be written (a full disk) must not stop the stage."""
        self.written = time.time()
        self.activity = replace(self.activity, updated=self.written)
        file = FOLDER / f"{self.activity.stage}.json"
        beside = file.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            beside.write_text(json.dumps(asdict(self.activity)), encoding="utf-8")
            beside.replace(file)


_current: Reporter | None = None  # of this process, while it runs a stage


def current() -> Reporter | None:
    """The reporter of the stage that this process runs."""
    return _current


@contextlib.contextmanager
def reporting(stage: str) -> Iterator[None]:
    """Within the block this process runs `stage`, and whoever watches can see it."""
    global _current
    if not FOLDER.parent.is_dir():
        yield
        return
    FOLDER.mkdir(exist_ok=True)
    _current = Reporter(stage)
    handler = log_handler(stage)
    logging.getLogger().addHandler(handler)
    try:
        yield
        _current.end("done")
    except KeyboardInterrupt:
        _current.end("stopped")
        raise
    except BaseException as error:
        _current.end("failed", " ".join(str(error).split()) or type(error).__name__)
        raise
    finally:
        _current = None
        logging.getLogger().removeHandler(handler)
        handler.close()


def log_handler(stage: str) -> logging.Handler:
    """Adds log lines to the log, which starts anew when it has grown too long."""
    if LOG.is_file() and LOG.stat().st_size > MAX_LOG_BYTES:
        LOG.replace(LOG.with_suffix(".old"))
    handler = logging.FileHandler(LOG, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    return handler


def read_all(root: Path = Path()) -> dict[str, Activity]:
    """What each stage does or did last, by stage; one whose process is gone without a word has failed."""
    import psutil  # every command imports this module, few call this

    found = {}
    for file in sorted((root / FOLDER).glob("*.json")):
        try:
            activity = Activity(**json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):  # of another version
            continue
        if activity.state == "running" and not psutil.pid_exists(activity.pid):
            activity = replace(activity, state="failed", message="killed")
        found[activity.stage] = activity
    return found
