"""QLoRA: the frozen base in 4 bits while the adapter is trained (arXiv:2305.14314)."""

from importlib.util import find_spec
from typing import Any

from slm_factory.core.errors import UserError, missing_extra
from slm_factory.student import model
from slm_factory.training.settings import TrainSettings


def check(settings: TrainSettings) -> None:
    """Nothing, where `train.qlora` is off or can be.

    Raises:
        UserError: it is on and there is no CUDA GPU, or bitsandbytes is not installed.
    """
    if not settings.qlora:
        return
    if model.find_device() != "cuda":
        raise UserError(
            "error: train.qlora needs a CUDA GPU, and there is none here",
            "hint: set train.qlora to false, or run this on a machine with a GPU",
        )
    if find_spec("bitsandbytes") is None:
        raise missing_extra("bitsandbytes", "qlora")


def nf4(dtype: Any) -> Any:
    """Weights as 4-bit NormalFloat with doubly quantised constants, computed with in `dtype`."""
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=dtype,
    )
