"""Measures an evolution with nothing to do, and what is left when one is killed.

    python -m bench.evolve [idle] [kills] [--steps 18]

1. A clone of this repository, its data taken from this repository's DVC cache, evolves until a version is
   registered (which runs what is stale), and then once more, three times: nothing has changed.
2. The pipeline of the tests, whose student is tiny and real, evolves into a folder and into an Ollama server
   of the tests; each evolution is killed (SIGKILL) one step later than the one before, a step being whatever
   changes something outside the process. Then it is started again.

Exits 1 when a limit is missed.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.loop import REPOSITORY, Measurement, report
from slm_factory.release import registry
from slm_factory.release.ollama import Ollama
from slm_factory.release.target import Folder, Target
from tests.conftest import set_params
from tests.ollama_store import storing
from tests.release import killing
from tests.release.tiny_pipeline import ENVIRONMENT, choose, lay_out, runs, shell, write_sources

EVOLVE = ("tool", "evolve", "--yes")


def nothing_to_do(clone: Path) -> list[Measurement]:
    """Seconds of an evolution with nothing to do, the whole process: by the wall (the middle one of three),
    and of all cores together, which says what other work on the machine hides.
    """
    subprocess.run(["git", "clone", "--quiet", str(REPOSITORY), str(clone)], check=True)
    cache = subprocess.run(
        [sys.executable, "-m", "dvc", "cache", "dir"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    subprocess.run(
        [sys.executable, "-m", "dvc", "cache", "dir", "--local", cache.stdout.strip()], cwd=clone, check=True
    )
    subprocess.run(["dvc", "checkout", "--quiet"], cwd=clone, check=False)  # what the cache lacks is made
    environment = os.environ | ENVIRONMENT | {"PYTHONPATH": str(clone)}
    command = [sys.executable, "-m", "slm_factory.cli.main", *EVOLVE]
    seconds, cores = [], []
    for attempt in range(4):
        started, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            command, cwd=clone, env=environment, capture_output=True, text=True, check=False
        )
        if attempt == 0:
            print(done.stdout)
            continue
        if done.returncode or "Nothing to do" not in done.stdout:
            sys.exit(f"evolve ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        seconds.append(time.monotonic() - started)
        cores.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return [
        Measurement("evolve, nothing changed", statistics.median(seconds), 5, "s"),
        Measurement("evolve, nothing changed, time of cores", statistics.median(cores), 5, "s"),
    ]


@dataclass
class Tally:
    """What was seen over all kills."""

    kills: int = 0
    unserved: int = 0  # users had no version, or one that had not passed
    unfinished: int = 0  # the next evolve did not end with the new version in service
    trained: int = 0  # runs of the training stage beyond one per change of documents

    def kill(self, folder: Path, target: Target, step: int) -> None:
        """Kills the evolution after a change of documents at `step`, starts it again, and counts."""
        choose("second" if step % 2 == 0 else "first")
        known, ran = registry.load(), runs()
        code, output, _ = killing.run(folder, *EVOLVE, kill_at=step)
        if code not in (0, -9):
            sys.exit(output)
        serving = [version for version in registry.load().versions if target.serves(version.name)]
        self.unserved += not serving or any(version.verdict != "pass" for version in serving)
        self.kills += code == -9
        code, _, _ = killing.run(folder, *EVOLVE)
        made = registry.load().versions[len(known.versions) :]
        is_clean = not shell("git status --porcelain")
        self.unfinished += code != 0 or len(made) != 1 or not target.serves(made[0].name) or not is_clean
        self.trained += runs() - ran - 1


def killed(work: Path, steps: int) -> list[Measurement]:
    """The tally of kills at the first `steps` steps of an evolution, for each target."""
    tally = Tally()
    write_sources(work / "sources")
    os.environ.update(ENVIRONMENT, SLM_FACTORY_CACHE=str(work / "store"))
    with storing(work / "blobs") as server:
        os.environ["OLLAMA_HOST"] = server.url
        targets: dict[str, Target] = {"folder": Folder(), "ollama": Ollama("slm")}
        for name, target in targets.items():
            folder = work / name
            folder.mkdir()
            shutil.copy(REPOSITORY / "params.yaml", folder)
            os.chdir(folder)
            lay_out(work / "sources")
            set_params(folder, **{"release.target": name})
            shell("git commit -qam target --allow-empty")
            killing.run(folder, *EVOLVE)
            before = tally.kills
            for step in range(steps):
                tally.kill(folder, target, step)
            print(f"{name}: killed {tally.kills - before} times", flush=True)
    return [
        Measurement("evolve killed", tally.kills, 30, "times", is_floor=True),
        Measurement("of these, users without a version that passed", tally.unserved, 0, ""),
        Measurement("of these, not finished by the next evolve", tally.unfinished, 0, ""),
        Measurement("trained again without need", tally.trained, 0, "times"),
    ]


def main() -> int:
    """Prints the table; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="*", choices=["idle", "kills"], help="1, 2, or both, as without it")
    parser.add_argument("--steps", type=int, default=18, help="at which each target's evolution is killed")
    arguments = parser.parse_args()
    what, measured = arguments.what or ["idle", "kills"], []
    with tempfile.TemporaryDirectory(prefix="slm-factory-evolve-") as work:
        if "idle" in what:
            measured += nothing_to_do(Path(work) / "clone")
        if "kills" in what:
            measured += killed(Path(work), arguments.steps)
    print(f"\n{report(measured)}")
    return 0 if all(row.is_met for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
