"""`slm-factory profile` writes a profile over params.yaml and loses neither comments nor other keys."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from slm_factory.cli import check, profile
from slm_factory.core import params
from slm_factory.core.errors import UserError
from slm_factory.teachers.room import chunk_room
from slm_factory.teachers.teacher import TeacherSettings
from stages import chunk
from tests.conftest import REPOSITORY

NAMES = sorted(file.stem for file in (REPOSITORY / "profiles").glob("*.yaml"))


@pytest.fixture
def repository(workspace: Path) -> Path:
    shutil.copy(REPOSITORY / "dvc.yaml", workspace)
    shutil.copytree(REPOSITORY / "profiles", workspace / "profiles")
    return workspace


def comments(file: Path) -> list[str]:
    return [line.partition("# ")[2] for line in file.read_text(encoding="utf-8").splitlines() if "# " in line]


def merged(values: Any, changes: Any) -> Any:
    """`values` with the leaves of `changes` in their places."""
    if not isinstance(changes, dict):
        return changes
    assert changes.keys() <= values.keys()
    return {key: merged(value, changes[key]) if key in changes else value for key, value in values.items()}


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_changes_its_keys_and_nothing_else(repository: Path, name: str) -> None:
    file = repository / "params.yaml"
    before, before_comments = yaml.safe_load(file.read_text(encoding="utf-8")), comments(file)
    wanted = yaml.safe_load((repository / "profiles" / f"{name}.yaml").read_text(encoding="utf-8"))
    profile.profile(name)
    after = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert after == merged(before, wanted)
    assert after != before or name in ("builtin", "korean", "seed")  # which is how params.yaml comes
    assert comments(file) == before_comments


def test_the_list_names_each_profile_with_what_it_is(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    profile.profile()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == NAMES
    assert all(len(line.split()) > 3 for line in lines)


def test_an_unknown_name_lists_the_known_ones(repository: Path) -> None:
    with pytest.raises(UserError, match=r"profiles are .*openai"):
        profile.profile("opneai")


def test_an_unknown_key_leaves_params_as_they_were(repository: Path) -> None:
    before = (repository / "params.yaml").read_bytes()
    (repository / "profiles" / "bad.yaml").write_text("train:\n  rank: 1\n  rnak: 4\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"train\.rnak"):
        profile.profile("bad")
    assert (repository / "params.yaml").read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_profile_makes_valid_params_whose_chunks_fit_its_teacher(repository: Path, name: str) -> None:
    profile.profile(name)
    for section in params.read():
        model = check.settings_of(section)
        assert model is not None
        params.load(section, model)
    teacher = params.load("teacher", TeacherSettings)
    assert chunk_room(teacher, REPOSITORY / "prompts") >= params.load("chunk", chunk.Params).max_tokens


@pytest.mark.parametrize("name", NAMES)
def test_a_paid_teacher_has_a_price_and_a_budget(repository: Path, name: str) -> None:
    profile.profile(name)
    teacher = params.load("teacher", TeacherSettings)
    prices = (teacher.price.input, teacher.price.output, teacher.budget.money)
    assert all(prices) if name in ("openai", "anthropic") else not any(prices)


def test_a_profile_that_nests_wrongly_leaves_params_as_they_were(repository: Path) -> None:
    before = (repository / "params.yaml").read_bytes()
    (repository / "profiles" / "bad.yaml").write_text("teacher:\n  price:\n    inptu: 1\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"teacher\.price\.inptu"):
        profile.profile("bad")
    assert (repository / "params.yaml").read_bytes() == before


def test_broken_params_are_named_and_stay_as_they_were(repository: Path) -> None:
    (repository / "params.yaml").write_text("garbage: [1,\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"params\.yaml is not valid YAML.*\nhint: git diff params\.yaml"):
        profile.profile(NAMES[0])
    assert (repository / "params.yaml").read_text() == "garbage: [1,\n"


def test_one_teacher_follows_another_and_leaves_nothing_behind(repository: Path) -> None:
    """The price and the budget of a paid teacher must not stop a free one."""
    profiles = [yaml.safe_load(file.read_text(encoding="utf-8")) for file in Path("profiles").glob("*.yaml")]
    keys = [
        {*leaves(content["teacher"])} - {"keep_alive_seconds"} for content in profiles if "teacher" in content
    ]
    assert len(keys) == 8 and all(names == keys[0] for names in keys)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in ("english", "korean")])
def test_builtin_and_seed_lead_back_from_any_other(repository: Path, name: str) -> None:
    before = params.read()
    profile.profile(name)
    profile.profile("builtin")
    profile.profile("seed")
    assert params.read() == before


def leaves(values: dict[str, Any], path: str = "") -> Iterator[str]:
    """The dotted names of all values."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}"
