"""What the profiles say of memory is what the estimate says, for the architecture that each names."""

import re
from typing import Any

import pytest
import yaml

from slm_factory.training.estimate import Batch, Compute, memory
from slm_factory.training.plan import ANSWER_SHARE
from slm_factory.training.shape import Shape
from tests.conftest import REPOSITORY

# As config.json of each model on the hub has it: layers, hidden, queries, keys, feed-forward, vocabulary.
SHAPES = {
    "exaone-4.0-1.2b": Shape(30, 2048, 2048, 512, 4096, 102_400, is_tied=True, has_query_norm=True),
    "gemma-3-12b": Shape(48, 3840, 4096, 2048, 15_360, 262_208, is_tied=True, norms=4, has_query_norm=True),
    "phi-2": Shape(32, 2560, 2560, 2560, 10_240, 51_200, is_tied=False, is_gated=False, norms=1),
    "qwen3-0.6b": Shape(28, 1024, 2048, 1024, 3072, 151_936, is_tied=True, has_query_norm=True),
    "qwen3-1.7b": Shape(28, 2048, 2048, 1024, 6144, 151_936, is_tied=True, has_query_norm=True),
    "qwen3-4b": Shape(36, 2560, 4096, 1024, 9728, 151_936, is_tied=True, has_query_norm=True),
    "qwen3-8b": Shape(36, 4096, 4096, 1024, 12_288, 151_936, is_tied=False, has_query_norm=True),
}
BILLIONS = {"exaone-4.0-1.2b": 1.28, "gemma-3-12b": 11.8, "phi-2": 2.78, "qwen3-8b": 8.19}


def gigabytes(shape: Shape, train: dict[str, Any], *, gradient_checkpointing: bool) -> float:
    """Estimated for a step whose rows are all of `max_length`, on a GPU."""
    rows, tokens = train["batch_size"], train["max_length"]
    batch = Batch(rows, tokens, round(rows * tokens * ANSWER_SHARE))
    compute = Compute("cuda", "bfloat16", True)
    found = memory(shape, batch, compute, rank=train["rank"], gradient_checkpointing=gradient_checkpointing)
    return found.total / 1e9


@pytest.mark.parametrize("name", SHAPES)
def test_the_memory_that_a_profile_tells_is_the_estimate(name: str) -> None:
    text = (REPOSITORY / f"profiles/{name}.yaml").read_text(encoding="utf-8")
    train = yaml.safe_load(text)["train"]
    assert train["gradient_checkpointing"] is True
    told = re.search(r"about (\d+) GB of (GPU )?memory in training", text.replace("\n#", ""))
    without = re.search(r"without it about (\d+) GB", text)
    fits = re.search(r"batch_size: \d+ # fits (\d+) GB", text)
    assert told and without and fits
    needed = gigabytes(SHAPES[name], train, gradient_checkpointing=True)
    assert int(told[1]) == pytest.approx(needed, rel=0.1)
    assert needed < int(fits[1]) * 1.0737  # a card of 24 GB has GiB
    whole = gigabytes(SHAPES[name], train, gradient_checkpointing=False)
    assert int(without[1]) == pytest.approx(whole, rel=0.1)


@pytest.mark.parametrize("name", BILLIONS)
def test_the_shapes_have_as_many_weights_as_the_models(name: str) -> None:
    assert SHAPES[name].parameters == pytest.approx(BILLIONS[name] * 1e9, rel=0.01)


def test_every_profile_of_a_student_is_looked_at() -> None:
    files = (REPOSITORY / "profiles").glob("*.yaml")
    students = {
        file.stem
        for file in files
        if "model" in yaml.safe_load(file.read_text(encoding="utf-8")).get("student", {})
    }
    assert students - {"seed"} == SHAPES.keys()
