"""A server with the OpenAI chat API for the benchmark: a fixed latency, faults by lot, and exact counts.

    python -m bench.teacher.server '{"latency": 1.0}'

Prints its address on the first line. It answers the four tasks of the pipeline from what the prompt says, so
that every later stage has real rows to work on. Equal requests get equal answers. Which attempt meets which
fault is drawn by the hash of the request and the number of the attempt: the same whatever comes first.
aiohttp comes with dvc.
"""

import asyncio
import hashlib
import json
import re
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web

REPOSITORY = Path(__file__).resolve().parents[2]
FACT = re.compile(r"The (\w+) of relay ([\w-]+) is (\d+ \w+)\.")
WORDINGS = ("What is the {0} of relay {1}?", "Please tell me the {0} of relay {1}.")
WORDINGS += ("Which {0} does relay {1} have?", "Do you know the {0} of relay {1}?")
WORDINGS += ("How much is the {0} of relay {1}?", "Relay {1}: what about its {0}?")
TELLINGS = ("The {0} of relay {1} is {2}.", "Relay {1} has a {0} of {2}.", "For relay {1}, the {0} is {2}.")
AFTERGLOW = 0.1  # seconds for which an answer that was sent may not be stored by the client


@dataclass(frozen=True)
class Behaviour:
    """How the server answers: seconds, and shares of attempts that end in a fault."""

    latency: float
    overloaded: float = 0.0  # 429, every third with Retry-After
    broken: float = 0.0  # 500
    garbage: float = 0.0  # 200, and a text that is no answer
    hanging: float = 0.0
    seed: int = 0


@dataclass
class Counts:
    """What happened since the last reset."""

    ends: Counter[str] = field(default_factory=Counter)  # of attempts: answered, overloaded, ...
    answers: Counter[str] = field(default_factory=Counter)  # good ones, by request
    asked: list[tuple[str, list[str]]] = field(default_factory=list)  # task and relays of each attempt
    most_in_flight: int = 0
    first: float = 0.0
    last: float = 0.0


class Server:
    """The server; `attempts` and what is in flight outlive a reset."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.counts = Counts()
        self.attempts: Counter[str] = Counter()
        self.in_flight: dict[str, float] = {}  # request: when its answer was sent, infinity before

    async def chat(self, request: web.Request) -> web.Response:
        """One attempt."""
        body = await request.read()
        key = hashlib.sha256(body).hexdigest()
        asked = json.loads(body)
        counts, now = self.counts, time.monotonic()
        counts.first = counts.first or now
        counts.asked.append((task_of(asked), relays_of(asked)))
        end = self.draw(key)
        self.attempts[key] += 1
        counts.ends[end] += 1
        if end == "overloaded":
            wait = {"Retry-After": "1"} if self.attempts.total() % 3 == 0 else {}
            return web.json_response({"error": {"message": "too many requests"}}, status=429, headers=wait)
        if end == "broken":
            return web.json_response({"error": {"message": "internal error"}}, status=500)
        if end == "answered":
            counts.answers[key] += 1  # from here on it is paid for
        self.in_flight[key] = float("inf")
        flying = sum(end == float("inf") for end in self.in_flight.values())
        counts.most_in_flight = max(counts.most_in_flight, flying)
        try:
            await asyncio.sleep(86400 if end == "hanging" else self.behaviour.latency)
        finally:
            self.in_flight[key] = counts.last = time.monotonic()
        text = "Sure! Here are the facts" if end == "garbage" else json.dumps(answer(asked))
        return web.json_response(completion(asked, text))

    def draw(self, key: str) -> str:
        """How the next attempt at a request ends."""
        digits = hashlib.sha256(f"{self.behaviour.seed} {key} {self.attempts[key]}".encode()).digest()
        lot = int.from_bytes(digits[:8]) / 2**64
        for end in ("overloaded", "broken", "garbage", "hanging"):
            lot -= getattr(self.behaviour, end)
            if lot < 0:
                return end
        return "answered"

    def open(self) -> list[str]:
        """Requests without an answer, or with one so fresh that the client may not have it yet."""
        recent = time.monotonic() - AFTERGLOW
        self.in_flight = {key: end for key, end in self.in_flight.items() if end > recent}
        return list(self.in_flight)

    async def stats(self, request: web.Request) -> web.Response:
        """What happened since the last reset."""
        return web.json_response({**vars(self.counts), "open": self.open()})

    async def reset(self, request: web.Request) -> web.Response:
        """Begins new counts."""
        self.counts = Counts()
        return web.Response()


def task_of(asked: dict[str, Any]) -> str:
    """The task of a request, by the shape that it asks for."""
    return next(iter(schema_of(asked)["properties"]))


def schema_of(asked: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema of a request."""
    return asked["response_format"]["json_schema"]["schema"]


def relays_of(asked: dict[str, Any]) -> list[str]:
    """Names of the relays in a request, without their numbers: one for each document."""
    found = re.findall(r"relay (\w+)-\d+", asked["messages"][1]["content"], re.IGNORECASE)
    return sorted(set(found))


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """The answer to a task, made from its prompt."""
    prompt, schema = asked["messages"][1]["content"], schema_of(asked)
    match task_of(asked):
        case "facts":
            return {
                "facts": [fact(*found.groups(), found.group(), schema) for found in FACT.finditer(prompt)]
            }
        case "marks":
            mark = {"faithfulness": 5, "completeness": 5, "usefulness": 5, "reason": "as the source says"}
            return {"marks": [mark] * schema["properties"]["marks"]["minItems"]}
        case "wordings":
            question, told = re.findall(r"^(?:Question|Answer): (.*)$", prompt, re.MULTILINE)[:2]
            return {"wordings": [{"question": f"For the report: {question}", "answer": f"In short: {told}"}]}
        case "turns":
            turns = json.loads(prompt[prompt.index("[\n") : prompt.rindex("]") + 1])
            return {"turns": [{**turn, "question": f"And now: {turn['question']}"} for turn in turns]}
    raise ValueError(f"no such task: {task_of(asked)}")


def fact(name: str, relay: str, value: str, line: str, schema: dict[str, Any]) -> dict[str, Any]:
    """One fact with as many wordings as the schema asks for."""
    shape = schema["$defs"]["Wordings"]["properties"]
    said = {
        kind: [words.format(name, relay, value) for words in known[: shape[kind]["minItems"]]]
        for kind, known in (("questions", WORDINGS), ("answers", TELLINGS))
    }
    wordings = [{"audience": audience, **said} for audience in shape["audience"]["enum"]]
    return {"kind": "fact", "category": "", "statement": line, "evidence": line, "wordings": wordings}


def completion(asked: dict[str, Any], text: str) -> dict[str, Any]:
    """The answer in the shape of the OpenAI API; a token is three characters here."""
    prompt = sum(len(message["content"]) for message in asked["messages"]) // 3
    message = {"role": "assistant", "content": text}
    return {
        **{"id": "1", "object": "chat.completion", "created": 0, "model": asked["model"]},
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": prompt, "completion_tokens": len(text) // 3, "total_tokens": 0},
    }


@dataclass(frozen=True)
class Running:
    """A server in a process of its own, seen from outside."""

    address: str

    def stats(self) -> dict[str, Any]:
        """Its `Counts` since the last reset, and the requests that are `open`."""
        with urllib.request.urlopen(f"{self.address}/stats") as shown:
            return json.load(shown)

    def reset(self) -> None:
        """Begins new counts."""
        urllib.request.urlopen(f"{self.address}/reset").close()


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[Running]:
    """Runs the server in a process of its own."""
    command = [sys.executable, "-m", "bench.teacher.server", json.dumps(asdict(behaviour))]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Running(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()


async def serve(behaviour: Behaviour) -> None:
    """Serves on a free local port until it is stopped."""
    server = Server(behaviour)
    app = web.Application(client_max_size=2**26)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_get("/stats", server.stats)
    app.router.add_get("/reset", server.reset)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    host, port = runner.addresses[0][:2]
    print(f"http://{host}:{port}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Behaviour(**json.loads(sys.argv[1]))))
