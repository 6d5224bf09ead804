"""`slm-factory check --fix` mends what can be mended, and says so."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from slm_factory.cli import repairs
from slm_factory.cli.check import check_cache, mend
from slm_factory.core.errors import UserError
from tests.conftest import REPOSITORY


@pytest.fixture
def repository(workspace: Path) -> Path:
    """Complete, as far as repairs look."""
    shutil.copy(REPOSITORY / "dvc.yaml", workspace)
    (workspace / ".dvc").mkdir()
    (workspace / "data/documents").mkdir(parents=True)
    for file in repairs.WRITTEN_BY_PEOPLE:
        (workspace / file).touch()
    return workspace


def without(text: str, *keys: str) -> str:
    """params.yaml without the lines of these keys."""
    return "".join(line for line in text.splitlines(True) if line.partition(":")[0].strip() not in keys)


def test_nothing_is_mended_where_nothing_is_missing(repository: Path) -> None:
    before = (repository / "params.yaml").read_bytes()
    assert list(mend()) == []
    assert (repository / "params.yaml").read_bytes() == before


def test_missing_folders_and_files_are_made(repository: Path) -> None:
    shutil.rmtree(repository / "data")
    assert len(list(mend())) == 4
    assert (repository / "data/documents").is_dir()
    assert (repository / "data/review.jsonl").read_text() == ""
    assert list(repairs.repairs()) == []


def test_missing_keys_come_back_with_their_comments_and_own_values_stay(repository: Path) -> None:
    file = repository / "params.yaml"
    whole = file.read_text(encoding="utf-8")
    file.write_text(without(whole, "warmup_share", "output").replace("rank: 32", "rank: 7"), encoding="utf-8")
    assert list(mend()) == ["params.yaml lacks teacher.price.output, train.warmup_share"]
    after = file.read_text(encoding="utf-8")
    assert yaml.safe_load(after) == yaml.safe_load(whole.replace("rank: 32", "rank: 7"))
    assert "warmup_share: 0.05 # of all steps" in after
    assert list(repairs.repairs()) == []


def test_a_missing_section_comes_back(repository: Path) -> None:
    file = repository / "params.yaml"
    whole = file.read_text(encoding="utf-8")
    file.write_text(
        whole.replace(whole[whole.index("export:") : whole.index("quantize:")], ""), encoding="utf-8"
    )
    assert list(mend()) == ["params.yaml lacks export"]
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == yaml.safe_load(whole)


def test_defaults_are_found_in_git_where_the_installation_has_none(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairs.template, "CODE", repository / "nowhere")
    file = repository / "params.yaml"
    whole = file.read_text(encoding="utf-8")
    lacking = without(whole, "warmup_share")
    who = ("-c", "user.name=a", "-c", "user.email=a@localhost")
    subprocess.run(["git", "init", "-q"], check=True)
    for text in (whole, lacking):  # as when an upgrade was merged and one's own file kept
        file.write_text(text, encoding="utf-8")
        subprocess.run(["git", "add", "params.yaml"], check=True)
        subprocess.run(["git", *who, "commit", "-q", "-m", "Change"], check=True)
    assert list(mend()) == ["params.yaml lacks train.warmup_share"]
    assert yaml.safe_load(file.read_text(encoding="utf-8")) == yaml.safe_load(whole)


def test_where_no_version_has_the_keys_the_error_says_so(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repairs.template, "CODE", repository / "nowhere")
    file = repository / "params.yaml"
    file.write_text(without(file.read_text(encoding="utf-8"), "warmup_share"), encoding="utf-8")
    with pytest.raises(UserError, match="no earlier params"):
        list(mend())


def test_a_lost_dvc_folder_is_made_again(repository: Path) -> None:
    (repository / ".dvc").rmdir()
    subprocess.run(["git", "init", "-q"], check=True)
    assert list(mend()) == ["there is no .dvc folder"]
    assert (repository / ".dvc/config").is_file()


def test_a_cache_that_cannot_be_made_is_named_with_another_place(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repository / "file").write_text("")
    monkeypatch.setenv("SLM_FACTORY_CACHE", str(repository / "file"))
    (finding,) = check_cache()
    assert finding.state == "fail"
    assert "SLM_FACTORY_CACHE" in finding.fix
    assert json.dumps(finding.text)
