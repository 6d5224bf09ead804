"""The chat client against a real llama.cpp server, and against a server that misbehaves on demand."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.teachers.openai_client import OpenAIClient, base_url
from slm_factory.teachers.prompted import PromptedTeacher
from slm_factory.teachers.tasks import ScoreInput
from slm_factory.teachers.teacher import TeacherFailure, TeacherSettings
from tests import tiny_gguf
from tests.conftest import REPOSITORY
from tests.fake_openai import FakeServer, Response, serving

HELLO = [{"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
KEY = "sk-very-secret"


def settings(**changes: Any) -> TeacherSettings:
    values = {
        **{"backend": "openai", "model": "m", "concurrency": 2, "timeout_seconds": 30},
        **{"temperature": 0.0, "max_tokens": 64, "seed": 7},
    }
    return TeacherSettings.model_validate(values | changes)


def chat(server: FakeServer, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> dict[str, Any]:
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    return asyncio.run(OpenAIClient(settings(**changes)).chat(HELLO, SCHEMA))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_base_url_works_with_and_without_v1(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    with serving(lambda body, number: Response("hi")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url + ending)
        asyncio.run(OpenAIClient(settings()).chat(HELLO, SCHEMA))
        assert server.paths == ["/v1/chat/completions"]


def test_without_an_address_the_package_chooses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert base_url() is None


def test_options_schema_and_key_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda body, number: Response("hi")) as server:
        answer = chat(server, monkeypatch, temperature=0.5)
    sent = server.requests[0]
    assert (sent["model"], sent["temperature"], sent["max_tokens"], sent["seed"]) == ("m", 0.5, 64, 7)
    assert sent["response_format"]["json_schema"]["schema"] == SCHEMA
    assert server.headers[0]["authorization"] == f"Bearer {KEY}"
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    assert answer == {"text": "hi", "usage": usage, "finish_reason": "stop"}


def test_a_server_without_a_key_is_asked_with_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    with serving(lambda body, number: Response("hi")) as server:
        chat(server, monkeypatch)
    assert server.headers[0]["authorization"] == "Bearer none"


def test_429_is_asked_again_after_the_time_the_server_names(monkeypatch: pytest.MonkeyPatch) -> None:
    times: list[float] = []

    def respond(body: dict[str, Any], number: int) -> Response:
        times.append(time.monotonic())
        return Response(status=429, headers={"Retry-After": "1"}) if number == 0 else Response("hi")

    with serving(respond) as server:
        assert chat(server, monkeypatch)["text"] == "hi"
    assert len(times) == 2
    assert times[1] - times[0] >= 1.0  # without Retry-After the wait is at most 0.5 s


def test_500_is_asked_again_and_then_fails_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = {"retry-after-ms": "1"}
    with serving(lambda body, number: Response(status=500, headers=at_once)) as server:
        with pytest.raises(TeacherFailure, match="HTTP 500, 5 times"):
            chat(server, monkeypatch)
        assert len(server.requests) == 5


def test_a_reply_that_is_no_json_fails_only_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serving(lambda body, number: Response(body="<html>proxy</html>")) as server,
        pytest.raises(TeacherFailure),
    ):
        chat(server, monkeypatch)


def test_a_reply_without_choices_fails_only_its_request(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        serving(lambda body, number: Response(body='{"choices": []}')) as server,
        pytest.raises(TeacherFailure, match="no message"),
    ):
        chat(server, monkeypatch)


def test_a_server_that_hangs_fails_the_request_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slm_factory.teachers.openai_client.RETRIES", 0)
    released = threading.Event()

    def hang(body: dict[str, Any], number: int) -> Response:
        released.wait(30)
        return Response("late")

    with serving(hang) as server:
        started = time.monotonic()
        with pytest.raises(TeacherFailure, match=r"no answer within 0\.2 s"):
            chat(server, monkeypatch, timeout_seconds=0.2)
        assert time.monotonic() - started < 10
        released.set()


def test_a_server_that_refuses_schemas_is_asked_without_one_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def respond(body: dict[str, Any], number: int) -> Response:
        return Response(status=400, body='{"error": {}}') if "response_format" in body else Response("hi")

    with serving(respond) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        client = OpenAIClient(settings())

        async def twice() -> None:
            for _ in range(2):
                assert (await client.chat(HELLO, SCHEMA))["text"] == "hi"

        asyncio.run(twice())
    assert ["response_format" in request for request in server.requests] == [True, False, False]


def test_a_request_that_is_refused_either_way_fails_with_the_servers_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = f'{{"error": {{"message": "the prompt is too long for {KEY}"}}}}'
    with (
        serving(lambda request, number: Response(status=400, body=body)) as server,
        pytest.raises(TeacherFailure, match="the prompt is too long") as failure,
    ):
        chat(server, monkeypatch)
    assert KEY not in failure.value.reason


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, f'{{"error": {{"message": "bad key {KEY}"}}}}', "OPENAI_API_KEY"),
        (404, '{"error": {"message": "no such model"}}', "teacher.model"),
        (429, '{"error": {"code": "insufficient_quota", "message": "pay"}}', "credit"),
    ],
)
def test_what_stops_every_request_says_what_to_do_and_names_neither_key_nor_address(
    monkeypatch: pytest.MonkeyPatch, status: int, body: str, words: str
) -> None:
    headers = {"x-should-retry": "false"}
    with (
        serving(lambda request, number: Response(status=status, body=body, headers=headers)) as server,
        pytest.raises(UserError, match=words) as error,
    ):
        chat(server, monkeypatch)
    text = str(error.value)
    assert len(text.splitlines()) == 2
    assert KEY not in text and server.url not in text and "127.0.0.1" not in text


def test_a_server_that_is_down_is_two_lines_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("slm_factory.teachers.openai_client.RETRIES", 0)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(UserError, match="does not answer") as error:
        asyncio.run(OpenAIClient(settings()).chat(HELLO, SCHEMA))
    assert "OPENAI_BASE_URL" in error.value.hint
    assert str(port) not in str(error.value)


def test_one_client_serves_two_event_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(lambda body, number: Response("hi")) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        client = OpenAIClient(settings())
        for _ in range(2):
            assert asyncio.run(client.chat(HELLO, SCHEMA))["text"] == "hi"


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    pytest.importorskip("xllamacpp")
    pytest.importorskip("gguf")
    model: Path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    tiny_gguf.write(model)
    with tiny_gguf.llama_server(model) as address:
        yield address


@pytest.mark.slow
def test_llama_cpp_keeps_a_random_model_to_the_schema(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", llama)
    monkeypatch.delenv("OPENAI_API_KEY")
    client = OpenAIClient(settings(max_tokens=4000))
    teacher = PromptedTeacher(client, REPOSITORY / "prompts")
    task = ScoreInput(source="S", question="Q", answer="A", evidence="E", language="ko")

    async def several() -> list[dict[str, Any]]:
        requests = [teacher.request(task.model_copy(update={"question": f"{n}?"})) for n in range(4)]
        return await asyncio.gather(*(teacher.answer(request) for request in requests))

    answers = asyncio.run(several())
    assert all(1 <= teacher.read(task, answer).score <= 5 for answer in answers)  # type: ignore[union-attr]
    assert all(answer["usage"]["completion_tokens"] > 0 for answer in answers)
    assert client.takes_schema


@pytest.mark.slow
def test_llama_cpp_answers_the_same_chat_the_same_way(llama: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", f"{llama}/v1")
    client = OpenAIClient(settings(max_tokens=20))
    first, second = (asyncio.run(client.chat(HELLO, SCHEMA)) for _ in range(2))
    assert first == second
