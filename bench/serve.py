"""Measures the server against llama.cpp's own on the same machine, and how it stands up to bad manners.

    python -m bench.serve [--seconds 60] [--clients 16]

Both serve models/gguf with as many slots as there are clients, each in a process of its own. The clients ask
the questions of data/evaluate.parquet, streaming, of one server and then of the other, in slices, so that
other work on the machine slows both. Then ours gets oversized, broken and slow requests, 500 connections,
promotions under load and SIGKILL for its worker, and schemathesis tries what the OpenAPI description allows
and forbids. Exits 1 when a limit is missed.
"""

import argparse
import asyncio
import json
import os
import shutil
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

import psutil

from bench.loop import REPOSITORY, Measurement, report
from slm_factory.core import files
from slm_factory.release.target import Folder
from slm_factory.student.chat import question_messages
from slm_factory.student.modelfile import Modelfile

GGUF = Path("models/gguf")
SLICES = 6
CONTEXT, MAX_TOKENS = 1024, 128
CONNECTIONS = 500
ROUTES = ("/api/chat", "/api/generate", "/v1/chat/completions", "/v1/completions", "/feedback")
HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
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
    processor: float = 0.0  # seconds of the server and its workers
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


@contextmanager
def repository() -> Iterator[Path]:
    """A folder that `serve` takes for a repository; what it keeps there goes with it."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        for name in ("dvc.yaml", "params.yaml"):
            shutil.copy(name, place)
        shutil.copytree(GGUF, place / GGUF)
        yield place


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
        said = b'data: {"error"' in reply and reply.startswith(b"HTTP/1.1 200")
        begin = reply[:60].decode(errors="replace").splitlines()[0] if reply else "nothing"
        tally.errors["error" if said else begin] += 1
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
        place = stack.enter_context(repository())
        started = [stack.enter_context(process(one, place)) for one in (ours(clients), peer)]
        for _, port in started:
            asyncio.run(load(port, questions, clients, 1, Tally()))
        for (server, _), tally in zip(started, tallies, strict=True):
            tally.processor = -processor_seconds(server)
        for _ in range(SLICES):
            for (_, port), tally in zip(started, tallies, strict=True):
                asyncio.run(load(port, questions, clients, seconds / SLICES, tally))
        for (server, _), tally in zip(started, tallies, strict=True):
            tally.processor += processor_seconds(server)
    mine, theirs = tallies
    costs = [1000 * tally.processor / tally.tokens for tally in tallies]
    print(f"processor seconds per 1000 tokens: ours {costs[0]:.2f}, llama.cpp {costs[1]:.2f}")
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


def processor_seconds(server: subprocess.Popen[str]) -> float:
    """What a server and its children have used of the processors so far."""
    processes = [psutil.Process(server.pid), *psutil.Process(server.pid).children()]
    return sum(sum(one.cpu_times()[:2]) for one in processes)


async def raw(port: int, request: bytes, *, seconds: float = 30) -> int:
    """The status that a request gets when it is sent as it stands; 0 for none in time."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        line = await asyncio.wait_for(reader.readline(), seconds)
        return int(line.split()[1]) if line else 0
    except (OSError, TimeoutError):
        return 0
    finally:
        writer.close()


def post(route: str, body: bytes, length: int | None = None) -> bytes:
    """A POST that says it has `length` bytes."""
    head = f"POST {route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


async def bad_manners(port: int) -> list[Measurement]:
    """Requests with a known right status, each 50 times over; slow ones get theirs when patience ends."""
    good = b'{"model":"slm","prompt":"x","stream":false,"options":{"num_predict":4}}'
    cases = {
        200: [post("/api/generate", good)],
        400: [post(route, body) for route in ROUTES for body in (b"", b"{", b"[]", b"\xff", b"[" * 100_000)],
        404: [post("/api/nosuch", good), post("/api/chat", b'{"model":"no","messages":[]}')],
        408: [b"POST /api/chat HTT", post("/api/chat", b"{", 100)],
        413: [post(route, b"{", 10**9) for route in ROUTES] + [post("/api/chat", b" " * 1_100_000)],
    }
    asked = [(status, one) for status, requests in cases.items() for one in requests for _ in range(50)]
    free = asyncio.Semaphore(CONNECTIONS)

    async def one_of_many(request: bytes) -> int:
        async with free:
            return await raw(port, request)

    got = await asyncio.gather(*(one_of_many(one) for _, one in asked))
    wrong = Counter((status, seen) for (status, _), seen in zip(asked, got, strict=True) if status != seen)
    print(f"bad manners: {len(asked)} requests, wrong (expected, seen): {dict(wrong)}")
    flood = Counter(
        await asyncio.gather(*(raw(port, post("/api/generate", good)) for _ in range(CONNECTIONS)))
    )
    print(f"{CONNECTIONS} connections: {dict(flood)}")
    return [
        Measurement("bad requests with a wrong status", wrong.total(), 0, ""),
        Measurement(
            f"{CONNECTIONS} connections without 200 or 503", CONNECTIONS - flood[200] - flood[503], 0, ""
        ),
    ]


def hostile() -> list[Measurement]:
    """Our server with a short queue and little patience."""
    limits = ["--queue", "64", "--timeout", "5"]
    with repository() as place, process(ours(4, *limits), place) as (started, port):
        measured = asyncio.run(bad_manners(port))
        is_alive = started.poll() is None and asyncio.run(raw(port, HEALTH)) == 200
    return [*measured, Measurement("alive after that", float(is_alive), 1, "", is_floor=True)]


def swaps(questions: list[str]) -> list[Measurement]:
    """Two versions promoted in turns while eight clients ask; then the server is told to stop."""
    with repository() as place:
        target = Folder(place / "deploy")
        versions = "v20260101T000000Z", "v20260202T000000Z"
        for version in versions:
            target.put(version, GGUF)
        target.alias(versions[0])
        tally = Tally()
        with process(ours(8, "--queue", "100"), place) as (started, port):

            async def promote() -> None:
                for number in range(1, 5):
                    await asyncio.sleep(1)
                    target.alias(versions[number % 2])
                    while versions[number % 2] not in await text(port, "/health"):
                        await asyncio.sleep(0.2)

            async def both() -> None:
                await asyncio.gather(load(port, questions, 8, 15, tally), promote())

            asyncio.run(both())
            metrics = asyncio.run(text(port, "/metrics"))
            done = float(metrics.split('slm_swaps_total{result="done"} ')[1].split()[0])
            started.terminate()
            code = started.wait()
    print(f"swaps: {done:.0f} under {tally.answers} answers, dropped: {dict(tally.errors)}")
    return [
        Measurement("swaps under load", done, 4, "", is_floor=True),
        Measurement("answers dropped by them", tally.errors.total(), 0, ""),
        Measurement("exit code after SIGTERM", code, 0, ""),
    ]


def kills(questions: list[str]) -> list[Measurement]:
    """The worker gets SIGKILL four times while four clients stream and four ask for whole answers.

    What was being streamed may break off, with an error that says so; everything else is answered.
    """
    tally, statuses = Tally(), Counter[int]()
    body = post(
        "/api/generate", json.dumps({"model": "slm", "prompt": questions[0], "stream": False}).encode()
    )
    with repository() as place, process(ours(8, "--queue", "100"), place) as (started, port):
        end = time.perf_counter() + 20

        async def whole() -> None:
            while time.perf_counter() < end:
                statuses[await raw(port, body)] += 1

        async def kill() -> None:
            for _ in range(4):
                await asyncio.sleep(4)
                for worker in psutil.Process(started.pid).children():
                    worker.kill()

        async def everything() -> None:
            await asyncio.gather(load(port, questions, 4, 20, tally), kill(), *(whole() for _ in range(4)))

        asyncio.run(everything())
        metrics = asyncio.run(text(port, "/metrics"))
        is_alive = started.poll() is None and asyncio.run(raw(port, HEALTH)) == 200
    started_anew = float(metrics.split("slm_worker_restarts_total{")[1].split()[1])
    repeated = float(metrics.split("\nslm_repeated_total ")[1].split()[0])
    print(
        f"kills: {started_anew:.0f} new workers, {repeated:.0f} requests asked again, whole {dict(statuses)},"
    )
    print(f"  streams {tally.answers}, broken off {dict(tally.errors)}")
    return [
        Measurement("workers killed and started anew", started_anew, 4, "", is_floor=True),
        Measurement("whole answers that were not 200", statuses.total() - statuses[200], 0, ""),
        Measurement("streams that ended without a word", tally.errors.total() - tally.errors["error"], 0, ""),
        Measurement("alive after that", float(is_alive), 1, "", is_floor=True),
    ]


async def text(port: int, route: str) -> str:
    """What a GET gets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {route} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    reply = await reader.read()
    writer.close()
    return reply.decode()


def described(examples: int) -> list[Measurement]:
    """What schemathesis finds; it makes requests of the OpenAPI description."""
    command = ["run", "--no-color", "--max-examples", str(examples), "--seed", "1"]
    with repository() as place, process(ours(2, "--max-tokens", "16"), place) as (_, port):
        program = Path(sys.executable).with_name("schemathesis")
        done = subprocess.run(
            [program, *command, f"http://127.0.0.1:{port}/openapi.json"],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
        )
    print(done.stdout[-3000:] if done.returncode else done.stdout.rsplit("Test cases:", 1)[-1])
    return [Measurement("schemathesis", done.returncode, 0, "")]


def main() -> None:
    """Measures and reports."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=16)
    parser.add_argument("--examples", type=int, default=50, help="of schemathesis, for each operation")
    arguments = parser.parse_args()
    rows = files.read_rows(Path("data/evaluate.parquet"), ["question", "slice"])
    questions = list(dict.fromkeys(row["question"] for row in rows if row["slice"] == "recall"))
    measured = against_the_peer(questions, arguments.clients, arguments.seconds)
    measured += [*hostile(), *swaps(questions), *kills(questions), *described(arguments.examples)]
    print(report(measured))
    sys.exit(0 if all(one.is_met for one in measured) else 1)


if __name__ == "__main__":
    main()
