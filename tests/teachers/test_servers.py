"""What HTTP errors of model servers mean, and what of their words may be kept."""

import email.utils
import time

import pytest

from slm_factory.core.errors import UserError
from slm_factory.teachers.chat import Disturbed, Overloaded, plain_messages, without_thoughts
from slm_factory.teachers.servers import MAX_WORDS, Server, is_remote, refused_field, retry_after, words_of
from slm_factory.teachers.teacher import TeacherFailure

SERVER = Server("m", "ADDRESS", "KEY", "start it")


@pytest.mark.parametrize(
    ("status", "words", "kind"),
    [
        (429, "slow down", Overloaded),
        (503, "busy", Overloaded),
        (529, "overloaded", Overloaded),
        (500, "oops", Disturbed),
        (504, "late", Disturbed),
        (408, "late", Disturbed),
        (500, "the input length exceeds the context length", TeacherFailure),
        (400, "prompt is too long: 3 tokens > 2 maximum", TeacherFailure),
        (418, "teapot", TeacherFailure),
        (429, "You exceeded your current quota (insufficient_quota)", UserError),
        (500, "model requires more system memory (9 GiB) than is available", UserError),
        (401, "", UserError),
        (404, "", UserError),
    ],
)
def test_a_status_and_its_words_stop_the_attempt_the_chat_or_the_run(
    status: int, words: str, kind: type[Exception]
) -> None:
    assert type(SERVER.failure(status, {"message": words}, {})) is kind


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "plain"}, "plain"),
        ({"error": {"message": "openai", "code": "bad"}}, "openai (bad)"),
        ({"type": "error", "error": {"type": "x", "message": "anthropic"}}, "anthropic"),
        ('{"error":{"code":400,"message":"in a string"}}', "in a string"),
        ({"error": '{"error":{"message":"ollama, nested"}}'}, "ollama, nested"),
        ({"detail": [{"loc": ["body", "seed"], "msg": "no", "input": "PROMPT"}]}, "body.seed: no"),
        ("  <!DOCTYPE html><p>x", "an HTML page"),
        ("two\n lines", "two lines"),
        (None, "it gives no reason"),
        ({}, "it gives no reason"),
        ({"message": "see https://10.0.0.1:8/v1 with sk-abc.DEF_123-x"}, "see (address) with (key)"),
    ],
)
def test_the_servers_words_are_found_and_cleaned(body: object, words: str) -> None:
    assert words_of(body) == words


def test_words_are_bounded() -> None:
    assert len(words_of({"message": "x" * 10_000})) == MAX_WORDS


def test_waits_are_seconds_milliseconds_or_dates() -> None:
    assert retry_after({}) is None
    assert retry_after({"retry-after": "2.5"}) == 2.5
    assert retry_after({"retry-after": "-1"}) == 0.0
    assert retry_after({"retry-after-ms": "250", "retry-after": "9"}) == 0.25
    assert retry_after({"retry-after": "nonsense"}) is None
    wait = retry_after({"retry-after": email.utils.formatdate(time.time() + 50, usegmt=True)})
    assert wait is not None and 40 < wait <= 50


@pytest.mark.parametrize(
    "address",
    [
        *("", "http://127.0.0.1:8000/v1", "localhost:11434", "http://[::1]:80", "http://192.168.0.9/v1"),
        *("10.1.2.3", "172.16.0.1:1", "100.64.0.7", "gpu-box:8000", "http://vllm.internal/v1", "a.local"),
    ],
)
def test_loopback_and_private_addresses_are_in_the_house(address: str) -> None:
    assert not is_remote(address)


@pytest.mark.parametrize("address", ["https://api.openai.com/v1", "8.8.8.8", "http://localhost.example.com"])
def test_other_addresses_are_not(address: str) -> None:
    assert is_remote(address)


def test_a_refused_field_is_the_one_named_else_the_first_of_the_unnamed() -> None:
    sent = ["max_tokens", "temperature", "think"]
    assert refused_field("`temperature` is deprecated", sent, ["think"]) == "temperature"
    assert refused_field('"m" does not support thinking', sent, []) == "think"
    assert refused_field("no", sent, ["schema", "think"]) == "think"
    assert refused_field("no", sent, ["schema"]) is None
    assert refused_field("max_tokens pass the context length", sent, ["think"]) is None


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>a</think>{}", "{}"),
        ("a\n</think>\n{}", "{}"),  # the template wrote the opening mark
        ("<think>cut in the mid", ""),
        ("{}", "{}"),
    ],
)
def test_thoughts_are_left_out(text: str, answer: str) -> None:
    assert without_thoughts(text) == answer


@pytest.mark.parametrize("text", ["표 | 값 | 단위", "a < b", "<b>x</b>", "[1] [주]", "<|", "f(x) <- |y|"])
def test_text_without_turn_marks_reaches_the_model_as_it_is(text: str) -> None:
    assert plain_messages([{"role": "user", "content": text}]) == [{"role": "user", "content": text}]
