"""Likeness is 1 for the same, 0 for nothing in common; a model is read from its folder without the
network."""

import sys
from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.grounding import similarity
from tests.tiny_embeddings import write_tiny_embeddings


def test_character_similarity_is_one_for_the_same_and_less_for_less() -> None:
    measure = similarity.load("")
    same, near, far = measure.between(
        ["복구 시간은 30분", "복구 시간은 30분", "복구 시간은 30분"],
        ["복구시간은 30분.", "복구 시간은 45분", "The owner is Nadia"],
    )
    assert same > 0.99 > near > 0.4 > far
    assert far == 0


def test_a_folder_of_a_model_gives_cosines(tmp_path: Path) -> None:
    write_tiny_embeddings(tmp_path)
    measure = similarity.load(str(tmp_path))
    same, other = measure.between(["alpha beta", "alpha beta"], ["alpha beta", "gamma delta"])
    assert same == pytest.approx(1, abs=1e-4)
    assert 0 <= other <= 1
    assert measure.between([], []) == []


def test_a_missing_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(UserError) as raised:
        similarity.load("some/model")
    assert "[embeddings]" in raised.value.hint
