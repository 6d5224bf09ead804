"""Measures the server against llama.cpp's own on the same machine, and how it stands up to bad manners.

    python -m bench.serve [--seconds 60] [--clients 16]

Both serve models/gguf with as many slots as there are clients, each in a process of its own. The clients ask
the questions of data/evaluate.parquet, streaming, of one server and then of the other, in slices, so that other
work on the machine slows both. Then ours gets oversized, broken and slow requests, 500 connections, and a
promotion under load. Exits 1 when a limit is missed.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.loop import REPOSITORY, Measurement, report
from slm_factory.core import files
from slm_factory.student.chat import question_messages
from slm_factory.student.modelfile import Modelfile

GGUF = Path("models/gguf")
SLICES = 6
CONTEXT, MAX_TOKENS = 1024, 128
CONNECTIONS = 500
PEER = """
import sys, time, xllamacpp
from slm_factory.engine.llama import threads_for
from pathlib import Path
p = xllamacpp.CommonParams()
p.model.path, slots = sys.argv[1], int(sys.argv[2])
p.n_ctx, p.n_parallel, p.hostnames, p.port, p.verbosity = slots * 1024, slots, ["127.0.0.1"], 0, 0
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads_for(Path(sys.argv[1]))
p.ui = False
server = xllamacpp.Server(p)
print("at", server.listening_address, flush=True)
time.sleep(100_000)
"""


@dataclass
class Tally:
    """What clients saw."""

    tokens: int = 0
    answers: int = 0
    seconds: float = 0.0
    errors: Counter[str] = field(default_factory=Counter)
    first: list[float] = field(default_factory=list)  # seconds to the first token

    @property
    def rate(self) -> float:
        """Tokens per second, all clients together."""
        return self.tokens / self.seconds


@contextmanager
def process(command: list[str], folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A server and its port, which the end of its first line tells."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    started = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert started.stdout is not None
        line = started.stdout.readline()
        if ":" not in line:
            sys.exit(f"{command} did not start")
        yield started, int(line.rsplit(":", 1)[1])
    finally:
        started.terminate()
        started.wait()


def ours(slots: int, *more: str) -> list[str]:
    """The command that starts our server."""
    limits = ["--per-client", "1000", "--parallel", str(slots), "--port", "0"]
    return [sys.executable, "-m", "slm_factory.cli.main", "serve", *limits, *more]


async def ask(port: int, question: str, tally: Tally, system: str) -> None:
    """One streamed answer, over a connection of its own; read as bytes, so that the client costs little."""
    body = json.dumps(
        {
            "model": "slm",
            "messages": question_messages(system, question),
            "max_tokens": MAX_TOKENS,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    ).encode()
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        type_and_length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + type_and_length).encode() + body)
        parts = []
        while part := await reader.read(65536):
            if not any(b'"content":"' in one for one in parts) and b'"content":"' in part:
                tally.first.append(time.perf_counter() - began)
            parts.append(part)
    finally:
        writer.close()
    reply = b"".join(parts)
    if b"data: [DONE]" not in reply:
        tally.errors[reply[:60].decode(errors="replace").splitlines()[0] if reply else "nothing"] += 1
        return
    tally.answers += 1
    tally.tokens += int(reply.rsplit(b'"completion_tokens":', 1)[1].split(b",", 1)[0])


async def load(port: int, questions: list[str], clients: int, seconds: float, tally: Tally) -> None:
    """`clients` ask one question after the other for `seconds`; what is asked then is still answered."""
    system = Modelfile.read(GGUF / "Modelfile").system
    began = time.perf_counter()
    waiting = iter(questions * 10_000)

    async def client() -> None:
        while time.perf_counter() - began < seconds:
            try:
                await ask(port, next(waiting), tally, system)
            except OSError as error:
                tally.errors[type(error).__name__] += 1

    await asyncio.gather(*(client() for _ in range(clients)))
    tally.seconds += time.perf_counter() - began


def against_the_peer(questions: list[str], clients: int, seconds: float) -> list[Measurement]:
    """Both servers in turns."""
    peer = [sys.executable, "-c", PEER, str(GGUF / Modelfile.read(GGUF / "Modelfile").gguf), str(clients)]
    tallies = Tally(), Tally()
    with ExitStack() as stack:
        ports = [stack.enter_context(process(one, REPOSITORY))[1] for one in (ours(clients), peer)]
        for port in ports:
            asyncio.run(load(port, questions, clients, 1, Tally()))
        for _ in range(SLICES):
            for port, tally in zip(ports, tallies, strict=True):
                asyncio.run(load(port, questions, clients, seconds / SLICES, tally))
    mine, theirs = tallies
    late = [statistics.quantiles(tally.first, n=20)[-1] * 1000 for tally in tallies]
    print(f"ours:      {mine.rate:7.0f} tokens/s, {mine.answers} answers, p95 first token {late[0]:.0f} ms")
    print(
        f"llama.cpp: {theirs.rate:7.0f} tokens/s, {theirs.answers} answers, p95 first token {late[1]:.0f} ms"
    )
    return [
        Measurement("errors", mine.errors.total(), 0, ""),
        Measurement(
            "tokens per second, share of llama.cpp's", mine.rate / theirs.rate, 0.9, "", is_floor=True
        ),
    ]


def main() -> None:
    """Measures and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16)
    arguments = parser.parse_args()
    rows = files.read_rows(Path("data/evaluate.parquet"), ["question", "slice"])
    questions = list(dict.fromkeys(row["question"] for row in rows if row["slice"] == "recall"))
    measured = against_the_peer(questions, arguments.clients, arguments.seconds)
    sys.exit(report(measured))


if __name__ == "__main__":
    main()
