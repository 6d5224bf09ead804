"""SIGKILL at random moments: outputs as if undisturbed, nothing paid twice but what was in flight."""

import json
import random
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from bench.loop import Measurement, run
from bench.teacher.server import Behaviour, Running, serving
from bench.teacher.speed import CHARACTERS, GENERATE
from bench.teacher.workplace import environment, stage_folder

TABLES = ("data/generate.parquet", "data/answers/generate.parquet")


def kills(work: Path, is_quick: bool) -> list[Measurement]:
    """Kills a stage again and again, lets it finish, and compares it with one that was left alone."""
    chunks, times, latency = (60, 2, 0.2) if is_quick else (600, 10, 0.3)
    settings = {"teacher.concurrency": 16}
    killed, alone = (
        stage_folder(work / name, chunks, CHARACTERS, 3, **settings) for name in ("killed", "alone")
    )
    lots = random.Random(42)
    with serving(Behaviour(latency)) as server:
        run(GENERATE, alone, environment(alone, server.address))
        server.reset()
        in_flight: list[str] = []
        for _ in range(times):
            in_flight += kill(killed, server, lots.uniform(0, 1.2))
        last = run(GENERATE, killed, environment(killed, server.address))
        answers = server.stats()["answers"]
    paid, twice = sum(answers.values()), [key for key, count in answers.items() if count > 1]
    print(last.output.strip())
    print(f"kills: {paid} answers paid for {chunks} requests, {len(in_flight)} in flight at {times} kills")
    different = sum((killed / table).read_bytes() != (alone / table).read_bytes() for table in TABLES)
    different += metrics(killed) != metrics(alone)
    return [
        Measurement(f"{times} kills: outputs that differ", different, 0, ""),
        Measurement(f"{times} kills: paid beside the distinct requests", paid - chunks, len(in_flight), ""),
        Measurement(f"{times} kills: paid twice and not in flight", len(set(twice) - set(in_flight)), 0, ""),
    ]


def kill(folder: Path, server: Running, after: float) -> list[str]:
    """The requests in flight when a stage is killed, `after` seconds from its first request."""
    asked = len(server.stats()["asked"])
    process = subprocess.Popen(GENERATE, cwd=folder, env=environment(folder, server.address))
    while len(server.stats()["asked"]) == asked and process.poll() is None:
        time.sleep(0.05)
    time.sleep(after)
    process.send_signal(signal.SIGSTOP)  # it sends no more, and the server's count holds
    open_requests = server.stats()["open"]
    process.kill()
    process.wait()
    return open_requests


def metrics(folder: Path) -> Any:
    """metrics/generate.json without the seconds."""

    def timeless(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {key: timeless(part) for key, part in value.items() if key != "seconds"}

    return timeless(json.loads((folder / "metrics/generate.json").read_text(encoding="utf-8")))
