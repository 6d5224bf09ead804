"""Training in several processes: the stage starts itself again under `accelerate launch`.

A launched process knows its place by the variables that torchrun sets: RANK, LOCAL_RANK, WORLD_SIZE.
"""

import logging
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError, missing_extra
from slm_factory.student.model import import_torch

WATCH_SECONDS = 0.5


def processes() -> int:
    """How many processes train together, this one among them; 1 unless it was launched."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def is_main() -> bool:
    """Whether this process is the one that writes: the first of the launched, or the only one."""
    return os.environ.get("RANK", "0") == "0"


def is_launched() -> bool:
    """Whether this process was started by a launcher, `accelerate launch` or torchrun."""
    return "LOCAL_RANK" in os.environ


def shards() -> bool:
    """Whether the launched processes divide the student among them, so that no GPU need hold it whole."""
    return os.environ.get("ACCELERATE_USE_FSDP") == "true"


def rows_per_process(batch_size: int, count: int) -> int:
    """Rows of a step that each of `count` processes takes.

    Raises:
        UserError: the batch cannot be divided evenly.
    """
    if batch_size % count:
        raise UserError(
            f"error: train.batch_size {batch_size} cannot be divided among {count} processes",
            f"hint: set train.batch_size to a multiple of {count}, such as {-(-batch_size // count) * count}",
        )
    return batch_size // count


def read(file: Path) -> Any:
    """The accelerate configuration in `file`, read by accelerate's own parser.

    Raises:
        UserError: it is missing or wrong, or names more processes than GPUs.
    """
    try:
        from accelerate.commands.config.config_args import load_config_from_file
    except ImportError as error:
        raise missing_extra("accelerate", "train") from error
    hint = f"hint: profiles/accelerate holds files to choose from; git diff {file}"
    if not file.is_file():
        raise UserError(f"error: parallel.accelerate: there is no {file}", hint)
    try:
        config = load_config_from_file(str(file))
    except (ValueError, TypeError, AttributeError) as error:
        raise UserError(f"error: parallel.accelerate: {file} cannot be read: {error}", hint) from error
    if config.num_processes < 1:
        raise UserError(f"error: parallel.accelerate: {file} names no num_processes", hint)
    return config


def check(file: Path, batch_size: int, gpus: int) -> int:
    """How many processes `file` starts on a machine with `gpus` GPUs.

    Raises:
        UserError: the file is wrong, the batch cannot be divided, or GPUs are missing.
    """
    config = read(file)
    count = int(config.num_processes)
    rows_per_process(batch_size, count)
    if is_sharded(file) and not gpus:
        raise UserError(
            f"error: {file} shards the student over GPUs, and there is none here",
            "hint: use profiles/accelerate/ddp.yaml, which also runs on processors",
        )
    if 0 < gpus < count // int(config.num_machines):
        raise UserError(
            f"error: {file} names {count} processes, and this machine has {gpus} GPU",
            f"hint: set num_processes to {gpus} in {file}",
        )
    return count


def is_sharded(file: Path) -> bool:
    """Whether the configuration divides the student among the processes (FSDP)."""
    return str(read(file).distributed_type.value) == "FSDP"


def start(module: str, file: Path, batch_size: int) -> None:
    """Runs `python -m module` in the processes that `file` names; returns when all have ended well.

    Raises:
        UserError: as `check`; or a process was killed, as the system does when memory runs out.
        SystemExit: a process failed and has told why; with its exit code.
    """
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch import cuda
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    count = check(file, batch_size, cuda.device_count())
    threads = os.environ.get("OMP_NUM_THREADS") or str(max(1, (os.cpu_count() or 1) // count))
    options = ["--config_file", str(file), "--num_cpu_threads_per_process", threads]
    arguments = launch_command_parser().parse_args([*options, "--main_process_port", "0", "--module", module])
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)  # the process has told already
    try:
        launch_command(arguments)
    except ChildFailedError as error:
        _, failure = error.get_first_failure()
        if failure.exitcode == -signal.SIGKILL:
            raise UserError(
                f"error: training process {failure.local_rank} was killed: is there enough memory?",
                "hint: slm-factory check tells what is needed; run the same command again to go on",
            ) from error
        raise SystemExit(failure.exitcode if failure.exitcode > 0 else 1) from error


def join() -> None:
    """Makes a launched process a good member: it takes its own GPU, only the main one reports.

    And none outlives the launcher. Without a launcher this does nothing.
    """
    if not is_main():
        logging.getLogger().setLevel(logging.WARNING)
    if is_launched():
        torch = import_torch()
        if torch.cuda.is_available():
            torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
        threading.Thread(target=follow, args=(os.getppid(),), daemon=True).start()


def follow(launcher: int) -> None:
    """Ends this process when `launcher` is gone: an orphan would write beside the run that comes next."""
    while os.getppid() == launcher:
        time.sleep(WATCH_SECONDS)
    os._exit(1)
