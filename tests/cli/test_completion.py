"""What the shell offers for values, asked as bash asks it."""

import subprocess
from pathlib import Path

import pytest
import yaml

from slm_factory.cli import completion
from slm_factory.release import registry
from tests.cli.conftest import Command


@pytest.fixture
def offered(slm_factory: Command, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The values offered after a line; where the line ends in a space, for a word that is not begun yet."""

    def ask(line: str) -> list[str]:
        words = f"slm-factory {line}"
        monkeypatch.setenv("_SLM_FACTORY_COMPLETE", "complete_bash")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - (not words.endswith(" "))))
        done: subprocess.CompletedProcess[str] = slm_factory()
        assert done.stderr == ""
        return done.stdout.split()

    return ask


def test_stages_profiles_and_documents_are_offered(pipeline: Path, offered) -> None:  # type: ignore[no-untyped-def]
    (pipeline / "profiles").mkdir()
    (pipeline / "profiles/ollama-small.yaml").write_text("# A teacher. More.\n")
    (pipeline / "data/documents/절차/.cache").mkdir(parents=True)
    for name in ("절차/복구.md", "절차/.cache/hidden", "rules.txt"):
        (pipeline / "data/documents" / name).touch()
    assert offered("run --until ") == ["first", "second", "third"]
    assert offered("run --from s") == ["second"]
    assert offered("profile ") == ["ollama-small"]
    assert offered("tool review --document 절") == ["절차/복구.md"]


def test_versions_are_offered_where_they_can_be_used(pipeline: Path, offered) -> None:  # type: ignore[no-untyped-def]
    versions = [("v20260101T000000Z", "pass"), ("v20260201T000000Z", "fail"), ("v20260301T000000Z", "pass")]
    (pipeline / "models").mkdir()
    listed = {"versions": [{"name": name, "verdict": verdict} for name, verdict in versions]}
    (pipeline / "models/registry.yaml").write_text(yaml.safe_dump(listed))
    passed = ["v20260301T000000Z", "v20260101T000000Z"]
    assert offered("rollback ") == offered("ask --version ") == offered("serve --version ") == passed
    assert offered("eval compare --base t") == ["tuned"]
    assert offered("eval run --model v") == passed


def test_nothing_is_offered_or_said_outside_a_repository(workspace: Path, offered) -> None:  # type: ignore[no-untyped-def]
    lines = ("run --until ", "profile ", "rollback ", "tool review --document ", "ask --version ")
    assert [offered(line) for line in lines] == [[]] * len(lines)


def test_a_broken_file_offers_nothing(workspace: Path) -> None:
    (workspace / "models").mkdir()
    for text in ("versions: [", "versions: 3", "[]", "versions: [{}]"):
        (workspace / "models/registry.yaml").write_text(text)
        assert completion.version("") == []
    (workspace / "dvc.yaml").write_text("stages: [")
    assert completion.stage("") == []


def test_versions_are_read_where_they_are_written() -> None:
    assert completion.REGISTRY == registry.REGISTRY
