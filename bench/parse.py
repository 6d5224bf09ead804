"""Reads documents whose text is known with our parsers and with others, and prints how much each one found.

    python -m bench.parse [--formats pdf hwpx docx html] [--samples FOLDER] [--json FILE]

The documents are made by `bench/gold/<format>.py`; with --samples, real ones whose text that module reads
independently come as a second table. Each contender reads the same files one after another in a process of
its own on one core; loading it and reading the first file for the first time are outside the clock, which
counts processor time, so that other programs on the machine change nothing. `bench/gold/measure.py` says what
is measured. Beside ours stand the bars of the project; exits 1 when one is missed. Peers that are not
installed are named: pip install -c constraints.txt -e ".[bench]" docling
"""

import argparse
import json
import logging
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

from bench.contenders import CONTENDERS
from bench.gold.document import Gold
from bench.gold.measure import Scores, measure, total

MEASURES = {
    "words": "words", "f1": "words F1", "pairs": "pairs", "pair_precision": "pair precision",
    "cells": "cells", "paragraphs": "paragraphs", "order": "in order", "notes": "notes",
}  # fmt: skip


class Result(NamedTuple):
    """What a contender made of the files; `missing` says why it made nothing."""

    contender: str
    seconds: float = 0.0
    scores: Scores | None = None
    failed: int = 0  # files on which it raised; they count as empty
    missing: str = ""

    def value(self, name: str, golds: Sequence[Gold]) -> float | None:
        """A measure by name; `rate` is pages per second where there are pages, else files."""
        if self.scores is None:
            return None
        if name == "rate":
            return (sum(gold.pages for gold in golds) or len(golds)) / self.seconds
        found = getattr(self.scores, name)
        return float(found) if name == "f1" else found.value


class Bar(NamedTuple):
    """What ours must reach: `least`, or so many `times` the best contender whose name begins with `peer`."""

    name: str
    least: float = 0.0
    peer: str = ""
    times: float = 1.0


BARS = {
    "pdf": (
        Bar("words", 0.99), Bar("pairs", peer="pymupdf4llm"), Bar("pair_precision", peer="pymupdf4llm"),
        Bar("rate", peer="pymupdf4llm", times=3),
    ),
    "html": (Bar("f1", peer="trafilatura"),),
    "hwpx": (
        Bar("paragraphs", 0.999), Bar("cells", 0.999), Bar("notes", 0.999), Bar("order", 0.999),
        Bar("rate", 40),
    ),
    "docx": (
        Bar("paragraphs", 0.999), Bar("cells", 0.999), Bar("notes", 1.0), Bar("order", 0.999),
        Bar("rate", 20),
    ),
}  # fmt: skip


def run(name: str, format_name: str, golds: Sequence[Gold]) -> Result:
    """What a contender makes of the files, in its own process: some change each other's libraries."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    paths = [gold.path for gold in golds]
    process = context.Process(target=read_all, args=(name, format_name, paths, there), daemon=True)
    process.start()
    there.close()
    try:
        answer = here.recv()
    except EOFError:
        process.join()
        answer = f"its process ended with exit code {process.exitcode}"
    process.join()
    if isinstance(answer, str):
        return Result(name, missing=answer)
    seconds, texts = answer
    scores = [measure(text or "", gold) for text, gold in zip(texts, golds, strict=True)]
    return Result(name, seconds, total(scores), texts.count(None))


def read_all(name: str, format_name: str, paths: Sequence[Path], pipe: Connection) -> None:
    """Sends (processor seconds, text or None per file), or why the contender cannot be run at all."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    logging.disable(logging.CRITICAL)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        reader = CONTENDERS[format_name][name]()
    except ImportError:
        pipe.send("not installed")
        return
    attempt(reader, paths[0])
    started = processor_seconds()
    texts = [attempt(reader, path) for path in paths]
    pipe.send((processor_seconds() - started, texts))


def attempt(reader: Callable[[Path], str], path: Path) -> str | None:
    """The text of a file; None where the reader raises, whatever it raises."""
    try:
        return reader(path)
    except Exception:
        return None


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def table(results: Sequence[Result], golds: Sequence[Gold]) -> list[str]:
    """A head and a line per contender."""
    rate = "pages/s" if any(gold.pages for gold in golds) else "files/s"
    ours = next((result for result in results if result.contender == "ours"), Result("ours"))
    lines = [
        f"{'contender':22}{rate:>9}{'ours is':>9}"
        + "".join(f"{name:>15}" for name in MEASURES.values())
        + "  failed"
    ]
    for result in results:
        if result.missing:
            lines.append(f"{result.contender:22}  {result.missing}")
            continue
        speed, our_speed = result.value("rate", golds), ours.value("rate", golds)
        ratio = f"{our_speed / speed:.1f} x" if speed and our_speed else ""
        cells = [f"{speed:9.1f}{ratio:>9}"]
        cells += [
            f"{'-' if value is None else f'{value:.4f}':>15}"
            for value in (result.value(name, golds) for name in MEASURES)
        ]
        lines.append(f"{result.contender:22}{''.join(cells)}{result.failed:8}")
    return lines


def judge(format_name: str, results: Sequence[Result], golds: Sequence[Gold]) -> list[dict[str, Any]]:
    """Each bar with our value and whether it is met; None where there is nothing to measure it by."""
    by_name = {result.contender: result for result in results}
    verdicts = []
    for bar in BARS[format_name]:
        limits = [bar.least] if not bar.peer else [
            value * bar.times
            for name, result in by_name.items()
            if name.startswith(bar.peer) and (value := result.value(bar.name, golds)) is not None
        ]  # fmt: skip
        value = by_name["ours"].value(bar.name, golds)
        is_met = value >= max(limits) if limits and value is not None else None
        source = f"{bar.times:g} x {bar.peer}" if bar.peer else "fixed"
        verdicts.append(
            {
                "measure": bar.name,
                "ours": value,
                "bar": max(limits, default=None),
                "source": source,
                "is_met": is_met,
            }
        )
    return verdicts


def describe(verdict: dict[str, Any]) -> str:
    """A bar as a line."""
    value, bar = (
        f"{number:.4g}" if number is not None else "-" for number in (verdict["ours"], verdict["bar"])
    )
    word = {True: "met", False: "MISSED", None: "not measured"}[verdict["is_met"]]
    return f"  bar {verdict['measure']:15}{value:>9} of {bar:>7} ({verdict['source']}): {word}"


def compare(format_name: str, source: str, golds: Sequence[Gold]) -> dict[str, Any]:
    """Prints the table of one format and one set of documents, and returns its numbers."""
    results = [run(name, format_name, golds) for name in CONTENDERS[format_name]]
    pages = sum(gold.pages for gold in golds)
    verdicts = judge(format_name, results, golds)
    print(f"\n{format_name}, {source}: {len(golds)} files" + (f", {pages} pages" if pages else ""))
    print(*table(results, golds), *map(describe, verdicts), sep="\n", flush=True)
    return {
        "format": format_name,
        "source": source,
        "files": len(golds),
        "pages": pages,
        "contenders": {
            result.contender: {"missing": result.missing}
            if result.missing
            else {"failed": result.failed, "seconds": result.seconds}
            | {name: result.value(name, golds) for name in ("rate", *MEASURES)}
            for result in results
        },
        "bars": verdicts,
    }


def main() -> None:
    """Prints a table per format and set of documents; writes their numbers with --json."""
    parser = argparse.ArgumentParser(prog="python -m bench.parse", description=__doc__.split("\n")[0])
    parser.add_argument("--formats", nargs="+", choices=list(CONTENDERS), default=list(CONTENDERS))
    parser.add_argument("--samples", type=Path, help="a folder of real documents")
    parser.add_argument("--json", type=Path, help="write the numbers to this file too")
    given = parser.parse_args()
    compared = []
    with tempfile.TemporaryDirectory() as folder:
        for format_name in given.formats:
            if not find_spec(f"bench.gold.{format_name}"):
                print(f"\n{format_name}: no gold")
                continue
            gold = import_module(f"bench.gold.{format_name}")
            (made := Path(folder) / format_name).mkdir()
            compared.append(compare(format_name, "made", gold.make(made)))
            if given.samples and hasattr(gold, "read") and (real := gold.read(given.samples)):
                compared.append(compare(format_name, "real", real))
    if given.json:
        given.json.write_text(json.dumps(compared, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.exit(any(bar["is_met"] is False for one in compared for bar in one["bars"]))


if __name__ == "__main__":
    main()
