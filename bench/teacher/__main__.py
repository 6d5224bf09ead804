"""Measures the teacher stages against their limits, and prints one table.

    python -m bench.teacher [PART...] [--work FOLDER] [--quick]

Parts: speed, memory, faults, kills, documents, llama; without any, all of them. Each starts a server of its
own on a free local port and runs real stages in processes of their own; `documents` drives DVC in a
repository that it makes, and `llama` asks a llama.cpp server. --quick shrinks every number, to see that the
benchmark runs. Exits 1 when a limit is missed. Takes about ten minutes.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path

from bench.loop import report
from bench.teacher.documents import documents
from bench.teacher.faults import faults
from bench.teacher.kills import kills
from bench.teacher.llama import llama
from bench.teacher.speed import memory, speed

PARTS = {part.__name__: part for part in (speed, memory, faults, kills, documents, llama)}


def main() -> None:
    """Runs the parts, prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.teacher", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; else all")
    parser.add_argument("--work", type=Path, help="folder for all files; kept afterwards")
    parser.add_argument("--quick", action="store_true", help="small numbers and loose limits")
    given = parser.parse_args()
    if unknown := set(given.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    work = given.work or Path(tempfile.mkdtemp(prefix="slm-factory-teacher-"))
    try:
        measurements = [row for name in given.parts or PARTS for row in PARTS[name](work, given.quick)]
    finally:
        if given.work is None:
            shutil.rmtree(work, ignore_errors=True)
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}\n")
    print(report(measurements))
    sys.exit(not all(row.is_met for row in measurements))


if __name__ == "__main__":
    main()
