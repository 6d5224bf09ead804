"""`slm-factory serve`: which model is served, and what is told when there is none."""

from pathlib import Path

import pytest

from slm_factory.cli.serve import chosen, serve
from slm_factory.core.errors import UserError
from slm_factory.release.target import Folder
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML


def put(folder: Path, context_tokens: int) -> None:
    """A GGUF, unread here, with its Modelfile."""
    folder.mkdir(parents=True)
    (folder / "own.gguf").write_bytes(b"GGUF")
    text = modelfile("own.gguf", CHATML, "Short.", context_tokens=context_tokens, temperature=0.5)
    (folder / "Modelfile").write_text(text, encoding="utf-8")


@pytest.fixture
def root(workspace: Path) -> Path:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    return workspace


def test_the_promoted_version_comes_before_what_the_pipeline_made_last(root: Path) -> None:
    with pytest.raises(UserError, match="no model to ask yet"):
        chosen("", None)
    put(root / "models/gguf", 256)
    assert (chosen("", None).version, chosen("", None).context_tokens) == ("", 256)
    target, version = Folder(), "v20260101T000000Z"
    put(root / "made", 512)
    target.put(version, root / "made")
    target.alias(version)
    assert (chosen("", None).version, chosen("", None).context_tokens) == (version, 512)
    assert chosen(version, None) == chosen("", None)
    with pytest.raises(UserError, match="v20250101T000000Z is not deployed"):
        chosen("v20250101T000000Z", None)


def test_a_file_is_asked_as_the_modelfile_beside_it_says(root: Path) -> None:
    put(root / "other", 512)
    own = chosen("", Path("other/own.gguf"))
    assert (own.system, own.context_tokens, own.parameters["temperature"]) == ("Short.", 512, 0.5)
    (root / "other/else.gguf").write_bytes(b"GGUF")
    plain = chosen("", Path("other/else.gguf"))
    assert (plain.system, plain.context_tokens, plain.parameters) == ("", 1024, {})


def test_one_model_is_named_at_most(root: Path) -> None:
    for options in ({"base": True, "compare": True}, {"base": True, "version": "v"}):
        with pytest.raises(UserError, match="name different models"):
            serve(**options)  # type: ignore[arg-type]
