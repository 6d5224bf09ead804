"""Reads files of strangers in a process of their own, which has limits and can be killed."""

import dataclasses
import multiprocessing.util
import sys
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pebble import ProcessExpired, ProcessPool

from slm_factory.parsers.parse_file import parse_file
from slm_factory.parsers.parsed import Options, Refused
from slm_factory.parsers.redact import find


class Cost(NamedTuple):
    """What reading one file may cost beyond what `Options` bound."""

    timeout_seconds: float
    max_memory_megabytes: int


def read_killable(path: Path, options: Options, cost: Cost) -> list[dict[str, Any]] | str:
    """The documents in `path` as dictionaries, or the reason why they cannot be read; never raises.

    They are read in a child process that stays for the next file. A crash, a hang or a greedy file costs
    that child, not this process.
    """
    future: Future[list[dict[str, Any]]] = child(cost.max_memory_megabytes).schedule(
        read, args=[path, options], timeout=cost.timeout_seconds
    )
    error = future.exception()
    return future.result() if error is None else describe(error, cost)


@cache
def child(max_memory_megabytes: int) -> ProcessPool:
    """The one child of this process, which dies with it."""
    if multiprocessing.get_start_method() == "loky":  # joblib's own, which a spawned child cannot find
        multiprocessing.set_start_method("spawn", force=True)
    pool = ProcessPool(
        max_workers=1,
        # A fresh interpreter: forking a process with threads (Arrow has some) may hang.
        context=multiprocessing.get_context("spawn"),
        initializer=limit_memory,
        initargs=[max_memory_megabytes],
    )
    # Before this process ends its children: the pool would take that for a crash and start another.
    multiprocessing.util.Finalize(pool, stop, args=[pool], exitpriority=100)
    return pool


def stop(pool: ProcessPool) -> None:
    """Ends a pool and its process."""
    pool.stop()
    pool.join()


def limit_memory(megabytes: int) -> None:
    """Lets this process use at most so much address space; beyond it, allocations fail, not the machine.

    Only Linux enforces it.
    """
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, megabytes * 2**20))


def read(path: Path, options: Options) -> list[dict[str, Any]]:
    """The documents in `path` as dictionaries, each with the personal data and secrets found in it.

    Raises:
        Refused: it cannot or must not be read.
    """
    return [
        dataclasses.asdict(document) | {"findings": find(document.markdown)}
        for document in parse_file(path, options)
    ]


def describe(error: BaseException, cost: Cost) -> str:
    """Why a file could not be read, in words a person understands."""
    if isinstance(error, Refused):
        return error.reason
    if isinstance(error, TimeoutError):
        return f"reading took longer than timeout_seconds ({cost.timeout_seconds:g})"
    if isinstance(error, MemoryError):
        return f"reading needed more than max_memory_megabytes ({cost.max_memory_megabytes})"
    if isinstance(error, ProcessExpired):
        return f"reading it crashed the process (exit code {error.exitcode})"
    return f"the parser failed: {type(error).__name__}: {error}"
