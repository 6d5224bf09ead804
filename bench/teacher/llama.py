"""The stage against a real llama.cpp server: proof that the protocol is understood, and how fast it is."""

import json
from pathlib import Path

from bench.loop import Measurement, run
from bench.teacher.speed import GENERATE, answered
from bench.teacher.workplace import environment, stage_folder


def llama(work: Path, is_quick: bool) -> list[Measurement]:
    """Generate with a random model of 100 thousand weights behind xllamacpp's server.

    The server's grammar makes JSON of its noise; what does not end in time is a recorded failure.
    """
    from tests.tiny_gguf import llama_server, write

    chunks = 4 if is_quick else 24
    model = work / "tiny.gguf"
    work.mkdir(parents=True, exist_ok=True)
    write(model)
    short = {
        "generate.question_wordings": 1,
        "generate.answer_wordings": 1,
        "generate.max_facts_per_chunk": 1,
    }
    limits = {"teacher.concurrency": 4, "teacher.max_tokens": 4000, "teacher.context_tokens": 16384}
    folder = stage_folder(work / "llama", chunks, 400, 1, **short, **limits)
    with llama_server(model) as address:
        done = run(GENERATE, folder, environment(folder, address))
    metrics = json.loads((folder / "metrics/generate.json").read_text(encoding="utf-8"))
    usage = metrics["teacher"]
    print(done.output.strip())
    read, written = usage["prompt_tokens"], usage["completion_tokens"]
    print(f"llama.cpp: {chunks} chunks in {done.seconds:.1f} s, {read} prompt and {written} answer tokens")
    recorded = [chunk for chunk in metrics["chunks_without_facts"] if chunk["reason"]]
    return [
        Measurement(
            "llama.cpp: chunks with rows or a reason", answered(folder) + len(recorded), chunks, "", True
        ),
        Measurement("llama.cpp: chunks answered", chunks - usage["failed"], chunks / 2, "", is_floor=True),
    ]
