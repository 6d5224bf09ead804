"""A server that refuses, breaks, babbles and hangs: nothing lost, nothing paid twice, little time lost."""

import json
from pathlib import Path

from bench.loop import Measurement, run
from bench.teacher.server import Behaviour, serving
from bench.teacher.speed import CHARACTERS, GENERATE, answered
from bench.teacher.workplace import environment, stage_folder

SHARES = {"overloaded": 0.3, "broken": 0.1, "garbage": 0.05, "hanging": 0.02}


def faults(work: Path, is_quick: bool) -> list[Measurement]:
    """One stage against the bad server.

    The ideal is a client that knows the server's capacity (`concurrency` at a time) and never waits: all the
    time that attempts really took there (an answer the latency, one that hangs the deadline, a refusal
    nothing), divided by the capacity.
    """
    chunks, concurrency, latency, deadline = (60, 16, 0.2, 1.0) if is_quick else (1000, 64, 1.0, 5.0)
    settings = {"teacher.concurrency": concurrency, "teacher.timeout_seconds": deadline}
    folder = stage_folder(work / "faults", chunks, CHARACTERS, 3, **settings)
    with serving(Behaviour(latency, **SHARES, seed=1)) as server:
        done = run(GENERATE, folder, environment(folder, server.address))
        stats = server.stats()
    ends = stats["ends"]
    busy = (ends["answered"] + ends["garbage"]) * latency + ends["hanging"] * deadline
    ideal = busy / concurrency
    metrics = json.loads((folder / "metrics/generate.json").read_text(encoding="utf-8"))
    recorded = [chunk for chunk in metrics["chunks_without_facts"] if chunk["reason"]]
    print(done.output.strip())
    print(f"faults: {done.seconds:.1f} s, ideal {ideal:.1f} s, {stats['most_in_flight']} at most; {ends}")
    limit = 20 if is_quick else 2
    return [
        Measurement("faults: time / ideal", done.seconds / ideal, limit, ""),
        Measurement(
            "faults: chunks with rows or a reason", answered(folder) + len(recorded), chunks, "", True
        ),
        Measurement("faults: answers paid twice", sum(n - 1 for n in stats["answers"].values()), 0, ""),
        Measurement("faults: chunks that failed", metrics["failed_chunks"], chunks * 0.02, ""),
    ]
