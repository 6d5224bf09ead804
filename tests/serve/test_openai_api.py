"""OpenAI's API: its own Python client is content."""

import json

import openai
import pytest

from tests.serve.conftest import Running

HELLO = [{"role": "user", "content": "hello"}]


@pytest.fixture
def client(shared: Running) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{shared.address}/v1", api_key="none", max_retries=0)


def test_the_client_chats_streaming_and_whole_with_one_text(client: openai.OpenAI) -> None:
    whole = client.chat.completions.create(model="slm", messages=HELLO, max_tokens=8)  # type: ignore[arg-type]
    stream = client.chat.completions.create(
        model="slm",
        messages=HELLO,  # type: ignore[arg-type]
        max_completion_tokens=8,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)
    assert text == whole.choices[0].message.content
    assert whole.choices[0].finish_reason == "length"
    assert chunks[-1].usage == whole.usage or chunks[-1].usage.completion_tokens == 8  # type: ignore[union-attr]
    assert chunks[0].choices[0].delta.role == "assistant"
    assert {chunk.model for chunk in chunks} == {"slm:latest"}


def test_counts_come_only_where_they_are_asked_for(shared: Running) -> None:
    body = {"model": "slm", "messages": HELLO, "max_tokens": 4, "stream": True}
    reply = shared.ask("/v1/chat/completions", body)
    assert reply.headers["content-type"] == "text/event-stream"
    events = reply.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert "usage" not in reply.text
    assert json.loads(events[-3].removeprefix("data: "))["choices"][0]["finish_reason"] == "length"


def test_the_client_completes_a_prompt_as_it_chats(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(model="slm", messages=HELLO, max_tokens=8)  # type: ignore[arg-type]
    whole = client.completions.create(model="slm", prompt="hello", max_tokens=8)
    chunks = client.completions.create(model="slm", prompt=["hello"], max_tokens=8, stream=True)
    assert whole.choices[0].text == said.choices[0].message.content
    assert "".join(chunk.choices[0].text for chunk in chunks) == whole.choices[0].text


def test_content_may_come_in_parts_and_from_a_developer(client: openai.OpenAI) -> None:
    parts = [{"type": "text", "text": "hel"}, {"type": "text", "text": "lo"}]
    messages = [{"role": "developer", "content": "x"}, {"role": "user", "content": parts}]
    other = [{"role": "system", "content": "x"}, *HELLO]
    replies = [
        client.chat.completions.create(model="slm", messages=one, max_tokens=8)  # type: ignore[arg-type]
        for one in (messages, other)
    ]
    assert replies[0].choices[0].message.content == replies[1].choices[0].message.content
    assert replies[0].usage.prompt_tokens == replies[1].usage.prompt_tokens  # type: ignore[union-attr]


def test_an_answer_follows_a_schema_and_tells_its_likelihood(client: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
    form = {"type": "json_schema", "json_schema": {"name": "switch", "schema": schema}}
    reply = client.chat.completions.create(
        model="slm",
        messages=HELLO,  # type: ignore[arg-type]
        max_tokens=200,
        response_format=form,  # type: ignore[arg-type]
        logprobs=True,
        top_logprobs=2,
    )
    assert set(json.loads(reply.choices[0].message.content or "")) == {"on"}
    assert reply.choices[0].logprobs and len(reply.choices[0].logprobs.content or []) > 4


def test_the_client_finds_the_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["slm:latest", "slm:v20260101T000000Z"]
    assert client.models.retrieve("slm").id == "slm"


def test_the_client_raises_what_is_wrong(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="nosuch", messages=HELLO)  # type: ignore[arg-type]
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as long:
        client.completions.create(model="slm", prompt="x" * 9000)
    assert long.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError, match="messages"):
        client.chat.completions.create(model="slm", messages=[])
    with pytest.raises(openai.BadRequestError, match="n: "):
        client.chat.completions.create(model="slm", messages=HELLO, n=2)  # type: ignore[arg-type]


def test_a_schema_that_is_none_is_a_bad_request(shared: Running) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nosuch"}}}
    for streams in (True, False):
        body = {"model": "slm", "messages": HELLO, "response_format": form, "stream": streams}
        reply = shared.ask("/v1/chat/completions", body)
        assert (reply.status_code, reply.json()["error"]["type"]) == (400, "invalid_request_error")
