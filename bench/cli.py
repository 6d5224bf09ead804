"""Measures how long the command line takes to answer, against its limits, and prints one table.

    python bench/cli.py [--runs 7]

Run it in a repository whose pipeline has run, on an idle machine. Each command is a process of its own; the
median of its wall time counts. Seconds of processor are shown beside it: they tell how busy the machine was.
Exits 1 when a limit is missed.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.loop import Measurement, report

PROGRAM = [str(Path(sys.executable).parent / "slm-factory")]
COMPLETION = {"_SLM_FACTORY_COMPLETE": "complete_bash", "COMP_WORDS": "slm-factory s", "COMP_CWORD": "1"}
STAGES = {**COMPLETION, "COMP_WORDS": "slm-factory run --until ", "COMP_CWORD": "3"}
COMMANDS: dict[
    str, tuple[list[str], dict[str, str], float]
] = {  # name: arguments, environment, limit in seconds
    "--help": (["--help"], {}, 0.3),
    "version": (["version"], {}, 0.3),
    "completion": ([], COMPLETION, 0.3),
    "completion of stages": ([], STAGES, 0.3),
    "run --help": (["run", "--help"], {}, 0.3),
    "status": (["status"], {}, 1.5),
    "status --json": (["status", "--json"], {}, 1.5),
}


def seconds(arguments: list[str], environment: dict[str, str], runs: int) -> list[float]:
    """Wall seconds of `runs` calls after one that warms the caches.

    Raises:
        SystemExit: the command fails; what it says is shown.
    """
    found = []
    for _ in range(runs + 1):
        started = time.monotonic()
        done = subprocess.run(
            [*PROGRAM, *arguments], capture_output=True, text=True, env={**os.environ, **environment}
        )
        found.append(time.monotonic() - started)
        if done.returncode:
            sys.exit(f"slm-factory {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")
    return found[1:]


def processor_seconds() -> float:
    """What all ended child processes have taken, in user and system mode."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Times every command and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7, help="of each command")
    runs = parser.parse_args().runs
    measurements = []
    for name, (arguments, environment, limit) in COMMANDS.items():
        before = processor_seconds()
        taken = seconds(arguments, environment, runs)
        processor = (processor_seconds() - before) / (runs + 1)
        measurements.append(Measurement(f"{name}, median of {runs}", statistics.median(taken), limit, "s"))
        print(f"{name}: {min(taken):.2f} to {max(taken):.2f} s, {processor:.2f} s of processor")
    load = os.getloadavg()[0]
    print(f"\n{os.cpu_count()} cores, load {load:.1f}, Python {platform.python_version()}\n")
    print(report(measurements))
    sys.exit(not all(m.is_met for m in measurements))


if __name__ == "__main__":
    main()
