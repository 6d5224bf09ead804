"""A process that reads mutations one after another, and is watched, because a fault in C cannot be caught."""

import contextlib
import faulthandler
import logging
import multiprocessing
import os
import signal
import sys
import time
import traceback
import unicodedata
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import SynchronizedArray
from pathlib import Path
from typing import NamedTuple

import psutil

import slm_factory
from bench.fuzz.structures import mutate
from slm_factory.parsers import redact
from slm_factory.parsers.parse_file import parse_bytes
from slm_factory.parsers.parsed import Options, Parsed, Refused

OURS = str(Path(slm_factory.__file__).parent)
OPTIONS = Options(max_pages=1000, max_expanded_bytes=50 * 2**20, ocr_languages="")
MAX_SECONDS = 10.0  # of processor time; of the wall, six times as much, for other processes run here too
MAX_BYTES = 3 * 2**30  # of address space
THOROUGH = 50  # every such mutation is read a second time, which must give the same, and searched by `redact`
PER_CHILD = 10_000  # mutations; what libraries leak ends with the child
LATE, SILENT = 0.25, 0.2  # seconds between looks, and for a hanging child to write where it is


class Outcome(NamedTuple):
    """What became of a mutation: `parsed`, `refused`, or how and where it failed."""

    number: int
    what: str
    place: str = ""


def read(format_name: str, data: bytes, is_thorough: bool = False) -> tuple[str, str]:
    """What became of a document, and where it failed."""
    is_law_in_json = format_name == "law" and not data.lstrip().startswith(b"<")
    suffix = ".json" if is_law_in_json else {"law": ".xml"}.get(format_name, f".{format_name}")
    try:
        documents = parse_bytes(data, suffix, OPTIONS)
        fault = find_fault(documents)
        if is_thorough:
            for document in documents:
                redact.find(document.markdown)
            if parse_bytes(data, suffix, OPTIONS) != documents:
                fault = "read twice, it gives two results"
    except Refused as error:
        return ("refused", "") if error.reason.strip() else ("refused without a reason", "")
    except Exception as error:  # whatever a parser lets through is what we look for
        return f"{type(error).__name__}: {str(error)[:100]}", innermost(error)
    return (fault, "parse_bytes") if fault else ("parsed", "")


def find_fault(documents: Sequence[Parsed]) -> str:
    """Which rule of `Parsed` the documents break; "" where none."""
    if len({document.part for document in documents}) < len(documents):
        return "two documents of one name"
    for document in documents:
        text, starts = document.markdown, list(document.page_starts)
        names = [document.part, document.title, *document.meta, *document.meta.values(), *document.warnings]
        if not all(isinstance(name, str) for name in names):
            return "a name that is no text"
        if any("\ud800" <= character <= "\udfff" for value in (text, *names) for character in value):
            return "a lone surrogate"
        if text != unicodedata.normalize("NFC", text) or not text.endswith("\n") or text.endswith("\n\n"):
            return "not NFC, or not one line end"
        if any(character < " " and character not in "\n\t" for character in text):
            return "a control character"
        if starts != sorted(starts) or (starts and not 0 <= starts[0] <= starts[-1] <= len(text)):
            return "page starts outside of the text"
    return ""


def innermost(error: BaseException) -> str:
    """The two innermost frames of this project, and the innermost of all."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(OURS)]
    chosen = [*ours[-2:], *([] if frames[-1] in ours[-1:] else [frames[-1]])]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in chosen)


def work(
    format_name: str,
    documents: list[bytes],
    seed: int,
    numbers: range,
    begun: SynchronizedArray,
    pipe: Connection,
    trace: Path,
) -> None:
    """Sends the outcome of each mutation; `begun` tells since when (processor, wall) one is being read."""
    limit(trace)
    for number in numbers:
        data = mutate(format_name, documents, seed, number)
        begun[:] = time.process_time(), time.time()
        what, place = read(format_name, data, number % THOROUGH == 0)
        begun[:] = 0, 0
        pipe.send(Outcome(number, what, place))
        if what.startswith("MemoryError"):
            return


def limit(trace: Path) -> None:
    """Bounds this process's memory, and sends its last words to `trace`, nothing to the terminal."""
    logging.disable(logging.CRITICAL)
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MAX_BYTES, MAX_BYTES))
    words = trace.open("w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(words.fileno(), 2)
    faulthandler.enable(words)
    faulthandler.register(signal.SIGUSR1, words)


def watch(
    format_name: str, documents: list[bytes], seed: int, numbers: range, trace: Path
) -> Iterator[Outcome]:
    """The outcome of each mutation; a hang or a crash costs one of them and a child."""
    context = multiprocessing.get_context("spawn")
    while numbers:
        block = numbers[:PER_CHILD]
        begun = context.Array("d", 2)
        pipe, theirs = context.Pipe(duplex=False)
        process = context.Process(
            target=work, args=(format_name, documents, seed, block, begun, theirs, trace), daemon=True
        )
        process.start()
        theirs.close()
        done = block.start
        for outcome in receive(pipe, process.pid, begun):
            yield outcome
            done = outcome.number + 1
        process.join()
        if process.exitcode != 0:
            is_hanging = process.exitcode == -signal.SIGKILL
            yield Outcome(done, "hang" if is_hanging else f"crash {process.exitcode}", last_words(trace))
            done += 1
        numbers = range(done, numbers.stop)


def receive(pipe: Connection, pid: int | None, begun: SynchronizedArray) -> Iterator[Outcome]:
    """What the child sends until it ends; ends it when it is late."""
    while True:
        try:
            if pipe.poll(LATE):
                yield pipe.recv()
                continue
        except (EOFError, ConnectionResetError):
            return
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            processor, wall = begun[:]
            times = process.cpu_times()
            is_slow = times.user + times.system - processor > MAX_SECONDS
            if wall and (is_slow or time.time() - wall > 6 * MAX_SECONDS):
                process.send_signal(signal.SIGUSR1)
                time.sleep(SILENT)
                process.kill()


def last_words(trace: Path) -> str:
    """Where the child was: the two innermost frames of this project, and the innermost of all."""
    lines = [
        line.split('"')
        for line in trace.read_text(errors="replace").splitlines()
        if line.startswith('  File "')
    ]
    frames = [
        f"{Path(parts[1]).name}{parts[2].replace(', line ', ':').replace(' in ', ' ')}" for parts in lines
    ]
    ours = [frame for frame, parts in zip(frames, lines, strict=True) if parts[1].startswith(OURS)]
    return " > ".join([*reversed(ours[:2]), *([] if frames[:1] == ours[:1] else frames[:1])])
