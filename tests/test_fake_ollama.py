"""The Ollama fake answers as a real server was seen to: statuses, headers and bytes of the small print."""

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import tiny_gguf
from tests.fake_ollama import Answer, FakeOllama, Model, serving
from tests.ollama_store import StoringOllama, storing


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOllama]:
    models = {"m-f16": Model(context_length=1024), "KoOrg/M-Case:V1": Model(native=True)}
    with serving(lambda body, number: Answer("a <b> & c"), models) as running:
        yield running


def call(server: FakeOllama, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    return httpx.request(method, server.url + path, content=content, headers=headers, trust_env=False)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "content_type", "text"),
    [
        ("GET", "/", None, 200, "text/plain", "Ollama is running"),
        ("HEAD", "/", None, 200, "text/plain", ""),
        ("GET", "/api/version", None, 200, "application/json; charset=utf-8", '{"version":"0.32.15"}'),
        ("GET", "/nothing", None, 404, "text/plain", "404 page not found"),
        ("GET", "/api/chat", None, 405, "text/plain", "405 method not allowed"),
        (
            "POST",
            "/api/chat",
            b"",
            400,
            "application/json; charset=utf-8",
            '{"error":"missing request body"}',
        ),
        (
            *("POST", "/api/chat", {"model": "nosuch"}, 404, "application/json"),
            '{"error":"model \'nosuch\' not found"}',
        ),
        (
            *("POST", "/api/generate", {"stream": False}, 404, "application/json; charset=utf-8"),
            '{"error":"model \'\' not found"}',
        ),
        ("POST", "/api/chat", {}, 400, "application/json; charset=utf-8", '{"error":"model is required"}'),
        (
            *("POST", "/api/show", {"model": "nosuch"}, 404, "application/json; charset=utf-8"),
            '{"error":"model \'nosuch:latest\' not found"}',
        ),
        (
            *("POST", "/api/show", {"model": "bad name!"}, 400, "application/json; charset=utf-8"),
            '{"error":"invalid model name"}',
        ),
    ],
)
def test_small_routes_and_errors(
    server: FakeOllama, method: str, path: str, body: Any, status: int, content_type: str, text: str
) -> None:
    reply = call(server, method, path, body)
    assert (reply.status_code, reply.headers["content-type"], reply.text) == (status, content_type, text)


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"options": {"temperature": "hot"}}, 500, 'option "temperature" must be of type float32'),
        ({"options": {"stop": "x"}}, 500, 'option "stop" must be of type array'),
        ({"think": True}, 400, '"m-f16" does not support thinking'),
        ({"keep_alive": "10"}, 400, 'time: missing unit in duration "10"'),
        ({"keep_alive": "abc"}, 400, 'time: invalid duration "abc"'),
        (
            {"format": "yaml"},
            500,
            'invalid format: "\\"yaml\\""; expected "json" or a valid JSON Schema object',
        ),
        ({"tools": [{}]}, 400, "registry.ollama.ai/library/m-f16:latest does not support tools"),
    ],
)
def test_fields_that_a_generation_cannot_take(
    server: FakeOllama, fields: dict[str, Any], status: int, words: str
) -> None:
    reply = call(server, "POST", "/api/chat", {"model": "m-f16", "messages": [{"content": "a"}], **fields})
    assert (reply.status_code, reply.json()) == (status, {"error": words})


def test_a_chat_streams_lines_of_which_the_last_has_the_numbers(server: FakeOllama) -> None:
    reply = call(server, "POST", "/api/chat", {"model": "M-F16", "messages": [{"content": "hi"}]})
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert b"\\u003cb\\u003e" in reply.content and b", " not in reply.content
    lines = [json.loads(line) for line in reply.text.splitlines()]
    assert "".join(line["message"]["content"] for line in lines) == "a <b> & c"
    assert [line["done"] for line in lines[:-1]] == [False] * (len(lines) - 1)
    assert lines[-1]["done_reason"] == "stop" and lines[-1]["eval_count"] > 0
    assert {line["model"] for line in lines} == {"M-F16"}  # as it was written
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z", lines[0]["created_at"])


def test_an_empty_chat_loads_the_model_and_keep_alive_zero_unloads_it(server: FakeOllama) -> None:
    load = call(server, "POST", "/api/chat", {"model": "m-f16", "options": {"num_ctx": 8192}})
    assert load.json()["done_reason"] == "load" and "eval_count" not in load.json()
    [loaded] = call(server, "GET", "/api/ps").json()["models"]
    assert (loaded["name"], loaded["context_length"]) == ("m-f16:latest", 1024)  # what it was trained for
    unload = call(server, "POST", "/api/generate", {"model": "m-f16", "keep_alive": 0})
    assert unload.json()["done_reason"] == "unload"
    assert call(server, "GET", "/api/ps").json() == {"models": []}


def test_too_long_a_prompt_is_cut_silently_or_refused_by_the_kind_of_template(server: FakeOllama) -> None:
    chat = {"messages": [{"content": "가나다 " * 2000}], "options": {"num_ctx": 1024}, "stream": False}
    cut = call(server, "POST", "/api/chat", {"model": "m-f16", **chat})
    assert cut.status_code == 200 and cut.json()["prompt_eval_count"] == 514
    refused = call(server, "POST", "/api/chat", {"model": "koorg/m-case:v1", **chat})
    assert refused.status_code == 400
    inner = json.loads(refused.json()["error"])["error"]  # JSON inside a string
    assert (inner["type"], inner["n_ctx"]) == ("exceed_context_size_error", 1024)


def test_strangers_are_sent_away_without_a_word(server: FakeOllama) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        reply = call(server, "GET", "/api/tags", None, **headers)
        assert (reply.status_code, reply.content) == (403, b"")
    assert call(server, "GET", "/api/tags", None, Origin="http://localhost:3000").status_code == 200


def test_models_are_listed_in_both_ways(server: FakeOllama) -> None:
    rows = call(server, "GET", "/api/tags").json()["models"]
    assert {row["name"] for row in rows} == {"m-f16:latest", "KoOrg/M-Case:V1"}
    assert all(len(row["digest"]) == 64 for row in rows)
    owners = {row["id"]: row["owned_by"] for row in call(server, "GET", "/v1/models").json()["data"]}
    assert owners == {"m-f16:latest": "library", "KoOrg/M-Case:V1": "KoOrg"}
    with serving(lambda body, number: Answer(), {}) as empty:
        assert call(empty, "GET", "/v1/models").text == '{"object":"list","data":null}'


def test_openai_style_chats_and_errors(server: FakeOllama) -> None:
    chat = {"model": "m-f16", "messages": [{"role": "user", "content": "hi"}]}
    reply = call(server, "POST", "/v1/chat/completions", chat).json()
    assert reply["choices"][0]["message"] == {"role": "assistant", "content": "a <b> & c"}
    streamed = call(server, "POST", "/v1/chat/completions", {**chat, "stream": True})
    assert streamed.headers["content-type"] == "text/event-stream"
    assert streamed.text.endswith("data: [DONE]\n\n")
    missing = call(server, "POST", "/v1/chat/completions", {**chat, "model": "nosuch"})
    error = {"message": "model 'nosuch' not found", "type": "not_found_error", "param": None, "code": None}
    assert (missing.status_code, missing.json()) == (404, {"error": error})


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoringOllama]:
    with storing(tmp_path_factory.mktemp("blobs")) as running:
        yield running


def uploaded(store: StoringOllama, raw: bytes) -> str:
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    call(store, "POST", f"/api/blobs/{digest}", raw)
    return digest


def test_blobs_are_asked_for_uploaded_and_checked(store: StoringOllama) -> None:
    digest = f"sha256:{hashlib.sha256(b'blob').hexdigest()}"
    path, wrong = f"/api/blobs/{digest}", f"sha256:{'0' * 64}"
    assert call(store, "HEAD", path).status_code == 404
    assert (call(store, "POST", path, b"blob").status_code, call(store, "HEAD", path).status_code) == (
        201,
        200,
    )
    again = call(store, "POST", path, b"blob")
    assert (again.status_code, again.headers["connection"]) == (200, "close")  # without reading it
    mismatch = call(store, "POST", f"/api/blobs/{wrong}", b"blob")
    words = f'digest mismatch, expected "{wrong}", got "{digest}"'
    assert (mismatch.status_code, mismatch.json()) == (400, {"error": words})
    assert call(store, "POST", "/api/blobs/abc", b"blob").json() == {"error": "invalid digest format"}
    assert call(store, "GET", path).status_code == 405


def test_errors_of_a_create_come_up_front_as_a_status_and_later_as_a_line(store: StoringOllama) -> None:
    for body, words in (
        ({"model": "bad name!"}, "invalid model name"),
        ({"model": "m"}, "neither 'from' or 'files' was specified"),
        ({"model": "m", "files": {"../m.gguf": "sha256:0"}}, "file path must be relative"),
    ):
        reply = call(store, "POST", "/api/create", body)
        assert (reply.status_code, reply.json()) == (400, {"error": words})
    body = {"model": "m", "files": {"m.gguf": uploaded(store, b"no model")}}
    late = call(store, "POST", "/api/create", body)
    assert (late.status_code, late.headers["content-type"]) == (200, "application/x-ndjson")
    assert [list(json.loads(line)) for line in late.text.splitlines()] == [["status"], ["error"]]
    assert call(store, "POST", "/api/create", {**body, "stream": False}).status_code == 500


def test_a_gguf_becomes_a_model_that_is_shown_copied_and_deleted(
    store: StoringOllama, tmp_path: Path
) -> None:
    tiny_gguf.write(tmp_path / "tiny.gguf")
    files = {"m.gguf": uploaded(store, (tmp_path / "tiny.gguf").read_bytes())}
    body = {"model": "slm:v1", "files": files, "template": "{{ .Prompt }}", "system": "짧게."}
    body |= {"parameters": {"stop": ["<|im_end|>", "사용자:"], "num_ctx": 512, "temperature": 0}}
    made = call(store, "POST", "/api/create", body)
    assert json.loads(made.text.splitlines()[-1]) == {"status": "success"}
    shown = call(store, "POST", "/api/show", {"model": "slm:v1"}).json()
    rows = ('stop  "<|im_end|>"', 'stop  "사용자:"', "num_ctx  512", "temperature  0")
    padded = [f"{name:<30} {value}" for name, value in (row.split("  ") for row in rows)]
    assert shown["parameters"].splitlines() == padded
    assert (shown["template"], shown["system"]) == ("{{ .Prompt }}", "짧게.")
    assert "\nSYSTEM 짧게.\nPARAMETER stop <|im_end|>\n" in shown["modelfile"]
    assert call(store, "POST", "/api/create", {**body, "quantize": "q8_0"}).text.endswith(
        '{"error":"quantization is only supported for F16, BF16 and F32 models"}\n'
    )  # it has no file type
    copied = call(store, "POST", "/api/copy", {"source": "slm:v1", "destination": "slm"})
    assert (copied.status_code, copied.content, "content-type" in copied.headers) == (200, b"", False)
    first, second = call(store, "GET", "/api/tags").json()["models"]
    assert first["digest"] == second["digest"], "equal layers, equal digest"
    missing = call(store, "POST", "/api/copy", {"source": "nosuch", "destination": "x"})
    assert (missing.status_code, missing.json()) == (404, {"error": 'model "nosuch" not found'})
    assert call(store, "DELETE", "/api/delete", {"model": "slm:v1"}).content == b""
    assert call(store, "DELETE", "/api/delete", {"model": "alias-1"}).json() == {
        "error": "model 'alias-1' not found"
    }
    assert call(store, "POST", "/api/delete", {"model": "slm"}).status_code == 405
