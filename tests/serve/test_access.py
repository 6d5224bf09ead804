"""Who may ask: a key where there is one, and no web page of another place."""

from pathlib import Path

import ollama
import openai
import pytest

from slm_factory.core.errors import UserError
from slm_factory.serve import server
from slm_factory.serve.access import Keys
from slm_factory.serve.server import Limits
from tests.serve.conftest import Running, Serve

KEY = "correct horse battery staple"
OTHER = "another key of good length"


def test_without_the_key_nothing_is_answered_but_signs_of_life(serve: Serve) -> None:
    with serve(keys=(KEY, OTHER)) as running:
        for route in ("/api/tags", "/v1/models", "/metrics", "/openapi.json"):
            for header in ({}, {"Authorization": "Bearer guess"}, {"Authorization": f"Basic {KEY}"}):
                reply = running.http.get(route, headers=header)
                assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer")
        for route in ("/health", "/health/live", "/"):
            assert running.http.get(route).status_code == 200
        for route in ("/passages", "/feedback", "/api/chat"):
            assert running.ask(route, {}).status_code == 401


def test_both_clients_show_their_key(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(keys=(KEY, OTHER)) as running:
        monkeypatch.setenv("OLLAMA_API_KEY", KEY)
        assert ollama.Client(host=running.address).list().models
        assert openai.OpenAI(base_url=f"{running.address}/v1", api_key=OTHER).models.list().data
        with pytest.raises(openai.AuthenticationError) as raised:
            openai.OpenAI(base_url=f"{running.address}/v1", api_key="guess").models.list()
        assert raised.value.code == "invalid_api_key"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "localhost.evil.example"},
        {"Host": "[evil"},
    ],
)
def test_a_page_of_another_place_reaches_nothing(shared: Running, headers: dict[str, str]) -> None:
    reply = shared.http.get("/api/tags", headers=headers)
    assert (reply.status_code, reply.text) == (403, "")


@pytest.mark.parametrize("host", ["localhost:80", "127.0.0.1", "[::1]:11435", "model.localhost"])
def test_a_page_of_this_machine_is_answered(shared: Running, host: str) -> None:
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert shared.http.get("/api/tags", headers=headers).status_code == 200


def test_other_machines_are_served_with_a_key_only() -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(UserError, match="needs a key"):
            server.serve({}, "slm", Limits(), host=host, port=0)


def test_keys_come_from_file_and_environment_and_are_long(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{KEY}\n\n{OTHER}\n", encoding="utf-8")
    keys = Keys.read(file, "from the environment")
    assert [keys.fit(f"bearer {key}") for key in (KEY, OTHER, "from the environment", "no")] == [1, 1, 1, 0]
    assert not Keys.read(None, "").digests
    for text in ("short\n", ""):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(UserError, match="at least 16"):
            Keys.read(file, "")
    with pytest.raises(UserError, match="cannot be read"):
        Keys.read(tmp_path / "nosuch", "")


def test_a_port_that_is_taken_is_two_lines() -> None:
    with server.bound("127.0.0.1", 0) as opened:
        opened.listen()
        with pytest.raises(UserError, match="cannot be listened on"), server.bound(*opened.getsockname()):
            pass
