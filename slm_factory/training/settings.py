"""The settings of training in params.yaml."""

from pydantic import Field

from slm_factory.core.params import Settings


class TrainSettings(Settings):
    """`train:` in params.yaml."""

    rank: int = Field(ge=1)
    alpha: int = Field(ge=1)
    dropout: float = Field(ge=0, lt=1)
    learning_rate: float = Field(gt=0)
    epochs: int = Field(ge=1)
    batch_size: int = Field(ge=1)
    max_length: int = Field(ge=16)
    warmup_share: float = Field(ge=0, lt=1)
    patience: int = Field(ge=1)
    gradient_checkpointing: bool
    seed: int
