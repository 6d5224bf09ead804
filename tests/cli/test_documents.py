"""`slm-factory run --documents`: one's own documents in place of what is here, and nothing lost."""

import subprocess
from pathlib import Path

import pytest

from slm_factory.cli.documents import adopt
from slm_factory.core.errors import UserError
from tests.cli.conftest import Command

GIT = ["git", "-c", "user.name=tester", "-c", "user.email=tester@example.com"]


@pytest.fixture
def repository(pipeline: Path) -> Path:
    """A repository with two sample documents in git, and a folder of manuals beside it."""
    for name in ("sample.md", "folder/sample.txt"):
        write(pipeline / "data/documents" / name, name)
    for command in (["add", "--all"], ["commit", "--quiet", "--message", "Begin"]):
        subprocess.run([*GIT, *command], check=True)
    write(pipeline.parent / "manuals/절차/복구.md", "Restart the service.")
    write(pipeline.parent / "manuals/rules.txt", "Backups are kept for 30 days.")
    write(pipeline.parent / "manuals/.cache/hidden.md", "hidden")
    return pipeline


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def here() -> list[str]:
    root = Path("data/documents")
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def tracked() -> str:
    return subprocess.run(["git", "ls-files", "data"], capture_output=True, text=True, check=True).stdout


def test_own_documents_take_the_place_of_the_samples_and_go_to_dvc(repository: Path) -> None:
    adopt(repository.parent / "manuals")
    assert here() == ["rules.txt", "절차/복구.md"]
    assert Path("data/documents.dvc").is_file() and "/documents" in Path("data/.gitignore").read_text()
    assert "sample" not in tracked()


def test_a_later_state_of_the_same_folder_takes_its_place_again(repository: Path) -> None:
    manuals = repository.parent / "manuals"
    adopt(manuals)
    before = Path("data/documents.dvc").read_text()
    adopt(manuals)
    assert Path("data/documents.dvc").read_text() == before
    (manuals / "rules.txt").unlink()
    write(manuals / "절차/복구.md", "Call the owner.")
    adopt(manuals)
    assert here() == ["절차/복구.md"]
    assert Path("data/documents.dvc").read_text() != before


def test_what_neither_git_nor_dvc_has_is_not_thrown_away(repository: Path) -> None:
    write(repository / "data/documents/mine.md", "only here")
    write(repository / "data/documents/sample.md", "edited here")
    with pytest.raises(UserError, match=r"2 files in data/documents are neither .*: mine\.md\nhint: move"):
        adopt(repository.parent / "manuals")
    assert here() == ["folder/sample.txt", "mine.md", "sample.md"]


def test_what_dvc_has_not_seen_yet_is_not_thrown_away(repository: Path) -> None:
    adopt(repository.parent / "manuals")
    write(repository / "data/documents/mine.md", "only here")
    (repository.parent / "manuals/rules.txt").unlink()
    with pytest.raises(UserError, match="2 files in data/documents are neither"):
        adopt(repository.parent / "manuals")


def test_a_run_that_was_killed_after_copying_gives_them_to_dvc_later(repository: Path) -> None:
    manuals = repository.parent / "manuals"
    adopt(manuals)
    Path("data/documents.dvc").unlink()
    adopt(manuals)
    assert Path("data/documents.dvc").is_file()


@pytest.mark.parametrize("place", ["data/documents", "data/documents/folder", "data", "."])
def test_a_folder_that_holds_the_documents_is_refused(repository: Path, place: str) -> None:
    with pytest.raises(UserError, match="lie in each other"):
        adopt(Path(place))


def test_run_takes_the_folder_and_two_lines_tell_that_it_is_missing(
    repository: Path, slm_factory: Command
) -> None:
    done = slm_factory("run", "--documents", "nowhere")
    assert (done.returncode, done.stderr.splitlines()[0]) == (2, "error: nowhere holds no files")
    done = slm_factory("run", "--documents", str(repository.parent / "manuals"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("data/documents: 2 files of ") and here() == ["rules.txt", "절차/복구.md"]
