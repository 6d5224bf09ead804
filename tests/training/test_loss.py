"""The loss is that of transformers over what is learned, whatever is left out of the work."""

from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import params
from slm_factory.student import model
from slm_factory.student.chat import IGNORED
from slm_factory.training.batches import prompt_labels
from slm_factory.training.settings import TrainSettings
from slm_factory.training.trainer import load_base, make_trainer
from tests import tiny_student
from tests.conftest import set_params

ROW = {"input_ids": [5, 6, 7, 8], "labels": [IGNORED, IGNORED, 7, 8]}
ROWS = [
    ROW,
    {"input_ids": list(range(20, 33)), "labels": [IGNORED] * 4 + [24, 25] + [IGNORED] * 4 + [30, 31, 32]},
    {"input_ids": list(range(40, 49)), "labels": [IGNORED] * 8 + [48]},
]


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_student.make(tmp_path_factory.mktemp("student"), steps=20)


def trainer(workspace: Path, student: Path, **changes: Any) -> Any:
    set_params(workspace, **{f"train.{key}": value for key, value in changes.items()})
    settings = params.load("train", TrainSettings)
    rows = {"train": [dict(row) for row in ROWS], "valid": [ROW]}
    base = load_base(settings, student)
    tokenizer = model.load_tokenizer(student)
    return make_trainer(settings, base, tokenizer, rows, workspace / "checkpoints", workspace / "curves")


def losses(network: Any, row: dict[str, list[int]]) -> list[float]:
    """The loss of each token but the first, from the whole logits."""
    import torch

    ids = torch.tensor([row["input_ids"]])
    with torch.no_grad():
        logits = network(input_ids=ids).logits[0, :-1]
    return torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="none").tolist()


def expected(network: Any, prompt_weight: float) -> float:
    """The mean loss of all rows, each token by its weight."""
    found, weights = [], []
    for row in ROWS:
        found += losses(network, row)
        weights += [prompt_weight if label == IGNORED else 1.0 for label in row["labels"][1:]]
    return sum(a * b for a, b in zip(found, weights, strict=True)) / sum(weights)


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("packing", [False, True])
def test_tokens_of_prompts_count_by_their_weight_in_training_and_never_in_the_valid_loss(
    workspace: Path, student: Path, weight: float, packing: bool
) -> None:
    made = trainer(workspace, student, prompt_loss_weight=weight, packing=packing, max_length=64)
    network = made.model
    batch = made.data_collator(list(made.train_dataset))
    assert ("position_ids" in batch) is packing
    count = made._get_num_items_in_batch([batch], made.args.device)
    network.train()
    assert made.compute_loss(network, dict(batch)).item() == pytest.approx(
        expected(network, weight), rel=1e-4
    )
    counted = made.compute_loss(network, dict(batch), num_items_in_batch=count)
    assert counted.item() == pytest.approx(expected(network, weight), rel=1e-4)
    network.eval()
    assert made.compute_loss(network, dict(batch)).item() == pytest.approx(expected(network, 0.0), rel=1e-4)


def test_only_what_is_learned_reaches_the_head(workspace: Path, student: Path) -> None:
    made = trainer(workspace, student)
    batch = made.data_collator(ROWS)
    _, outputs = made.compute_loss(made.model, dict(batch), return_outputs=True)
    assert tuple(outputs.logits.shape[:-1]) == (2 + 5 + 1,)
    assert made.model(input_ids=batch["input_ids"]).logits.shape[:2] == (3, 13)  # and the hook is gone


def test_no_row_begins_with_a_token_to_foretell() -> None:
    assert prompt_labels(ROW) == [IGNORED, 6, IGNORED, IGNORED]
    packed = {key: values * 2 for key, values in ROW.items()} | {"seq_lengths": [4, 4]}
    assert prompt_labels(packed) == [IGNORED, 6, IGNORED, IGNORED] * 2


def test_noise_is_put_on_embeddings_in_training(workspace: Path, student: Path) -> None:
    assert trainer(workspace, student).args.neftune_noise_alpha is None
    assert trainer(workspace, student, neftune_alpha=5.0).args.neftune_noise_alpha == 5.0
