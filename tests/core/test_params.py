"""params.yaml: sections as frozen models; mistakes are named with the nearest right key."""

from pathlib import Path

import pytest
from pydantic import Field, ValidationError

from slm_factory.core import params
from slm_factory.core.errors import UserError


class Example(params.Settings):
    rank: int = Field(ge=1)
    learning_rate: float


def write(folder: Path, text: str) -> Path:
    file = folder / "params.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_section_is_read_as_its_model_and_cannot_be_changed(tmp_path: Path) -> None:
    loaded = params.load("train", Example, write(tmp_path, "train: {rank: 4, learning_rate: 0.1}"))
    assert (loaded.rank, loaded.learning_rate) == (4, 0.1)
    with pytest.raises(ValidationError):
        loaded.rank = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("text", "problem", "hint"),
    [
        (
            "train: {rnak: 4, rank: 4, learning_rate: 1}",
            "train.rnak: unknown key",
            "did you mean train.rank?",
        ),
        ("train: {learning_rat: 1, rank: 4}", "train.learning_rat: unknown key", "mean train.learning_rate?"),
        ("train: {rank: 0, learning_rate: 1}", "train.rank: Input should be greater", "keys of train:"),
        (
            "train: {rank: many, learning_rate: 1}",
            "train.rank: Input should be a valid integer",
            "keys of train:",
        ),
        ("train: {rank: 4}", "train.learning_rate: Field required", "keys of train:"),
        ("other: {}", "has no section 'train'", "git checkout"),
        ("train: [", "is not valid YAML", "git diff"),
        ("just text", "holds no sections", "git checkout"),
    ],
)
def test_a_mistake_is_two_lines_that_name_key_and_remedy(
    tmp_path: Path, text: str, problem: str, hint: str
) -> None:
    with pytest.raises(UserError) as caught:
        params.load("train", Example, write(tmp_path, text))
    assert problem in caught.value.problem
    assert hint in caught.value.hint
    assert "\n" not in caught.value.problem + caught.value.hint


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="root of the repository"):
        params.load("train", Example, tmp_path / "params.yaml")


def test_lines_are_read_as_models_and_empty_ones_skipped(tmp_path: Path) -> None:
    line = '{"rank": 4, "learning_rate": 1}'
    assert (
        params.load_lines(write(tmp_path, f"\n{line}\n\n{line}"), Example)
        == [Example(rank=4, learning_rate=1)] * 2
    )


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"rank": 0, "learning_rate": 1}', "line 3.rank: Input should be greater"),
        ('{"rank": 4, "learning_rate": 1, "x": 1}', "line 3.x: unknown key"),
        ("[1]", "line 3: Input should be an object"),
        ("{", "line 3: Invalid JSON"),
    ],
)
def test_a_line_that_does_not_fit_is_named(tmp_path: Path, line: str, problem: str) -> None:
    file = write(tmp_path, f'{{"rank": 4, "learning_rate": 1}}\n\n{line}\n')
    with pytest.raises(UserError) as caught:
        params.load_lines(file, Example)
    assert caught.value.problem.startswith(f"error: {file}: {problem}")
    assert caught.value.hint == f"hint: mend line 3 of {file}"


def test_missing_lines_say_how_to_get_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a\.jsonl does not exist\nhint: git checkout"):
        params.load_lines(tmp_path / "a.jsonl", Example)
