"""`slm-factory profile` writes a profile over params.yaml and loses neither comments nor other keys."""

import shutil
from pathlib import Path

import pytest
import yaml

from slm_factory.cli import profile
from slm_factory.core.errors import UserError
from tests.conftest import REPOSITORY

NAMES = sorted(file.stem for file in (REPOSITORY / "profiles").glob("*.yaml"))


@pytest.fixture
def repository(workspace: Path) -> Path:
    shutil.copy(REPOSITORY / "dvc.yaml", workspace)
    shutil.copytree(REPOSITORY / "profiles", workspace / "profiles")
    return workspace


def comments(file: Path) -> list[str]:
    return [line.partition("# ")[2] for line in file.read_text(encoding="utf-8").splitlines() if "# " in line]


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_changes_its_keys_and_nothing_else(repository: Path, name: str) -> None:
    file = repository / "params.yaml"
    before, before_comments = yaml.safe_load(file.read_text(encoding="utf-8")), comments(file)
    wanted = yaml.safe_load((repository / "profiles" / f"{name}.yaml").read_text(encoding="utf-8"))
    profile.profile(name)
    after = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert after == {section: {**keys, **wanted.get(section, {})} for section, keys in before.items()}
    assert after != before
    assert comments(file) == before_comments


def test_the_list_names_each_profile_with_what_it_is(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile.profile()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert all(len(line.split()) > 3 for line in lines)


def test_an_unknown_name_lists_the_known_ones(repository: Path) -> None:
    with pytest.raises(UserError, match="profiles are openai"):
        profile.profile("opneai")


def test_an_unknown_key_leaves_params_as_they_were(repository: Path) -> None:
    before = (repository / "params.yaml").read_bytes()
    (repository / "profiles" / "bad.yaml").write_text("train:\n  rank: 1\n  rnak: 4\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"train\.rnak"):
        profile.profile("bad")
    assert (repository / "params.yaml").read_bytes() == before
