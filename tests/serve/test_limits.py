"""Limits: what is too much is refused with the right status, and nobody holds the server."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import httpx
import pytest

from slm_factory.serve.server import Limits
from tests.serve.conftest import LONG, Running, Serve

ENDLESS = {**LONG, "minItems": 1900}  # llama.cpp knows no longer repetitions
TALK = {"model": "slm", "messages": [{"role": "user", "content": "x"}], "format": ENDLESS}
HELLO = {"model": "slm", "prompt": "hello", "stream": False, "options": {"num_predict": 2}}


def wait_for(claim: Callable[[], bool]) -> None:
    """Returns once the claim is true; fails after ten seconds."""
    end = time.monotonic() + 10
    while not claim():
        assert time.monotonic() < end
        time.sleep(0.01)


def health(running: Running, name: str) -> int:
    return int(running.http.get("/health").json()[name])


@contextmanager
def talking(running: Running) -> Iterator[None]:
    """While a long answer is streamed, of which the first line has been read; then its client leaves."""
    with running.http.stream("POST", "/api/chat", json=TALK) as reply:
        lines = reply.iter_lines()
        next(lines)
        yield


def test_the_queue_is_bounded_and_says_when_to_come_back(serve: Serve) -> None:
    with serve(Limits(slots=1, waiting=1, max_tokens=7000)) as running:
        address = f"{running.address}/api/generate"
        waiting = threading.Thread(target=httpx.post, args=(address,), kwargs={"json": HELLO})
        with talking(running):
            waiting.start()
            wait_for(lambda: health(running, "waiting") == 1)
            for route, body in (
                ("/api/generate", HELLO),
                ("/v1/completions", {"model": "slm", "prompt": "x"}),
            ):
                reply = running.ask(route, body)
                assert (reply.status_code, "error" in reply.json()) == (503, True)
                assert int(reply.headers["retry-after"]) >= 1
        waiting.join()
        assert running.ask("/api/generate", HELLO).status_code == 200


def test_one_client_gets_its_share_only(serve: Serve) -> None:
    with serve(Limits(slots=1, per_client=1, max_tokens=7000)) as running:
        with talking(running):
            reply = running.ask("/v1/completions", {"model": "slm", "prompt": "x"})
        assert (reply.status_code, reply.json()["error"]["type"]) == (429, "rate_limit_error")
        assert int(reply.headers["retry-after"]) >= 1


def test_a_client_that_leaves_stops_its_answer(serve: Serve) -> None:
    with serve(Limits(slots=1, max_tokens=7000)) as running:
        with talking(running):
            pass
        wait_for(lambda: health(running, "running") == 0)
        assert "slm_abandoned_total 1.0" in running.http.get("/metrics").text
        assert running.engine.metrics.answer_tokens._value.get() == 0  # it was not finished


def test_a_client_that_leaves_the_queue_is_not_answered(serve: Serve) -> None:
    with serve(Limits(slots=1, max_tokens=7000)) as running, talking(running):
        with pytest.raises(httpx.ReadTimeout):
            httpx.post(f"{running.address}/api/generate", json=HELLO, timeout=0.1)
        wait_for(lambda: health(running, "waiting") == 0)
        assert health(running, "running") == 1


@pytest.mark.parametrize("is_declared", [True, False])
def test_a_body_too_large_is_refused_whether_it_says_so_or_not(serve: Serve, is_declared: bool) -> None:
    with serve(Limits(slots=1, max_body=1000)) as running:
        content = b"x" * 5000 if is_declared else iter([b"x" * 900] * 5)
        for route in ("/api/chat", "/v1/chat/completions"):
            reply = running.http.post(route, content=content)
            assert (reply.status_code, "error" in reply.json()) == (413, True)
            content = b"x" * 5000 if is_declared else iter([b"x" * 900] * 5)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /api/chat HTT",
        b"POST /api/chat HTTP/1.1\r\nHost: localhost\r\n",
        b'POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{"model"',
    ],
)
def test_a_request_that_does_not_arrive_is_given_up(serve: Serve, sent: bytes) -> None:
    with serve(Limits(slots=1, read_seconds=0.2)) as running:
        address = httpx.URL(running.address)
        with socket.create_connection((address.host, address.port or 0), timeout=10) as slow:
            slow.sendall(sent)
            assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")
            assert slow.recv(1000) == b""


def test_a_client_that_does_not_read_holds_no_slot_and_is_hung_up_on(serve: Serve) -> None:
    body = (
        b'{"model":"slm","messages":[{"role":"user","content":"x"}],"stream":true,"logprobs":true,'
        b'"top_logprobs":20,"response_format":{"type":"json_schema","json_schema":{"schema":'
        b'{"type":"array","items":{"enum":["a"]},"minItems":1900}}}}'
    )
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body)
    with serve(Limits(slots=1, max_tokens=7000, write_seconds=0.2)) as running:
        address = httpx.URL(running.address)
        with socket.socket() as lazy:
            lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            lazy.connect((address.host, address.port or 0))
            lazy.sendall(head + body)
            wait_for(lambda: health(running, "running") == 1)
            wait_for(lambda: running.ask("/api/generate", HELLO).status_code == 200)
            received = b""
            with suppress(ConnectionResetError):
                while part := lazy.recv(65536):
                    received += part
            assert received.startswith(b"HTTP/1.1 200") and b"[DONE]" not in received


def test_five_hundred_connections_get_an_answer_or_a_refusal(serve: Serve) -> None:
    request = (
        b"POST /api/generate HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b"
    )
    body = b'{"model":"slm","prompt":"x","stream":false,"options":{"num_predict":2}}'
    with serve(Limits(slots=2, waiting=16, per_client=1000)) as running:
        address = httpx.URL(running.address)
        opened = [socket.create_connection((address.host, address.port or 0), timeout=30) for _ in range(500)]
        for one in opened:
            one.sendall(request % (len(body), body))
        replies = [one.makefile("rb").read() for one in opened]
        for one in opened:
            one.close()
        statuses = [reply.split(b" ", 2)[1] for reply in replies]
        assert set(statuses) <= {b"200", b"503"} and statuses.count(b"200") >= 18
        assert health(running, "running") == health(running, "waiting") == 0
