"""`auto` gives the seed student what was found by trial, and others what is customary for their size."""

import pytest

from slm_factory.core import params
from slm_factory.training import automatic
from slm_factory.training.settings import TrainSettings
from tests.conftest import REPOSITORY

SEED = 6_819_840  # parameters of models/seed
SETTINGS = params.load("train", TrainSettings, REPOSITORY / "params.yaml")


def test_the_seed_student_gets_the_tuned_numbers() -> None:
    found = automatic.resolve(SETTINGS, SEED, 1146)
    assert (found.learning_rate, found.epochs) == (0.004, 10)


def test_numbers_stay_as_they_are() -> None:
    given = SETTINGS.model_copy(update={"learning_rate": 0.1, "epochs": 2})
    assert automatic.resolve(given, SEED, 1146) == given


@pytest.mark.parametrize(
    ("parameters", "rate", "epochs"),
    [(0.6e9, 6e-4, 6), (1.7e9, 4e-4, 6), (2.7e9, 3e-4, 6), (8e9, 2e-4, 5), (12e9, 2e-4, 5)],
)
def test_larger_students_learn_at_smaller_rates_and_in_fewer_epochs(
    parameters: float, rate: float, epochs: int
) -> None:
    assert automatic.learning_rate(int(parameters), 2.0) == rate
    assert automatic.epochs(int(parameters), 10_000, 32) == epochs


def test_a_larger_scale_means_a_smaller_rate() -> None:
    rslora = SETTINGS.model_copy(update={"rslora": True})
    assert rslora.scale == pytest.approx(64 / 32**0.5)
    assert automatic.learning_rate(SEED, rslora.scale) == 0.0007
    assert automatic.learning_rate(SEED, 1.0) == 0.008


@pytest.mark.parametrize(("rows", "epochs"), [(10, 30), (96, 30), (320, 10), (100_000, 10)])
def test_few_rows_are_seen_more_often(rows: int, epochs: int) -> None:
    assert automatic.epochs(SEED, rows, 32) == epochs
