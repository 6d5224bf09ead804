"""`slm-factory serve`: which model is served, and what is told when there is none."""

import hashlib
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from slm_factory.cli.serve import chosen, serve
from slm_factory.core.errors import UserError
from slm_factory.release import registry
from slm_factory.release.target import Folder
from slm_factory.serve.source import Source
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML


def put(folder: Path, context_tokens: int) -> None:
    """A GGUF, unread here, with its Modelfile."""
    folder.mkdir(parents=True)
    (folder / "own.gguf").write_bytes(b"GGUF")
    text = modelfile("own.gguf", CHATML, "Short.", context_tokens=context_tokens, temperature=0.5)
    (folder / "Modelfile").write_text(text, encoding="utf-8")


def asked(version: str, gguf: Path | None) -> Source:
    """What is served, looked at before it is taken away again."""
    with ExitStack() as stack:
        return chosen(version, gguf, stack)


def register(version: str, gguf: bytes, verdict: str = "pass") -> None:
    """Adds a line to the registry."""
    made = registry.Version.model_validate(
        {"name": version, "verdict": verdict, "champion": "", "documents": 1, "train_lines": 1}
        | {"headline": None, "gguf": hashlib.sha256(gguf).hexdigest()}
    )
    registry.save(registry.load().with_version(made))


@pytest.fixture
def root(workspace: Path) -> Path:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    return workspace


def test_the_promoted_version_comes_before_what_the_pipeline_made_last(root: Path) -> None:
    with pytest.raises(UserError, match="no model to ask yet"):
        asked("", None)
    put(root / "models/gguf", 256)
    assert (asked("", None).version, asked("", None).context_tokens) == ("", 256)
    target, version = Folder(), "v20260101T000000Z"
    put(root / "made", 512)
    target.put(version, root / "made")
    target.alias(version)
    assert (asked("", None).version, asked("", None).context_tokens) == (version, 512)
    assert asked(version, None) == asked("", None)
    with pytest.raises(UserError, match="there is no version v20250101T000000Z"):
        asked("v20250101T000000Z", None)


def test_a_version_that_is_not_deployed_comes_from_its_tag_and_leaves_no_trace(root: Path) -> None:
    registry.REGISTRY.parent.mkdir(exist_ok=True)
    old, new, failed = "v20260101T000000Z", "v20260202T000000Z", "v20260303T000000Z"
    put(root / "models/gguf", 256)
    (root / "dvc.yaml").unlink()
    for command in ("git init -q", "dvc init -q", "dvc add -q models/gguf", "git add -A"):
        subprocess.run(command.split(), cwd=root, check=True)
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    subprocess.run(["git", *identity, "commit", "-qm", "old"], cwd=root, check=True)
    subprocess.run(["git", "tag", old], cwd=root, check=True)
    (root / "models/gguf/own.gguf").write_bytes(b"another")
    register(old, b"GGUF")
    register(new, b"another")
    register(failed, b"bad", "fail")
    assert asked(new, None).file == root / "models/gguf/own.gguf"  # the pipeline's own
    with ExitStack() as stack:
        source = chosen(old, None, stack)
        assert (source.version, source.context_tokens, source.file.read_bytes()) == (old, 256, b"GGUF")
    assert not source.file.exists() and not Path("deploy").exists()
    with pytest.raises(UserError, match="did not pass the gate"):
        asked(failed, None)
    register("v20260404T000000Z", b"untagged")
    with pytest.raises(UserError, match="v20260404T000000Z cannot be brought back"):
        asked("v20260404T000000Z", None)


def test_a_file_is_asked_as_the_modelfile_beside_it_says(root: Path) -> None:
    put(root / "other", 512)
    own = asked("", Path("other/own.gguf"))
    assert (own.system, own.context_tokens, own.parameters["temperature"]) == ("Short.", 512, 0.5)
    (root / "other/else.gguf").write_bytes(b"GGUF")
    plain = asked("", Path("other/else.gguf"))
    assert (plain.system, plain.context_tokens, plain.parameters) == ("", 1024, {})


def test_one_model_is_named_at_most(root: Path) -> None:
    for options in ({"base": True, "compare": True}, {"base": True, "version": "v"}):
        with pytest.raises(UserError, match="name different models"):
            serve(**options)  # type: ignore[arg-type]
