"""Fixtures for every test: an empty workspace with the repository's params.yaml and a store of its own."""

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm_factory import language

REPOSITORY = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def tools() -> Iterator[None]:
    """This Python's tools (dvc, slm-factory) first on the PATH, whether or not its environment is active."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
        yield


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Ctrl-C reaches what tests start: pytest in the background ignores it, and its children inherit that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins in English, whatever the locale is and the test before it has chosen."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    for name in ("LANGUAGE", language.VARIABLE):  # commands set them
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("LANG", "C.UTF-8")
    language.use("en")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temporary current directory with a copy of params.yaml; remembered answers start empty."""
    shutil.copy(REPOSITORY / "params.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLM_FACTORY_CACHE", str(tmp_path / "cache"))
    return tmp_path


def set_params(workspace: Path, **values: Any) -> None:
    """Sets keys of the workspace's params.yaml, given as `set_params(w, **{"chunk.max_tokens": 200})`."""
    file = workspace / "params.yaml"
    params = yaml.safe_load(file.read_text(encoding="utf-8"))
    for key, value in values.items():
        section, _, name = key.partition(".")
        params[section][name] = value
    file.write_text(yaml.safe_dump(params, allow_unicode=True), encoding="utf-8")
