"""`slm-factory init` as an installed package runs it: the files come from what a wheel carries."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from slm_factory.cli import template
from tests.conftest import REPOSITORY

PROGRAM = "from slm_factory.cli.main import app; app(prog_name='slm-factory')"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The contents of a wheel, unpacked, as setup.py builds them."""
    folder = tmp_path_factory.mktemp("installed")
    command = [sys.executable, "setup.py", "-q", "egg_info", "--egg-base", folder, "build_py", "--build-lib"]
    subprocess.run([*command, folder / "lib"], cwd=REPOSITORY, check=True, capture_output=True)
    return folder / "lib"


def call(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the installed `slm-factory ...` in `folder`, for a user whom git does not know."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"PYTHONPATH": str(installed), "GIT_CONFIG_GLOBAL": os.devnull, "HOME": str(folder)}
    environment |= {"SLM_FACTORY_CACHE": str(installed.parent / "cache"), "GIT_CONFIG_NOSYSTEM": "1"}
    command = [sys.executable, "-c", PROGRAM, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "core.quotePath=false", *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def project(installed: Path, home: Path) -> Path:
    """A new English project with the sample documents."""
    arguments = ("--samples", "--language", "en", "--profile", "openai", "--profile", "qwen3-0.6b")
    result = call(installed, home, "init", "teams/규정", *arguments)
    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines()[-1].startswith("next: cd teams/규정 && ")
    return home / "teams/규정"


def test_everything_is_committed_and_dvc_keeps_the_documents(project: Path) -> None:
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "log", "--format=%s on %D").startswith("Begin 규정 with slm-factory")
    assert git(project, "branch", "--show-current") == "main\n"
    tracked = set(git(project, "ls-files").splitlines())
    assert "data/documents.dvc" in tracked and not any(path.startswith("data/documents/") for path in tracked)
    assert all((project / template.DOCUMENTS / name).is_file() for name in template.SAMPLES)


def test_a_project_has_the_files_of_the_clone_and_no_trace_of_its_results(project: Path) -> None:
    tracked = set(git(project, "ls-files").splitlines())
    ours = set(git(REPOSITORY, "ls-files", *template.PACKAGES, *template.FOLDERS).splitlines())
    present = {path for path in ours if (REPOSITORY / path).is_file()}
    assert present - tracked == set()
    assert not {"dvc.lock", "setup.py"} & tracked
    assert not [path for path in tracked if path.startswith(("metrics/", "tests/", "slm_factory/template/"))]
    assert all(
        (project / f"data/{name}.jsonl").read_text() == "" for name in ("review", "refine", "questions")
    )


def test_language_and_profiles_are_in_the_parameters(project: Path) -> None:
    params = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    assert params["student"]["system_prompt"].isascii()
    assert params["parse"]["ocr_languages"] == "eng"
    assert params["teacher"]["backend"] == "openai"
    assert params["student"]["model"] == "Qwen/Qwen3-0.6B"
    assert params["gate"]["champion"] == ""
    assert "# Every knob" in (project / "params.yaml").read_text(encoding="utf-8")


def test_documents_put_there_are_read_by_a_run(project: Path, installed: Path) -> None:
    (project / "data/documents/leave.md").write_text("# Leave\n\n- Notice: 3 days\n", encoding="utf-8")
    result = call(installed, project, "run", "--until", "chunk")
    assert result.returncode == 0, result.stderr
    assert "parse: 13 documents" in result.stderr
    assert (project / "data/chunk.parquet").is_file()
    assert "documents.dvc" in git(project, "status", "--porcelain"), "the new document is DVC's, too"


def test_what_a_wheel_carries_is_what_a_new_project_takes(installed: Path) -> None:
    packed = installed / "slm_factory/template"
    carried = {path.relative_to(packed) for path in packed.rglob("*") if path.is_file()}
    assert carried == set(template.files(REPOSITORY))
    ours = git(REPOSITORY, "ls-files", "slm_factory").splitlines()
    assert [path for path in ours if (REPOSITORY / path).is_file() and not (installed / path).is_file()] == []


def test_the_named_samples_are_the_sample_documents() -> None:
    """A project's own documents must never be taken for samples, so the samples are a list of names."""
    script = REPOSITORY / "samples" / "source"
    assert len(template.SAMPLES) == len(list(script.glob("*.md")))
    assert all((REPOSITORY / template.DOCUMENTS / name).is_file() for name in template.SAMPLES)


def test_nothing_is_overwritten_and_nothing_is_left_of_a_failure(installed: Path, home: Path) -> None:
    (home / "mine").mkdir()
    (home / "mine/file").write_text("mine")
    refused = call(installed, home, "init", "mine")
    assert refused.returncode == 2
    assert refused.stderr.splitlines()[0] == f"error: {home / 'mine'} exists"
    unknown = call(installed, home, "init", "other", "--profile", "opneai")
    assert unknown.returncode == 2
    assert unknown.stderr.splitlines()[0] == "error: there is no profile 'opneai'"
    assert not [path for path in home.iterdir() if "other" in path.name]


def test_inside_another_repository_the_hint_names_a_place_outside(installed: Path, tmp_path: Path) -> None:
    outer = tmp_path / "outer"
    (outer / "deep").mkdir(parents=True)
    git(outer, "init", "-q")
    refused = call(installed, outer / "deep", "init", "inner")
    assert refused.returncode == 2
    problem, hint = refused.stderr.splitlines()
    assert problem == f"error: {outer / 'deep/inner'} would lie inside the git repository {outer}"
    assert hint.endswith(f"init {tmp_path / 'inner'}")
    (outer / ".gitignore").write_text("inner\n")
    assert call(installed, outer / "deep", "init", "inner").returncode == 0, "a repository that ignores it"
