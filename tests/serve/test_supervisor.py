"""A worker that dies takes no request with it that could be asked again."""

import json
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from slm_factory.core.errors import UserError
from slm_factory.serve.channel import Frames, Kind, pack
from slm_factory.serve.server import Limits
from slm_factory.serve.supervisor import Supervisor, Worker, fate
from tests.serve.conftest import Running, Serve
from tests.serve.test_limits import HELLO, TALK, health, wait_for

WHOLE = {**TALK, "stream": False}
FORM = {"response_format": {"type": "json_schema", "json_schema": {"schema": TALK["format"]}}}  # OpenAI's
ENDLESS = Limits(slots=2, max_tokens=1500)


def workers(running: Running) -> Supervisor:
    return running.engine.shelf.models["latest"].workers


def kill(running: Running) -> None:
    """As the kernel does where memory is short."""
    os.kill(workers(running).worker.process.pid, signal.SIGKILL)


def count(running: Running, name: str) -> float:
    return float(running.http.get("/metrics").text.split(f"\n{name} ")[1].split()[0])


def test_an_answer_in_one_piece_survives_the_death_of_its_worker(serve: Serve) -> None:
    with serve(ENDLESS) as running, ThreadPoolExecutor(1) as pool:
        whole = pool.submit(running.ask, "/api/chat", WHOLE)
        wait_for(lambda: bool(workers(running).worker.replies))
        kill(running)
        reply = whole.result(30)
        assert (reply.status_code, reply.json()["eval_count"]) == (200, 1500)
        assert count(running, 'slm_worker_restarts_total{model="slm:latest"}') == 1
        assert count(running, "slm_repeated_total") == 1
        assert health(running, "running") == 0


@pytest.mark.parametrize("route", ["/api/chat", "/v1/chat/completions"])
def test_a_stream_that_had_begun_ends_with_an_error_and_the_next_is_answered(
    serve: Serve, route: str
) -> None:
    with serve(ENDLESS) as running:
        with running.http.stream("POST", route, json={**TALK, "stream": True, **FORM}) as reply:
            lines = reply.iter_lines()
            next(lines)
            kill(running)
            rest = [line for line in lines if line]
        error = json.loads(rest[-1].removeprefix("data: "))["error"]
        message = error["message"] if route.startswith("/v1") else error
        assert (reply.status_code, message) == (200, "the process that wrote this answer died; ask again")
        assert running.ask("/api/generate", HELLO).status_code == 200


def test_a_request_that_kills_every_worker_is_refused(serve: Serve) -> None:
    with serve(ENDLESS) as running, ThreadPoolExecutor(1) as pool:
        whole = pool.submit(running.ask, "/api/chat", WHOLE)
        for _ in range(3):
            wait_for(lambda: bool(workers(running).worker.replies))
            dead = workers(running).worker
            kill(running)
            wait_for(dead.ended.is_set)
        assert whole.result(30).status_code == 500
        assert running.ask("/api/generate", HELLO).status_code == 200


def test_health_tells_that_no_worker_is_there_and_requests_wait_for_one(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with serve() as running:
        file = running.engine.shelf.models["latest"].source.file
        aside = file.rename(file.with_suffix(".aside"))
        kill(running)
        wait_for(lambda: running.http.get("/health").status_code == 503)
        assert running.http.get("/health/ready").json()["status"] == "starting"
        assert running.http.get("/health/live").status_code == 200
        replies: list[int] = []
        client = threading.Thread(
            target=lambda: replies.append(
                httpx.post(f"{running.address}/api/generate", json=HELLO).status_code
            )
        )
        client.start()
        wait_for(lambda: health(running, "running") == 1)
        assert replies == []
        aside.rename(file)
        client.join()
        assert replies == [200]
        assert running.http.get("/health").status_code == 200
        assert "the model's process ended (SIGKILL); another one starts" in caplog.text


def test_a_file_that_was_replaced_is_not_served_by_accident(
    serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    with serve() as running:
        file = running.engine.shelf.models["latest"].source.file
        os.utime(file, ns=(0, 1))
        kill(running)
        wait_for(lambda: "has changed since it was loaded" in caplog.text)
        assert running.http.get("/health").status_code == 503


def test_a_worker_heeds_only_its_server(tiny: Path) -> None:
    worker = Worker.start({"file": str(tiny), "context_tokens": 256, "slots": 1, "name": "slm"})
    worker.process.send_signal(signal.SIGINT)  # as Ctrl-C in a terminal, which everybody gets
    worker.process.send_signal(signal.SIGTERM)
    worker.channel.sendall(pack(7, Kind.CHAT, b'{"messages": [{"role": "user", "content": "x"}]}'))
    frames: list[tuple[int, int, bytes]] = []
    while not frames or frames[-1][1] != Kind.END:
        frames += worker.frames.read(worker.channel.recv(2**16))
    assert {number for number, _, _ in frames} == {7} and json.loads(frames[0][2])["choices"]
    worker.channel.close()
    assert worker.process.wait(10) == 0


def test_a_file_that_kills_or_cannot_be_loaded_is_two_lines(tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF, but no more")
    for file, problem in ((broken, "cannot load"), (tmp_path / "nosuch.gguf", "does not exist")):
        with pytest.raises(UserError, match=problem):
            Worker.start({"file": str(file), "context_tokens": 256, "slots": 1, "name": "slm"})
    assert (fate(-signal.SIGSEGV), fate(3)) == ("SIGSEGV", "code 3")


@pytest.mark.parametrize("size", [1, 5, 9, 10, 1000])
def test_frames_come_out_whole_however_they_are_cut(size: int) -> None:
    sent = [(1, Kind.EVENT, b"one"), (2**32 - 1, Kind.END, b""), (3, Kind.CHAT, bytes(300))]
    stream = b"".join(pack(*frame) for frame in sent)
    frames = Frames()
    parts = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert [frame for part in parts for frame in frames.read(part)] == sent
