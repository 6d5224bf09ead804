"""Wall time with a slow server, and peak memory with many chunks."""

import json
import math
import sys
from pathlib import Path

from bench.loop import Measurement, run
from bench.teacher.server import Behaviour, serving
from bench.teacher.workplace import environment, stage_folder

GENERATE = [sys.executable, "-m", "stages.generate"]
CHARACTERS = 4000  # of a chunk
FACTS = 10  # of a chunk: an answer of about 10 kB


def speed(work: Path, is_quick: bool) -> list[Measurement]:
    """The asking, and the whole stage with the start of Python, against the time that the server needs."""
    chunks, concurrency, latency = (40, 8, 0.2) if is_quick else (1000, 64, 1.0)
    folder = stage_folder(work / "speed", chunks, CHARACTERS, 3, **{"teacher.concurrency": concurrency})
    with serving(Behaviour(latency)) as server:
        done = run(GENERATE, folder, environment(folder, server.address))
        stats = server.stats()
    ideal = math.ceil(chunks / concurrency) * latency
    print(done.output.strip())
    asking = stats["last"] - stats["first"]
    print(f"speed: {done.seconds:.1f} s, of which {asking:.1f} s from the first request to the last answer")
    print(f"ideal {ideal:.1f} s: {chunks} chunks in rounds of {concurrency}, {latency:g} s each")
    limit = 10 if is_quick else 1.15  # the start of Python weighs more when all is short
    return [
        Measurement(
            "1,000 chunks, answers in 1 s: first request to last answer / ideal", asking / ideal, limit, ""
        ),
        Measurement("the same with Python's start and the tables / ideal", done.seconds / ideal, limit, ""),
        Measurement("chunks with rows", answered(folder), chunks, "", is_floor=True),
    ]


def memory(work: Path, is_quick: bool) -> list[Measurement]:
    """Peak memory of the stage: once with all to ask, once with all remembered."""
    chunks = 200 if is_quick else 20_000
    folder = stage_folder(work / "memory", chunks, CHARACTERS, FACTS, **{"teacher.concurrency": 64})
    with serving(Behaviour(0.01)) as server:
        asked = run(GENERATE, folder, environment(folder, server.address))
        print(asked.output.strip())
    size = (folder / ".answers/answers.sqlite").stat().st_size / chunks / 1000
    again = run(GENERATE, folder, environment(folder, "http://127.0.0.1:9"))
    rate = chunks / asked.seconds
    print(f"memory: asked in {asked.seconds:.0f} s, {rate:.0f} chunks/s, {size:.0f} kB each in the store")
    print(f"memory: remembered in {again.seconds:.0f} s")
    return [
        Measurement("20,000 chunks: peak memory", asked.peak_gib * 1024, 600, "MiB"),
        Measurement("20,000 chunks remembered: peak memory", again.peak_gib * 1024, 600, "MiB"),
        Measurement("20,000 chunks: chunks with rows", answered(folder), chunks, "", is_floor=True),
    ]


def answered(folder: Path) -> int:
    """Chunks that gave rows, by metrics/generate.json."""
    metrics = json.loads((folder / "metrics/generate.json").read_text(encoding="utf-8"))
    return metrics["chunks"] - len(metrics["chunks_without_facts"])
