"""Reads mutated documents with every parser and reports what is neither read nor refused.

    python -m bench.fuzz [FORMAT...] [--mutations N] [--seed S] [--samples FOLDER]
    python -m bench.fuzz FORMAT --replay NUMBER [--seed S] [--samples FOLDER] [--save FILE]

A failure is an exception other than `Refused`, a crash, more than 10 s of processor time or 3 GiB for one
small document, or a result that breaks the rules of `Parsed`. Equal failures are reported once, with the
number that brings the first back. Exits 1 on failures. psutil comes with dvc.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path

from bench.fuzz.child import Outcome, read, watch
from bench.fuzz.seeds import MAKERS, documents_of
from bench.fuzz.structures import mutate

DOCUMENTS = Path("data/documents")
GOOD = ("parsed", "refused")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__.split("\n")[0])
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help=f"{', '.join(MAKERS)}; else all")
    parser.add_argument("--mutations", type=int, default=1000, help="of each format")
    parser.add_argument("--first", type=int, default=0, help="number of the first mutation")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=Path, help="a folder of further documents")
    parser.add_argument("--replay", type=int, metavar="NUMBER", help="read one mutation in this process")
    parser.add_argument("--save", type=Path, help="write the replayed mutation to this file")
    given = parser.parse_args()
    if unknown := set(given.formats) - set(MAKERS):
        parser.error(f"no such format: {', '.join(sorted(unknown))}")
    return given


def fuzz(
    format_name: str, documents: list[bytes], seed: int, numbers: range
) -> dict[tuple[str, str], list[Outcome]]:
    """Reads the mutations, prints one line, and returns the failures by kind and place."""
    counts: Counter[str] = Counter()
    failures: dict[tuple[str, str], list[Outcome]] = defaultdict(list)
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        for outcome in watch(format_name, documents, seed, numbers, Path(folder) / "trace"):
            counts[outcome.what] += 1
            if outcome.what not in GOOD:
                failures[outcome.what.partition(":")[0], outcome.place].append(outcome)
    rate = len(numbers) / (time.monotonic() - started)
    print(
        f"{format_name:8}{len(set(documents)):3} documents, {len(numbers)} mutations: "
        f"{counts['parsed']} parsed, {counts['refused']} refused, "
        f"{sum(map(len, failures.values()))} failures, {rate:.0f} per second",
        flush=True,
    )
    return failures


def main() -> None:
    """Prints a line per format and one per kind of failure."""
    given = arguments()
    samples = [folder for folder in (DOCUMENTS, given.samples) if folder]
    has_failed = False
    for format_name in given.formats or MAKERS:
        documents = documents_of(format_name, samples)
        if given.replay is not None:
            data = mutate(format_name, documents, given.seed, given.replay)
            if given.save:
                given.save.write_bytes(data)
            print(f"{format_name} {given.replay}: {len(data)} bytes: {' at '.join(read(format_name, data))}")
            continue
        numbers = range(given.first, given.first + given.mutations)
        failures = fuzz(format_name, documents, given.seed, numbers)
        for _, alike in sorted(failures.items(), key=lambda item: -len(item[1])):
            first = min(alike)
            replay = f"--seed {given.seed} --replay {first.number}"
            print(f"    {len(alike)} x {first.what} at {first.place} ({replay})", flush=True)
        has_failed |= bool(failures)
    sys.exit(has_failed)


if __name__ == "__main__":
    main()
