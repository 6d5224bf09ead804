"""Ollama's API: its own Python client is content, and so are those who read the lines."""

import json
from typing import Any

import ollama
import pytest

from tests.serve.conftest import LONG, SYSTEM, Running

HELLO = [{"role": "user", "content": "hello"}]
FEW = {"num_predict": 8}


@pytest.fixture
def client(shared: Running) -> ollama.Client:
    return ollama.Client(host=shared.address)


def test_the_client_chats_streaming_and_whole_with_one_text(client: ollama.Client) -> None:
    whole = client.chat("slm", HELLO, options=FEW)
    parts = list(client.chat("slm", HELLO, options=FEW, stream=True))
    assert "".join(part.message.content or "" for part in parts) == whole.message.content
    assert [part.done for part in parts] == [False] * (len(parts) - 1) + [True]
    assert parts[-1].message.content == ""
    for last in (whole, parts[-1]):
        assert (last.done_reason, last.eval_count) == ("length", 8)
        letters = len(SYSTEM) + len("hello") + len("systemuserassistant")
        assert last.prompt_eval_count == letters + 5 + 4  # marks, line ends
        assert (last.total_duration or 0) > (last.eval_duration or 0) > 0


def test_the_client_generates_the_text_that_it_chats(client: ollama.Client) -> None:
    said = client.chat("slm", HELLO, options=FEW).message.content
    parts = list(client.generate("slm", "hello", options=FEW, stream=True))
    assert "".join(part.response for part in parts) == said
    assert client.generate("slm", "hello", options=FEW).response == said


def test_a_system_prompt_of_the_request_replaces_the_trained_one(client: ollama.Client) -> None:
    own = client.generate("slm", "hello", options=FEW)
    other = client.generate("slm", "hello", system=SYSTEM[:4], options=FEW)
    assert (own.prompt_eval_count or 0) - (other.prompt_eval_count or 0) == len(SYSTEM) - 4


def test_marks_in_a_question_open_no_turn(client: ollama.Client) -> None:
    plain = client.chat("slm", HELLO, options=FEW)
    marked = [{"role": "user", "content": "hel<|im_end|>lo<|im_<|im_end|>start|>"}]
    assert client.chat("slm", marked, options=FEW).prompt_eval_count == plain.prompt_eval_count


def test_a_raw_prompt_is_read_as_it_stands(client: ollama.Client) -> None:
    raw = client.generate("slm", "<|im_start|>user", raw=True, options=FEW)
    assert raw.prompt_eval_count == 1 + len("user")


def test_an_answer_follows_a_schema(client: ollama.Client) -> None:
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
    reply = client.chat("slm", HELLO, format=schema, options={"num_predict": 200})
    assert set(json.loads(reply.message.content or "")) == {"on"}


def test_the_client_lists_shows_and_sees_what_runs(client: ollama.Client) -> None:
    listed = client.list().models
    assert [model.model for model in listed] == ["slm:latest", "slm:v20260101T000000Z"]
    assert listed[0].details and listed[0].details.family == "qwen3"
    shown = client.show("slm")
    assert shown.details and shown.details.quantization_level == "unknown"
    assert f'SYSTEM """{SYSTEM}"""' in (shown.modelfile or "")
    assert (shown.parameters or "").splitlines()[0] == f'{"stop":<30} "<|im_end|>"'
    assert shown.modelinfo and shown.modelinfo["qwen3.block_count"] == 2
    assert [model.model for model in client.ps().models] == [model.model for model in listed]


@pytest.mark.parametrize(
    ("route", "body", "status", "words"),
    [
        ("/api/chat", {"model": "nosuch", "messages": HELLO}, 404, "model 'nosuch' not found"),
        ("/api/generate", {"model": "nosuch", "prompt": "x"}, 404, "model 'nosuch' not found"),
        ("/api/show", {"model": "nosuch"}, 404, "model 'nosuch:latest' not found"),
        ("/api/show", {"model": "bad name!"}, 400, "invalid model name"),
        ("/api/show", {}, 400, "model is required"),
        ("/api/chat", {"messages": HELLO}, 400, "model is required"),
        ("/api/chat", {"model": "slm", "messages": HELLO, "stream": "no"}, 400, "stream: "),
        (
            "/api/chat",
            {"model": "slm", "messages": HELLO, "options": {"temperature": "warm"}},
            400,
            'option "temperature" must be of type float32',
        ),
        (
            "/api/generate",
            {"model": "slm", "prompt": "x", "options": {"stop": "a"}},
            400,
            'option "stop" must be of type array',
        ),
        (
            "/api/generate",
            {"model": "slm", "prompt": "x", "keep_alive": "10"},
            400,
            'time: missing unit in duration "10"',
        ),
        (
            "/api/generate",
            {"model": "slm", "prompt": "x", "raw": True, "system": "s"},
            400,
            "raw mode does not support template, system, or context",
        ),
        ("/api/chat", {"model": "slm", "messages": [{"role": "user", "content": ["x"]}]}, 400, "messages.0"),
        (
            "/api/chat",
            {"model": "slm", "messages": HELLO, "tools": [{}]},
            400,
            '"slm" does not support tools',
        ),
        (
            "/api/generate",
            {"model": "slm", "prompt": "x", "think": True},
            400,
            '"slm" does not support thinking',
        ),
    ],
)
def test_a_wrong_request_gets_the_status_and_a_reason(
    shared: Running, route: str, body: Any, status: int, words: str
) -> None:
    reply = shared.ask(route, body)
    assert (reply.status_code, list(reply.json())) == (status, ["error"])
    assert reply.json()["error"].startswith(words)


def test_the_client_raises_what_the_server_says(client: ollama.Client) -> None:
    with pytest.raises(ollama.ResponseError) as raised:
        client.chat("nosuch", HELLO)
    assert (raised.value.status_code, raised.value.error) == (404, "model 'nosuch' not found")


@pytest.mark.parametrize("body", [b"", b'{"model":', b"[]", b"\xff\xfe", b"nul"])
def test_broken_bodies_are_bad_requests(shared: Running, body: bytes) -> None:
    for route in ("/api/chat", "/api/generate", "/api/show", "/v1/chat/completions", "/feedback"):
        reply = shared.http.post(route, content=body)
        assert (reply.status_code, "error" in reply.json()) == (400, True), route


def test_a_body_needs_no_content_type(shared: Running) -> None:
    body = json.dumps({"model": "slm", "prompt": "x", "stream": False, "options": FEW}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert shared.http.post("/api/generate", content=body, headers={"content-type": kind}).json()["done"]


def test_lines_are_json_with_go_escapes(shared: Running) -> None:
    reply = shared.ask("/api/generate", {"model": "<b>", "prompt": "x"})
    assert "\\u003c" not in reply.text and reply.status_code == 404  # errors escape as JSON does
    reply = shared.ask("/api/chat", {"model": "slm", "messages": HELLO, "options": FEW})
    assert reply.headers["content-type"] == "application/x-ndjson"
    rows = [json.loads(line) for line in reply.text.splitlines()]
    assert {"model", "created_at", "message", "done"} <= set(rows[0])
    assert reply.text.endswith("}\n")


def test_a_request_without_a_question_says_that_the_model_is_loaded(shared: Running) -> None:
    for route, body in (
        ("/api/chat", {"messages": []}),
        ("/api/generate", {"prompt": ""}),
        ("/api/chat", {}),
    ):
        reply = shared.ask(route, {"model": "slm", **body}).json()
        assert (reply["done"], reply["done_reason"]) == (True, "load")


def test_wrong_paths_and_methods_are_told_in_plain_words(shared: Running) -> None:
    missing, wrong = shared.http.get("/api/nosuch"), shared.http.delete("/api/chat")
    assert (missing.status_code, missing.text) == (404, "404 page not found")
    assert (wrong.status_code, wrong.text, wrong.headers["allow"]) == (405, "405 method not allowed", "POST")


def test_ollama_seems_to_run(shared: Running) -> None:
    assert shared.http.get("/").text == "Ollama is running"
    assert shared.http.head("/").status_code == 200
    assert shared.http.get("/api/version").json()["version"]


def test_a_conversation_too_long_loses_its_oldest_turns(client: ollama.Client) -> None:
    turn = {"role": "user", "content": "x" * 3000}
    reply = client.chat("slm", [turn, {"role": "assistant", "content": "y"}, turn, turn, *HELLO], options=FEW)
    assert 3000 < (reply.prompt_eval_count or 0) < 8192


def test_a_question_too_long_is_refused_with_llama_cpps_reason(shared: Running) -> None:
    long = [{"role": "user", "content": "x" * 9000}]
    reply = shared.ask("/api/chat", {"model": "slm", "messages": long})
    inner = json.loads(reply.json()["error"])["error"]
    assert (reply.status_code, inner["type"], inner["n_ctx"]) == (400, "exceed_context_size_error", 8192)
    both = {"model": "slm", "messages": [*long[:1], *HELLO], "truncate": False}
    assert shared.ask("/api/chat", both).status_code == 400


def test_no_answer_is_longer_than_the_server_allows(shared: Running) -> None:
    for count in (-1, 0, 100_000):
        options = {"num_predict": count}
        body = {"model": "slm", "messages": HELLO, "format": LONG, "stream": False, "options": options}
        assert shared.ask("/api/chat", body).json()["eval_count"] == 600
