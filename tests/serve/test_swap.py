"""Promotion and stopping drop nobody."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest

from slm_factory.release.target import Folder
from slm_factory.serve.server import Limits
from slm_factory.serve.source import deployed_source
from tests.conftest import REPOSITORY
from tests.serve.conftest import Running, Serve, place
from tests.serve.test_limits import HELLO, TALK, wait_for

OLD, NEW = "v20260101T000000Z", "v20260202T000000Z"


@pytest.fixture
def target(tiny: Path, tmp_path: Path) -> Folder:
    """Two versions, the older promoted."""
    target = Folder(tmp_path / "deploy")
    for number, version in enumerate((OLD, NEW)):
        place(tmp_path / version, tiny, context=8192 + 256 * number)
        target.put(version, tmp_path / version)
    target.alias(OLD)
    return target


def version(running: Running) -> str:
    return str(running.http.get("/health").json()["models"]["latest"])


def test_a_promotion_under_load_drops_no_request(serve: Serve, target: Folder) -> None:
    source = deployed_source(target.root)
    is_over, statuses = threading.Event(), []

    def client(address: str) -> None:
        with httpx.Client(base_url=address, timeout=30) as http:
            while not is_over.is_set():
                statuses.append(http.post("/api/generate", json=HELLO).status_code)

    with serve(
        Limits(slots=3, max_tokens=3000),
        sources={"latest": source},
        look=lambda: deployed_source(target.root),
    ) as running:
        old = running.engine.shelf.models["latest"]
        begun = running.http.stream("POST", "/api/chat", json=TALK)
        lines = begun.__enter__().iter_lines()
        next(lines)
        clients = [threading.Thread(target=client, args=(running.address,)) for _ in range(2)]
        for one in clients:
            one.start()
        target.alias(NEW)
        wait_for(lambda: version(running) == NEW)
        last = json.loads(list(lines)[-1])  # of the answer that the old model gave
        begun.__exit__(None, None, None)
        before = len(statuses)
        wait_for(lambda: len(statuses) > before + 4)
        is_over.set()
        for one in clients:
            one.join()
        assert (last["done"], last["eval_count"]) == (True, 3000)
        assert set(statuses) == {200}
        assert old.is_retired and old.workers.worker.process.poll() is not None  # and its memory is free
        assert running.ask("/api/generate", {**HELLO, "model": f"slm:{OLD}"}).status_code == 404
        assert f'version="{NEW}"' in running.http.get("/metrics").text


def test_a_version_that_cannot_be_loaded_leaves_the_old_one_in_service(serve: Serve, target: Folder) -> None:
    source = deployed_source(target.root)
    (target.place(NEW) / "tiny.gguf").write_bytes(b"GGUF, but no more")
    with serve(sources={"latest": source}, look=lambda: deployed_source(target.root)) as running:
        target.alias(NEW)
        wait_for(lambda: 'slm_swaps_total{result="failed"} 1.0' in running.http.get("/metrics").text)
        assert version(running) == OLD
        assert running.ask("/api/generate", HELLO).status_code == 200
        shutil.rmtree(target.place(NEW))  # nor does one that is taken away again
        wait_for(lambda: running.ask("/api/generate", HELLO).status_code == 200)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_finishes_what_is_in_hand(workspace: Path, tiny: Path, number: signal.Signals) -> None:
    shutil.copy(REPOSITORY / "dvc.yaml", workspace)
    place(workspace / "own", tiny)
    command = [
        sys.executable,
        "-m",
        "slm_factory.cli.main",
        "serve",
        "--gguf",
        "own/tiny.gguf",
        "--port",
        "0",
    ]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    piped = {"stdout": subprocess.PIPE, "text": True, "start_new_session": True}
    with subprocess.Popen(command, env=environment, **piped) as process:  # type: ignore[call-overload]
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        with httpx.stream("POST", f"{address}/api/chat", json=TALK, timeout=30) as reply:
            lines = reply.iter_lines()
            next(lines)
            os.killpg(process.pid, number)  # a terminal and systemd tell the worker, too
            last = json.loads(list(lines)[-1])
        assert (last["done"], last["eval_count"]) == (True, 1024)
        assert process.wait(30) == 0
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((httpx.URL(address).host, httpx.URL(address).port or 0))
