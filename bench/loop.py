"""Measures the whole loop on a fresh clone against its limits, and prints one table.

    python bench/loop.py [--work FOLDER]

Clones the committed state of this repository, runs what a newcomer runs, adds and deletes a document, runs an
experiment, and reads the results. Peak memory is that of the whole process tree. Exits 1 when a limit is
missed. Takes about a quarter of an hour. psutil comes with dvc.
"""

import argparse
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
# Tables of which each row costs one request at most: a chunk read, a pair marked, a paraphrase or dialogue.
TEACHER_ROWS = ("chunk", "score", "augment", "dialogue")


@dataclass(frozen=True)
class Measurement:
    """One row: a value and the limit it must not pass; `is_floor` turns the direction round."""

    what: str
    value: float
    limit: float
    unit: str
    is_floor: bool = False

    @property
    def is_met(self) -> bool:
        return self.value >= self.limit if self.is_floor else self.value <= self.limit

    @property
    def ratio(self) -> float:
        return self.value / self.limit if self.limit else float(self.value > 0)


@dataclass(frozen=True)
class Run:
    """A finished command: wall seconds, peak resident memory of its process tree in GiB, what it printed."""

    seconds: float
    peak_gib: float
    output: str


def run(command: list[str], folder: Path, environment: dict[str, str]) -> Run:
    """Runs `command` in `folder` and samples its tree's memory ten times a second.

    Raises:
        SystemExit: the command failed; its output is shown.
    """
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    peak, is_over = 0, threading.Event()

    def sample() -> None:
        nonlocal peak
        while not is_over.wait(0.1):
            peak = max(peak, tree_memory(process.pid))

    sampler = threading.Thread(target=sample)
    sampler.start()
    output, _ = process.communicate()
    is_over.set()
    sampler.join()
    if process.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}:\n{output[-3000:]}")
    return Run(time.monotonic() - started, peak / 2**30, output)


def tree_memory(pid: int) -> int:
    """Resident bytes of a process and all below it; shared pages count for each: an upper bound."""
    total = 0
    try:
        processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def metric(clone: Path, stage: str) -> dict:
    """metrics/<stage>.json of the clone."""
    return json.loads((clone / "metrics" / f"{stage}.json").read_text(encoding="utf-8"))


def asked(output: str) -> int:
    """How many requests the teacher stages of a run sent, by their closing lines."""
    return sum(map(int, re.findall(r"asked (\d+)", output)))


def stages_run(output: str) -> list[str]:
    """Names of the stages that DVC ran, in order."""
    return re.findall(r"Running stage '([^']+)'", output)


def rows_of(clone: Path, document: str, stages: Iterable[str]) -> int:
    """Rows that name a document, over the tables of these stages."""
    return sum(documents_of(clone, stage).count(document) for stage in stages)


def documents_of(clone: Path, stage: str) -> list[str]:
    """doc_id of every row of a stage's table."""
    import pyarrow.parquet as pq

    return pq.read_table(clone / "data" / f"{stage}.parquet", columns=["doc_id"])["doc_id"].to_pylist()


def first_run(clone: Path, environment: dict[str, str]) -> list[Measurement]:
    """A newcomer's `make run`, its result, and the run after it."""
    setup = run(["make", "install"], clone, environment)
    loop = run(["make", "run"], clone, environment)
    print(loop.output)
    again = run([".venv/bin/dvc", "repro"], clone, environment)
    if stages_run(again.output):
        sys.exit(f"the second dvc repro ran {stages_run(again.output)}")
    make_again = run(["make", "run"], clone, environment)
    recall = metric(clone, "evaluate")["recall"]
    quantize = metric(clone, "quantize")["types"]
    gate = {rule["name"]: rule for rule in metric(clone, "gate")["rules"]}
    return [
        Measurement("make run on a fresh clone", (setup.seconds + loop.seconds) / 60, 10, "min"),
        Measurement("pipeline alone", loop.seconds / 60, 6, "min"),
        Measurement("peak memory", max(setup.peak_gib, loop.peak_gib), 4, "GiB"),
        Measurement("recall questions", recall["tuned"]["n"], 150, "", is_floor=True),
        Measurement("recall key facts, tuned", recall["tuned"]["key_facts"]["mean"], 0.8, "", is_floor=True),
        Measurement("recall key facts, base", recall["base"]["key_facts"]["mean"], 0.05, ""),
        Measurement("gate passed", float(metric(clone, "gate")["verdict"] == "pass"), 1, "", is_floor=True),
        Measurement("gain over base, lower bound", gate["better_than_base"]["low"], 1e-9, "", is_floor=True),
        Measurement("F16 same text", quantize["f16"]["identical"], 0.99, "", is_floor=True),
        Measurement("Q8_0 same key facts", quantize["q8_0"]["equal_key_facts"], 0.95, "", is_floor=True),
        Measurement("second dvc repro", again.seconds, 3, "s"),
        Measurement("second make run", make_again.seconds, 3, "s"),
    ]


def documents_come_and_go(clone: Path, environment: dict[str, str]) -> list[Measurement]:
    """Adds, deletes and puts back a document, up to the training rows; counts what the teacher is asked."""
    repro = [".venv/bin/dvc", "repro", "convert"]
    source = clone / "data/documents/runbooks/added.md"
    text = "# Lantern relay\n\n## Relay limits\n\n- Restart time: 11 minutes\n- Owner: Harbor team\n"
    source.write_text(text, encoding="utf-8")
    added = run(repro, clone, environment)
    tables = sorted(path.stem for path in (clone / "data").glob("*.parquet"))
    own = rows_of(clone, "runbooks/added.md", TEACHER_ROWS)
    present = rows_of(clone, "runbooks/added.md", tables)
    source.unlink()
    deleted = run(repro, clone, environment)
    left = rows_of(clone, "runbooks/added.md", tables)
    source.write_text(text, encoding="utf-8")
    back = run(repro, clone, environment)
    returned = rows_of(clone, "runbooks/added.md", tables)
    source.unlink()
    run(repro, clone, environment)
    whole = sum(len(documents_of(clone, stage)) for stage in TEACHER_ROWS)
    print(
        f"add one document: {asked(added.output)} requests, {own} rows of its own; a whole run asks {whole}"
    )
    return [
        Measurement("rows after adding", present, 1, "", is_floor=True),
        Measurement("requests for one added document", asked(added.output), own, ""),
        Measurement("requests after deleting it", asked(deleted.output), 0, ""),
        Measurement("its rows after deleting it", left, 0, ""),
        Measurement("requests when it comes back", asked(back.output), 0, ""),
        Measurement("its rows when it comes back", returned, present, "", is_floor=True),
    ]


def experiment(clone: Path, environment: dict[str, str]) -> list[Measurement]:
    """`dvc exp run -S train.rank=4` must begin with train."""
    done = run([".venv/bin/dvc", "exp", "run", "-S", "train.rank=4"], clone, environment)
    ran = stages_run(done.output)
    print(f"dvc exp run -S train.rank=4 ran {ran}")
    before = [stage for stage in ran if stage not in ("train", "evaluate", "gate", "export", "quantize")]
    return [
        Measurement("experiment on train.rank: stages before train", len(before), 0, ""),
        Measurement("experiment on train.rank: train ran", float("train" in ran), 1, "", is_floor=True),
    ]


def report(measurements: list[Measurement]) -> str:
    """The table in Markdown."""
    rows = [
        f"| {m.what} | {m.value:.3g} {m.unit} | {'≥' if m.is_floor else '≤'} {m.limit:.3g} {m.unit} "
        f"| {m.ratio:.2f} | {'yes' if m.is_met else '**no**'} |"
        for m in measurements
    ]
    return "\n".join(["| what | measured | limit | ratio | met |", "|---|---|---|---|---|", *rows])


def main() -> None:
    """Clones, measures, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work", type=Path, help="folder for the clone; kept afterwards")
    arguments = parser.parse_args()
    work = arguments.work or Path(tempfile.mkdtemp(prefix="slm-factory-loop-"))
    clone = work / "slm-factory"
    path = os.pathsep.join([str(clone / ".venv/bin"), os.environ["PATH"]])  # as after `activate`
    environment = {**os.environ, "PATH": path, "SLM_FACTORY_CACHE": str(work / "cache")}
    environment.pop("VIRTUAL_ENV", None)
    try:
        subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
        measurements = first_run(clone, environment)
        measurements += documents_come_and_go(clone, environment)
        measurements += experiment(clone, environment)
    finally:
        if arguments.work is None:
            shutil.rmtree(work, ignore_errors=True)
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout.strip()
    print(
        f"\ncommit {commit}, {os.cpu_count()} cores, {platform.machine()}, "
        f"Python {platform.python_version()}\n"
    )
    print(report(measurements))
    sys.exit(not all(m.is_met for m in measurements))


if __name__ == "__main__":
    main()
