"""Fixtures: the tiny pipeline's repository, and an Ollama server for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import set_params
from tests.ollama_store import StoringOllama, storing
from tests.release.tiny_pipeline import ENVIRONMENT, lay_out, shell, write_sources


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What three runs leave behind, by name."""
    folder = tmp_path_factory.mktemp("release") / "sources"
    write_sources(folder)
    return folder


@pytest.fixture
def repository(workspace: Path, sources: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The repository, with git and DVC, committed."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    lay_out(sources)
    return workspace


@pytest.fixture
def ollama(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[StoringOllama]:
    """The repository's versions go to this Ollama server."""
    set_params(repository, **{"release.target": "ollama"})
    shell("git commit -qam ollama")
    with storing(tmp_path_factory.mktemp("blobs")) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        yield server
