"""The settings of training in params.yaml."""

from typing import Annotated, Literal

from pydantic import Field

from slm_factory.core.params import Settings


class TrainSettings(Settings):
    """`train:` in params.yaml."""

    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    rslora: bool
    dora: bool
    qlora: bool
    learning_rate: Annotated[float, Field(gt=0)] | Literal["auto"]
    epochs: Annotated[int, Field(ge=1)] | Literal["auto"]
    batch_size: int = Field(ge=1)
    max_length: int = Field(ge=16)
    packing: bool | Literal["auto"]
    prompt_loss_weight: float = Field(ge=0, le=1)
    neftune_alpha: float = Field(ge=0)
    warmup_share: float = Field(ge=0, lt=1)
    patience: int = Field(ge=1)
    gradient_checkpointing: bool
    liger: Literal["auto", False]
    seed: int

    @property
    def scale(self) -> float:
        """What the product of the two LoRA matrices is multiplied by; rsLoRA: arXiv:2312.03732."""
        return self.alpha / (self.rank**0.5 if self.rslora else self.rank)
