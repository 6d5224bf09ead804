"""A random model of 100 thousand weights, loaded once; what it says is noise, and always the same noise."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny_gguf

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model's file."""
    file = tmp_path_factory.mktemp("ask") / "tiny.gguf"
    tiny_gguf.write(file)
    return file


@pytest.fixture
def model(tiny: Path) -> Iterator["Model"]:  # noqa: F821
    """The model, with a context of 512 tokens, of which a byte of a question takes one."""
    from slm_factory.ask.model import Model
    from slm_factory.serve.source import Source

    with Model("tiny", Source(tiny, "", 512)) as loaded:
        yield loaded
