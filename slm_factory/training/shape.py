"""What of a model's architecture decides the memory and time of training, read without its weights."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.student.model import first_line, quiet_transformers

# By model_type: how a layer differs from Llama's (two norms, none over queries and keys, a gated MLP).
FAMILIES: dict[str, dict[str, Any]] = {
    "exaone4": {"has_query_norm": True},
    "gemma3_text": {"has_query_norm": True, "norms": 4},
    "phi": {"is_gated": False, "norms": 1},
    "qwen3": {"has_query_norm": True},
}


@dataclass(frozen=True)
class Shape:
    """A causal decoder: widths in elements, one layer like the other."""

    layers: int
    hidden: int
    queries: int  # heads times their width
    keys: int  # key heads times their width; values are as wide
    feed_forward: int
    vocabulary: int
    is_tied: bool  # the head is the embedding
    is_gated: bool = True
    norms: int = 2  # in a layer
    has_query_norm: bool = False

    @property
    def linears(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of every linear module of a layer, which are those that LoRA adapts."""
        hidden, inner = self.hidden, self.feed_forward
        attention = [(hidden, self.queries), (hidden, self.keys), (hidden, self.keys), (self.queries, hidden)]
        return [*attention, *[(hidden, inner)] * (1 + self.is_gated), (inner, hidden)]

    @property
    def linear_parameters(self) -> int:
        """Weights of all linear modules, the head not among them."""
        return self.layers * sum(inputs * outputs for inputs, outputs in self.linears)

    @property
    def embedding_parameters(self) -> int:
        """Weights of embedding and head."""
        return self.vocabulary * self.hidden * (1 if self.is_tied else 2)

    @property
    def parameters(self) -> int:
        """All weights but norms and biases, which are less than a thousandth."""
        return self.linear_parameters + self.embedding_parameters

    def adapter_parameters(self, rank: int) -> int:
        """Weights of LoRA on all linear modules (Hu et al. 2021): rank x (inputs + outputs) each."""
        return self.layers * rank * sum(inputs + outputs for inputs, outputs in self.linears)


def read(place: Path, *, trust_remote_code: bool = False) -> Shape:
    """The shape of the model in the folder `place`, by its config.json alone, without weights.

    Raises:
        UserError: it cannot be read, or is no decoder of like layers (a mixture of experts is none).
    """
    quiet_transformers()
    from transformers import AutoConfig

    hint = "hint: training itself needs no estimate; try a few steps with train.epochs 1"
    try:
        config = AutoConfig.from_pretrained(place, local_files_only=True, trust_remote_code=trust_remote_code)
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise UserError(f"error: {place}/config.json cannot be read: {first_line(error)}", hint) from error
    try:
        return of(config.get_text_config())
    except AttributeError as error:
        raise UserError(f"error: no estimate for {config.model_type}: {first_line(error)}", hint) from error


def of(config: Any) -> Shape:
    """The shape that a transformers configuration of a text model has.

    Raises:
        AttributeError: it lacks a width, or its layers are mixtures of experts.
    """
    if getattr(config, "num_experts", None) or getattr(config, "num_local_experts", None):
        raise AttributeError("a mixture of experts")
    heads = config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // heads
    return Shape(
        layers=config.num_hidden_layers,
        hidden=config.hidden_size,
        queries=heads * width,
        keys=(getattr(config, "num_key_value_heads", None) or heads) * width,
        feed_forward=config.intermediate_size,
        vocabulary=config.vocab_size,
        is_tied=bool(config.tie_word_embeddings),
        **FAMILIES.get(config.model_type, {}),
    )
