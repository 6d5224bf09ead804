"""A server on a free port with a random model of 100 thousand weights, and requests that keep it busy."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import tiny_gguf

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")
pytest.importorskip("fastapi")
pytest.importorskip("httptools")

from slm_factory.serve import server
from slm_factory.serve.access import Keys, digest
from slm_factory.serve.generation import Engine
from slm_factory.serve.source import Source
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML

SYSTEM = "Answer from the documents."
LONG = {
    "type": "array",
    "items": {"enum": ["a"]},
    "minItems": 200,
}  # a grammar keeps the random model talking


@dataclass
class Running:
    """A server that listens."""

    address: str
    engine: Engine
    http: httpx.Client
    data: Path

    def ask(self, route: str, body: Any, **more: Any) -> httpx.Response:
        """The response to a POST."""
        return self.http.post(route, json=body, **more)


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's file."""
    file = tmp_path_factory.mktemp("served") / "tiny.gguf"
    tiny_gguf.write(file)
    return file


def place(folder: Path, model: Path, context: int = 8192) -> None:
    """Puts a model with its Modelfile into `folder`, as quantize does."""
    folder.mkdir(parents=True)
    (folder / "tiny.gguf").write_bytes(model.read_bytes())
    text = modelfile("tiny.gguf", CHATML, SYSTEM, context_tokens=context, temperature=0.0)
    (folder / "Modelfile").write_text(text, encoding="utf-8")


@contextmanager
def running(
    sources: dict[str, Source],
    data: Path,
    limits: server.Limits,
    keys: tuple[str, ...] = (),
    look: Callable[[], Source | None] | None = None,
) -> Iterator[Running]:
    """A server in a thread; it is stopped as by SIGTERM."""
    known = Keys(tuple(digest(key) for key in keys))
    with server.bound("127.0.0.1", 0) as opened:
        engine = server.loaded(sources, "slm", limits)
        made = server.make(engine, known, limits, look, data)
        opened.listen()
        thread = threading.Thread(target=made.run, kwargs={"sockets": [opened]})
        thread.start()
        address = f"http://127.0.0.1:{opened.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, timeout=30) as http:
                yield Running(address, engine, http, data)
        finally:
            made.should_exit = True
            thread.join()
            engine.close()


Serve = Callable[..., AbstractContextManager[Running]]


@pytest.fixture
def serve(tiny: Path, tmp_path: Path) -> Serve:
    """Starts a server with other limits, keys or models than the shared one."""
    from slm_factory.serve.source import folder_source

    place(tmp_path / "gguf", tiny)
    source = folder_source(tmp_path / "gguf", "v20260101T000000Z")

    def start(limits: server.Limits | None = None, **more: Any) -> AbstractContextManager[Running]:
        sources = more.pop("sources", {"latest": source})
        return running(sources, tmp_path / "data", limits or server.Limits(slots=2), **more)

    return start


@pytest.fixture(scope="session")
def shared(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests that only ask."""
    from slm_factory.serve.source import folder_source

    folder = tmp_path_factory.mktemp("shared")
    place(folder / "gguf", tiny)
    source = folder_source(folder / "gguf", "v20260101T000000Z")
    with running({"latest": source}, folder / "data", server.Limits(slots=2, max_tokens=600)) as one:
        yield one
