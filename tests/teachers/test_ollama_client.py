"""The Ollama client against a server that answers as a real one was seen to."""

import asyncio
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.teachers.chat import Disturbed, Overloaded, Reply
from slm_factory.teachers.ollama_client import OllamaClient
from slm_factory.teachers.teacher import TeacherFailure
from tests import fake_openai
from tests.fake_ollama import Answer, Body, FakeOllama, Model, serving
from tests.teacher_settings import teacher_settings

HELLO = [{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}


def client(server: FakeOllama, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> OllamaClient:
    monkeypatch.setenv("OLLAMA_HOST", server.url)
    return OllamaClient(teacher_settings(**{"backend": "ollama", "model": "m"} | changes))


def chat(server: FakeOllama, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Reply:
    return asyncio.run(client(server, monkeypatch, **changes).chat(HELLO, SCHEMA))


def answering(text: str = "", **how: Any) -> Callable[[Body, int], Answer]:
    return lambda body, number: Answer(text, **how)


def test_context_schema_options_and_keep_alive_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering('{"ok": true}')) as server:
        reply = chat(
            server, monkeypatch, context_tokens=9000, max_tokens=50, keep_alive_seconds=90, temperature=0.5
        )
        assert server.loaded["m:latest"][0] == 9000
    sent = server.requests[0]
    assert sent["options"] == {"temperature": 0.5, "num_predict": 50, "seed": 42, "num_ctx": 9000}
    assert (sent["format"], sent["keep_alive"], sent["think"]) == (SCHEMA, 90, False)
    assert sent["messages"] == HELLO
    assert reply["text"] == '{"ok": true}' and reply["finish_reason"] == "stop"
    assert reply["usage"]["prompt_tokens"] > 0 and reply["usage"]["completion_tokens"] > 0


def test_what_identifies_an_answer_is_what_shapes_it() -> None:
    """A larger context, or a model kept longer in memory, must not make paid answers worthless."""
    one, other = (
        OllamaClient(
            teacher_settings(backend="ollama", model="m", context_tokens=tokens, keep_alive_seconds=tokens)
        )
        for tokens in (4096, 8192)
    )
    assert one.options == other.options


def test_an_answer_cut_at_its_limit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering('{"ok": tr', done_reason="length")) as server:
        assert chat(server, monkeypatch)["finish_reason"] == "length"


def test_a_cut_prompt_shows_in_the_count_of_its_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering("{}")) as server:
        client_here = client(server, monkeypatch, context_tokens=512)
        long = [{"role": "user", "content": "가나다라 " * 1000}]
        reply = asyncio.run(client_here.chat(long, SCHEMA))
    assert reply["usage"]["prompt_tokens"] == 258


def test_a_model_that_cannot_think_is_asked_without_the_word(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering("{}")) as server:
        asked = client(server, monkeypatch, thinking=True)

        async def twice() -> None:
            for _ in range(2):
                await asked.chat(HELLO, SCHEMA)

        asyncio.run(twice())
        assert [request.get("think") for request in server.requests] == [None, None]
        assert all(request["format"] == SCHEMA for request in server.requests)
        assert len(server.headers) == 3  # refused once, remembered then


def test_thoughts_are_left_out_of_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    thinker = {"m": Model(capabilities=("completion", "thinking"))}
    with serving(answering('{"ok": true}', thinking="hm"), thinker) as server:
        assert chat(server, monkeypatch, thinking=True)["text"] == '{"ok": true}'
    with serving(answering('<think>\nhm {</think>{"ok": true}')) as server:
        assert chat(server, monkeypatch)["text"] == '{"ok": true}'


def test_an_older_server_that_knows_no_schema_is_asked_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def respond(body: Body, number: int) -> Answer:
        words = "json: cannot unmarshal object into Go struct field ChatRequest.format of type string"
        return Answer(status=400, error=words) if "format" in body else Answer("{}")

    with serving(respond) as server:
        assert chat(server, monkeypatch)["text"] == "{}"
    assert [request.get("think") for request in server.requests] == [False, False]


def test_a_missing_model_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(), {}) as server, pytest.raises(UserError) as error:
        chat(server, monkeypatch, model="qwen3:8b")
    assert "qwen3:8b" in error.value.problem
    assert "ollama pull qwen3:8b" in error.value.hint


def test_a_server_that_is_down_says_how_to_start_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        monkeypatch.setenv("OLLAMA_HOST", f"127.0.0.1:{port}")
        with pytest.raises(Disturbed, match="ollama serve") as disturbed:
            asyncio.run(OllamaClient(teacher_settings(backend="ollama", model="m")).chat(HELLO, SCHEMA))
    assert disturbed.value.is_down
    assert str(port) not in disturbed.value.reason


@pytest.mark.parametrize(
    ("answer", "failure", "words"),
    [
        ({"status": 500, "error": "llama-server process has terminated"}, Disturbed, "terminated"),
        ({"text": '{"ok"', "error": "an error was encountered"}, Disturbed, "an error was encountered"),
        ({"is_whole": False}, Disturbed, "nothing"),
        ({"text": "<<<<<<", "is_whole": False}, TeacherFailure, "repeats itself"),
        ({"status": 400, "error": "no"}, TeacherFailure, "refused the request"),
        ({"status": 401, "error": "unauthorized"}, UserError, "refuses the key"),
        ({"status": 500, "error": "model requires more system memory (9 GiB)"}, UserError, "lacks memory"),
    ],
)
def test_errors_stop_the_attempt_the_chat_or_the_run(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], failure: type[Exception], words: str
) -> None:
    with serving(answering(**answer)) as server, pytest.raises(failure, match=words):
        chat(server, monkeypatch)


def test_a_prompt_beyond_the_context_is_named_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering("{}"), {"m": Model(native=True)}) as server:
        small = client(server, monkeypatch, context_tokens=512)
        with pytest.raises(TeacherFailure, match="longer than the server's context"):
            asyncio.run(small.chat([{"role": "user", "content": "가나다라 " * 1000}], SCHEMA))
    assert small.refused == set()


def test_an_overloaded_server_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = answering(status=503, error="server busy, please try again", headers={"Retry-After": "3"})
    with serving(busy) as server, pytest.raises(Overloaded, match="server busy") as overloaded:
        chat(server, monkeypatch)
    assert overloaded.value.retry_after == 3.0


@pytest.mark.parametrize("body", ["<html>proxy</html>", "[]", '{"no": "answer"}', ""])
def test_what_ollama_would_not_answer_is_a_disturbance(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    with fake_openai.serving(lambda request, number: fake_openai.Response(body=body)) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        with pytest.raises(Disturbed):
            asyncio.run(OllamaClient(teacher_settings(backend="ollama", model="m")).chat(HELLO, SCHEMA))


@pytest.mark.parametrize(
    ("host", "model", "is_remote"),
    [
        ("", "qwen3:8b", False),
        ("0.0.0.0", "qwen3:8b", False),
        ("192.168.0.7:11434", "qwen3:8b", False),
        ("gpu-box", "qwen3:8b", False),
        ("http://llm.example.com", "qwen3:8b", True),
        ("8.8.8.8", "qwen3:8b", True),
        ("", "gpt-oss:120b-cloud", True),
    ],
)
def test_text_that_leaves_the_house_is_known_by_address_and_model(
    monkeypatch: pytest.MonkeyPatch, host: str, model: str, is_remote: bool
) -> None:
    monkeypatch.setenv("OLLAMA_HOST", host)
    assert OllamaClient(teacher_settings(backend="ollama", model=model)).is_remote is is_remote


def test_no_log_names_address_or_prompt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(answering("{}")) as server:
        chat(server, monkeypatch)
    assert "127.0.0.1" not in caplog.text and "hello" not in caplog.text


def test_one_client_serves_two_event_loops_and_can_be_closed_in_between(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(answering("{}")) as server:
        asked = client(server, monkeypatch)

        async def ask_and_close(is_closing: bool) -> None:
            assert (await asked.chat(HELLO, SCHEMA))["text"] == "{}"
            if is_closing:
                await asked.close()

        for is_closing in (False, True, True):
            asyncio.run(ask_and_close(is_closing))


def test_without_a_schema_the_answer_is_free_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering("seven bar")) as server:
        reply = asyncio.run(client(server, monkeypatch).chat(HELLO, None))
    assert reply["text"] == "seven bar"
    assert server.requests[0].get("format") is None
