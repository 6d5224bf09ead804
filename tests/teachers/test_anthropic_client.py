"""The Claude client: answers through a forced tool, and every way in which the API refuses."""

import asyncio
import json
import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest

from slm_factory.core.errors import UserError
from slm_factory.teachers.anthropic_client import AnthropicClient
from slm_factory.teachers.chat import Disturbed, Overloaded, Reply
from slm_factory.teachers.teacher import TeacherFailure
from tests import fake_openai
from tests.fake_anthropic import Answer, serving
from tests.fake_openai import FakeServer
from tests.teacher_settings import teacher_settings

HELLO = [{"role": "system", "content": "Answer in JSON."}, {"role": "user", "content": "hello"}]
SCHEMA = {"type": "object", "properties": {"ok": {"type": "boolean"}}, "required": ["ok"]}
KEY = "sk-ant-very-secret"


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)


def client(server: FakeServer, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> AnthropicClient:
    monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url)
    return AnthropicClient(teacher_settings(**{"backend": "anthropic", "model": "claude-x"} | changes))


def chat(server: FakeServer, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> Reply:
    return asyncio.run(client(server, monkeypatch, **changes).chat(HELLO, SCHEMA))


def answering(**answer: Any) -> Callable[[dict[str, Any], int], Answer]:
    return lambda body, number: Answer(**answer)


def test_the_answer_is_the_input_of_the_forced_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(tool_input={"이름": ["백업"]}, text="Here it is.")) as server:
        reply = chat(server, monkeypatch, max_tokens=99, temperature=0.3)
    assert json.loads(reply["text"]) == {"이름": ["백업"]} and "백업" in reply["text"]
    assert reply["usage"] == {"prompt_tokens": 25, "completion_tokens": 7}  # what was cached is read too
    assert reply["finish_reason"] == "stop"
    sent = server.requests[0]
    assert sent["tools"][0]["input_schema"] == SCHEMA
    assert (sent["tool_choice"]["type"], sent["tool_choice"]["name"]) == ("tool", sent["tools"][0]["name"])
    assert (sent["model"], sent["max_tokens"], sent["temperature"]) == ("claude-x", 99, 0.3)
    assert sent["thinking"] == {"type": "disabled"}
    assert (sent["system"], sent["messages"]) == (HELLO[0]["content"], HELLO[1:])
    headers = server.headers[0]
    assert KEY in (headers.get("authorization") or headers["x-api-key"]) and headers["anthropic-version"]


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_base_url_works_with_and_without_v1(monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    with serving(answering(tool_input={})) as server:
        monkeypatch.setenv("ANTHROPIC_BASE_URL", server.url + ending)
        settings = teacher_settings(backend="anthropic", model="claude-x")
        asyncio.run(AnthropicClient(settings).chat(HELLO, SCHEMA))
        assert server.paths == ["/v1/messages"]


def test_claude_itself_is_remote(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_BASE_URL", raising=False)
    assert AnthropicClient(teacher_settings(backend="anthropic", model="claude-x")).is_remote


def test_an_answer_cut_at_its_limit_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(tool_input={"facts": []}, stop_reason="max_tokens")) as server:
        assert chat(server, monkeypatch)["finish_reason"] == "length"


def test_an_answer_without_the_tool_is_read_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(text='{"ok": true}', stop_reason="end_turn")) as server:
        assert chat(server, monkeypatch)["text"] == '{"ok": true}'


def test_what_a_model_refuses_is_left_out_from_then_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that always thinks and takes no temperature, in the words of the API."""

    def respond(body: dict[str, Any], number: int) -> Answer:
        words = ""
        if "temperature" in body:
            words = "`temperature` is deprecated for this model."
        elif body.get("thinking", {}).get("type") == "disabled":
            words = '"thinking.type.disabled" is not supported for this model.'
        elif body["tool_choice"]["type"] == "tool":
            words = "Thinking may not be enabled when tool_choice forces tool use."
        return Answer(status=400, error=words) if words else Answer(text="{}", stop_reason="end_turn")

    with serving(respond) as server:
        asked = client(server, monkeypatch)

        async def twice() -> None:
            for _ in range(2):
                assert (await asked.chat(HELLO, SCHEMA))["text"] == "{}"

        asyncio.run(twice())
    assert ["temperature" in request for request in server.requests] == [True, False, False, False, False]
    last = server.requests[-1]
    assert last["tool_choice"] == {"type": "auto"} and last["tools"][0]["input_schema"] == SCHEMA
    assert "thinking" not in last


def test_a_model_that_may_think_is_free_to_call_the_tool(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answering(tool_input={"ok": True})) as server:
        assert json.loads(chat(server, monkeypatch, thinking=True)["text"]) == {"ok": True}
    sent = server.requests[0]
    assert (sent["thinking"], sent["tool_choice"]) == ({"type": "adaptive"}, {"type": "auto"})


@pytest.mark.parametrize(
    ("answer", "failure", "words"),
    [
        ({"text": "no", "stop_reason": "refusal"}, TeacherFailure, "refuses"),
        ({"status": 400, "error": "prompt is too long: 210000 > 200000"}, TeacherFailure, "context"),
        ({"status": 400, "error": "messages: empty"}, TeacherFailure, "messages: empty"),
        ({"status": 413, "error": "too large"}, TeacherFailure, "too large"),
        ({"status": 400, "error": "Your credit balance is too low"}, UserError, "credit"),
        ({"status": 401, "error": "invalid x-api-key"}, UserError, "ANTHROPIC_API_KEY"),
        ({"status": 403, "error": "no permission"}, UserError, "ANTHROPIC_API_KEY"),
        ({"status": 404, "error": "model: claude-x"}, UserError, "no model 'claude-x'"),
        ({"status": 500, "error": "internal"}, Disturbed, "internal"),
    ],
)
def test_errors_stop_the_attempt_the_chat_or_the_run(
    monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], failure: type[Exception], words: str
) -> None:
    with serving(answering(**answer)) as server:
        with pytest.raises(failure, match=words) as error:
            chat(server, monkeypatch)
        assert len(server.requests) == 1
    assert KEY not in str(error.value) and "127.0.0.1" not in str(error.value)


@pytest.mark.parametrize("status", [429, 529])
def test_an_overloaded_server_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    busy = answering(status=status, error="Overloaded", headers={"Retry-After": "4"})
    with serving(busy) as server, pytest.raises(Overloaded) as overloaded:
        chat(server, monkeypatch)
    assert overloaded.value.retry_after == 4.0


@pytest.mark.parametrize("body", ["<html>proxy</html>", "{}", "[]"])
def test_what_claude_would_not_answer_is_a_disturbance(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    with (
        fake_openai.serving(lambda request, number: fake_openai.Response(body=body)) as server,
        pytest.raises(Disturbed),
    ):
        chat(server, monkeypatch)


def test_no_network_is_a_server_that_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("ANTHROPIC_BASE_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(Disturbed) as disturbed:
            asyncio.run(AnthropicClient(teacher_settings(backend="anthropic", model="c")).chat(HELLO, SCHEMA))
    assert disturbed.value.is_down


def test_a_missing_key_is_two_lines_and_matters_only_when_it_is_needed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY")
    asked = AnthropicClient(teacher_settings(backend="anthropic", model="claude-x"))
    with pytest.raises(UserError, match="export ANTHROPIC_API_KEY"):
        asyncio.run(asked.chat(HELLO, SCHEMA))


def test_no_log_names_key_or_prompt(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(answering(tool_input={})) as server:
        chat(server, monkeypatch)
    assert "127.0.0.1" not in caplog.text and "hello" not in caplog.text and KEY not in caplog.text


def test_without_a_schema_there_is_no_tool_and_the_text_is_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(answering(text="seven bar")) as server:
        reply = asyncio.run(client(server, monkeypatch).chat(HELLO, None))
    assert reply["text"] == "seven bar"
    assert not server.requests[0].keys() & {"tools", "tool_choice"}
