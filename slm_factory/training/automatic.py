"""Learning rate and epochs where params.yaml says `auto`."""

import math

from slm_factory.training.settings import TrainSettings

SEED_PARAMETERS = 7e6  # of the seed student, on which 0.004 and 10 epochs were found by trial
LARGE_PARAMETERS = 7e9
LARGE_RATE = 2e-4  # for 7 to 13 billion parameters: QLoRA (arXiv:2305.14314), appendix B
RATE_POWER = 0.43  # from (7e9, 0.0002) to (7e6, 0.004)
USUAL_SCALE = 2.0  # alpha / rank, at which both were found
SEED_EPOCHS, EPOCHS_POWER = 10, 0.1  # from (7e6, 10) to (7e9, 5)
FEWEST_STEPS, MOST_EPOCHS = 100, 30


def learning_rate(parameters: int, scale: float) -> float:
    """The peak learning rate for a model of `parameters`, whose adapter is multiplied by `scale`.

    A power law through the rate that was found for the seed student and the one that is customary for 7
    billion parameters. The larger the scale, the smaller the steps that move the weights as far. One digit:
    more the rule does not know.
    """
    rate = LARGE_RATE * (LARGE_PARAMETERS / parameters) ** RATE_POWER * USUAL_SCALE / scale
    return float(f"{rate:.0e}")


def epochs(parameters: int, rows: int, batch_size: int) -> int:
    """How often all `rows` are seen at most; early stopping may end sooner.

    A fact has to be met often however many others there are, by a small model more often than by a large one
    (arXiv:2205.10770), so the number falls with the model's size and not with the rows; where rows are few it
    rises, since an adapter that makes fewer than a hundred steps has learned nothing.
    """
    passes = round(SEED_EPOCHS * (SEED_PARAMETERS / parameters) ** EPOCHS_POWER)
    needed = math.ceil(FEWEST_STEPS / math.ceil(rows / batch_size))
    return max(1, min(MOST_EPOCHS, max(passes, needed)))


def resolve(settings: TrainSettings, parameters: int, rows: int) -> TrainSettings:
    """The settings with numbers in place of `auto`, for a model of `parameters` and `rows` to train on."""
    found: dict[str, float] = {}
    if settings.learning_rate == "auto":
        found["learning_rate"] = learning_rate(parameters, settings.scale)
    if settings.epochs == "auto":
        found["epochs"] = epochs(parameters, rows, settings.batch_size)
    return settings.model_copy(update=found)
