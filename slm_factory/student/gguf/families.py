"""How llama.cpp knows the architectures of transformers: names, hyperparameters, rearranged tensors.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; the rest is what the graphs of llama.cpp
(src/models) compute, held against transformers by tests/student/test_families.py.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError

HINT = "hint: choose another student, or set quantize.llama_cpp to a checkout of llama.cpp"
Config = dict[str, Any]


@dataclass(frozen=True)
class Family:
    """How llama.cpp knows one transformers architecture."""

    name: str  # general.architecture
    architecture: str  # member of gguf.MODEL_ARCH
    is_rope_interleaved: bool = False  # llama.cpp turns neighbours, transformers halves: q and k change order
    is_norm_shifted: bool = False  # transformers stores the norm's weight less one
    has_window: bool = False  # llama.cpp computes its sliding windows


FAMILIES = {
    "Qwen2ForCausalLM": Family("qwen2", "QWEN2"),
    "Qwen3ForCausalLM": Family("qwen3", "QWEN3"),
    "LlamaForCausalLM": Family("llama", "LLAMA", is_rope_interleaved=True),
    "MistralForCausalLM": Family("llama", "LLAMA", is_rope_interleaved=True),
    "Gemma3ForCausalLM": Family("gemma3", "GEMMA3", is_norm_shifted=True, has_window=True),
    "PhiForCausalLM": Family("phi2", "PHI2"),
    "Exaone4ForCausalLM": Family("exaone4", "EXAONE4"),
}
FAMILIES["Gemma3ForConditionalGeneration"] = FAMILIES["Gemma3ForCausalLM"]  # its text part
GEMMA_PATTERN = 6  # llama.cpp takes every sixth layer of Gemma 3 to see the whole context


def check(config: Config) -> None:
    """Nothing; a model that llama.cpp would compute otherwise ends here.

    Raises:
        UserError: an unknown family, or windows, rope scaling or attention scale that GGUF cannot express.
    """
    family = FAMILIES.get(config["architectures"][0])
    if family is None:
        raise UserError(f"error: {config['architectures'][0]} cannot be converted to GGUF here", HINT)
    rope = rope_parameters(config)
    if rope["rope_type"] not in ("default", "linear", "llama3", "yarn"):
        raise UserError(f"error: rope scaling {rope['rope_type']} cannot be converted to GGUF here", HINT)
    strange = {"mscale", "mscale_all_dim", "beta_fast", "beta_slow", "attention_factor"} & rope.keys()
    if rope["rope_type"] == "yarn" and any(rope[name] is not None for name in strange):
        raise UserError(f"error: yarn with {', '.join(sorted(strange))} cannot be converted here", HINT)
    if family.name == "exaone4" and config.get("sliding_window"):
        raise UserError("error: EXAONE 4 with sliding windows cannot be converted to GGUF here", HINT)
    if family.name == "gemma3":
        layers = config.get("layer_types") or []
        if any(
            (kind == "full_attention") != ((at + 1) % GEMMA_PATTERN == 0) for at, kind in enumerate(layers)
        ):
            raise UserError("error: Gemma 3 with another pattern of layers cannot be converted here", HINT)
        if config["query_pre_attn_scalar"] not in (head_size(config), gemma_27b_scalar(config)):
            raise UserError("error: Gemma 3 with another attention scale cannot be converted here", HINT)


def gemma_27b_scalar(config: Config) -> int | None:
    """The attention scale that llama.cpp knows the largest Gemma 3 by: that of 62 layers."""
    is_largest = config["num_hidden_layers"] == 62
    return config["hidden_size"] // config["num_attention_heads"] if is_largest else None


def head_size(config: Config) -> int:
    """Numbers in one attention head."""
    return int(config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"])


def rope_parameters(config: Config) -> Config:
    """The position encoding of the layers that see the whole context, as transformers 4 or 5 write it."""
    rope: Config = config.get("rope_parameters") or {
        "rope_theta": config.get("rope_theta"),
        **(config.get("rope_scaling") or {}),
    }
    rope = dict(rope.get("full_attention") or rope)
    return {"rope_type": rope.get("type", "default"), **rope}


def add_dimensions(writer: Any, config: Config) -> None:
    """Adds the hyperparameters that llama.cpp builds the network from."""
    family = FAMILIES[config["architectures"][0]]
    heads = config["num_attention_heads"]
    window = config.get("sliding_window") if config.get("use_sliding_window", True) else None
    context = config["max_position_embeddings"]
    # Where llama.cpp computes no window, a longer context would be answered otherwise than here.
    writer.add_context_length(min(context, window) if window and not family.has_window else context)
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads") or heads)
    writer.add_key_length(head_size(config))
    writer.add_value_length(head_size(config))
    if "layer_norm_eps" in config:
        writer.add_layer_norm_eps(config["layer_norm_eps"])
    else:
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    add_rope(writer, config)
    if family.has_window:
        writer.add_sliding_window(window)
    writer.add_vocab_size(config["vocab_size"])


def add_rope(writer: Any, config: Config) -> None:
    """Adds the position encoding: base, share of each head, scaling."""
    import gguf

    rope = rope_parameters(config)
    writer.add_rope_freq_base(float(rope.get("rope_theta") or 10000.0))
    local = (config.get("rope_parameters") or {}).get("sliding_attention") or {}
    local_base = local.get("rope_theta") or config.get("rope_local_base_freq")
    if local_base:
        writer.add_rope_freq_base_swa(float(local_base))
    share = rope.get("partial_rotary_factor") or config.get("partial_rotary_factor")
    if share:
        writer.add_rope_dimension_count(int(share * head_size(config)))
    kind = rope["rope_type"]
    if kind in ("linear", "yarn"):
        writer.add_rope_scaling_type(gguf.RopeScalingType(kind))
        writer.add_rope_scaling_factor(float(rope["factor"]))
    if kind == "yarn":
        original = rope.get("original_max_position_embeddings") or config["max_position_embeddings"]
        writer.add_rope_scaling_orig_ctx_len(original)


def rope_factors(config: Config) -> Any:
    """What llama.cpp divides each frequency by, (head / 2,) float32: Llama 3.1's scaling; None for others.

    Long waves are stretched by `factor`, short ones are kept, those between blend
    (https://arxiv.org/abs/2407.21783, as in transformers' modeling_rope_utils).
    """
    import numpy as np

    rope = rope_parameters(config)
    if rope["rope_type"] != "llama3":
        return None
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    size = head_size(config)
    waves = 2 * math.pi * float(rope["rope_theta"]) ** (np.arange(0, size, 2) / size)
    blend = (rope["original_max_position_embeddings"] / waves - low) / (high - low)
    blend = np.clip(blend, 0.0, 1.0)  # 0 for the longest waves, 1 for the shortest
    return (1 / ((1 - blend) / factor + blend)).astype(np.float32)


def shapes(model: Path, config: Config) -> Iterator[tuple[str, tuple[int, ...]]]:
    """(transformers' name, shape) of every weight, in the order of `tensors`; none is loaded."""
    for name, opened, stored_name in stored(model, config):
        yield name, tuple(opened.get_slice(stored_name).get_shape())


def tensors(model: Path, config: Config) -> Iterator[Any]:
    """Every weight, a float32 array, one at a time, arranged as llama.cpp wants it."""
    family = FAMILIES[config["architectures"][0]]
    for name, opened, stored_name in stored(model, config):
        yield arranged(name, opened.get_tensor(stored_name).float().numpy(), family, config)


def stored(model: Path, config: Config) -> Iterator[tuple[str, Any, str]]:
    """(transformers' name, open file, name in the file) of every weight that a GGUF holds."""
    from safetensors import safe_open

    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            for name in sorted(opened.keys()):
                text_name = name_in_text_part(name)
                if text_name is None or (text_name == "lm_head.weight" and config.get("tie_word_embeddings")):
                    continue
                yield text_name, opened, name


def name_in_text_part(name: str) -> str | None:
    """The name of a tensor in a model of text alone; None for what reads images."""
    if "vision_tower." in name or "multi_modal_projector." in name:
        return None
    for prefix in ("model.language_model.", "language_model.model."):
        if name.startswith(prefix):
            return "model." + name.removeprefix(prefix)
    return name.removeprefix("language_model.")


def arranged(name: str, value: Any, family: Family, config: Config) -> Any:
    """One tensor as llama.cpp's graph of the family wants it."""
    if family.is_norm_shifted and name.endswith("norm.weight"):
        return value + 1
    if family.is_rope_interleaved and ".q_proj." in name:
        return interleaved(value, config["num_attention_heads"])
    if family.is_rope_interleaved and ".k_proj." in name:
        return interleaved(value, config.get("num_key_value_heads") or config["num_attention_heads"])
    return value


def interleaved(value: Any, heads: int) -> Any:
    """Rows of each head reordered: first and second half, which turn together, become neighbours."""
    rows, *rest = value.shape
    halves = value.reshape(heads, 2, rows // heads // 2, *rest)
    return halves.swapaxes(1, 2).reshape(value.shape)
