"""Estimates before training, beside what transformers, PEFT and autograd really hold."""

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    Exaone4Config,
    Exaone4ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PhiConfig,
    PhiForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from slm_factory.core.errors import UserError
from slm_factory.training import estimate, shape
from slm_factory.training.estimate import Batch, Compute
from slm_factory.training.throughput import Throughput, measure
from tests import tiny_student

WIDTHS = {
    "hidden_size": 128,
    "intermediate_size": 384,
    "num_attention_heads": 4,
    "vocab_size": 512,
    "max_position_embeddings": 256,
}
FAMILIES: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "exaone4": (Exaone4Config, Exaone4ForCausalLM, {"num_key_value_heads": 2, "head_dim": 32}),
    "gemma3": (Gemma3TextConfig, Gemma3ForCausalLM, {"num_key_value_heads": 2, "head_dim": 48}),
    "llama": (LlamaConfig, LlamaForCausalLM, {"num_key_value_heads": 2, "tie_word_embeddings": False}),
    "phi": (PhiConfig, PhiForCausalLM, {}),
    "qwen3": (Qwen3Config, Qwen3ForCausalLM, {"num_key_value_heads": 2, "head_dim": 32}),
}
RANK = 8


def network(family: str, layers: int) -> Any:
    config, model, own = FAMILIES[family]
    return model(config(num_hidden_layers=layers, **WIDTHS, **own))


@pytest.mark.parametrize("family", FAMILIES)
def test_weights_and_adapter_are_counted_as_they_are(family: str) -> None:
    model = network(family, 2)
    found = shape.of(model.config)
    assert found.parameters == pytest.approx(sum(p.numel() for p in model.parameters()), rel=0.01)
    adapted = get_peft_model(model, LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM", r=RANK))
    assert found.adapter_parameters(RANK) == adapted.num_parameters(only_trainable=True)


def kept_bytes(
    family: str, layers: int, rows: int, tokens: int, *, is_bfloat16: bool, checkpoint: bool
) -> int:
    """Bytes of the tensors that autograd keeps of a forward pass, weights not among them."""
    model = get_peft_model(
        network(family, layers),
        LoraConfig(target_modules="all-linear", task_type="CAUSAL_LM", r=RANK, lora_dropout=0.0),
    ).train()
    if checkpoint:
        model.enable_input_require_grads()
        model.gradient_checkpointing_enable({"use_reentrant": False})
    weights = {parameter.untyped_storage().data_ptr() for parameter in model.parameters()}
    kept: dict[int, Any] = {}

    def pack(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage  # held, so that no address comes twice
        return tensor

    ids = torch.ones(rows, tokens, dtype=torch.long)
    mask = torch.ones_like(ids)
    mask[0, tokens // 2 :] = 0
    with (
        torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        torch.autocast("cpu", dtype=torch.bfloat16, enabled=is_bfloat16),
    ):
        model(input_ids=ids, attention_mask=mask, use_cache=False, logits_to_keep=1)
    return sum(storage.nbytes() for storage in kept.values())


@pytest.mark.parametrize("is_bfloat16", [False, True])
@pytest.mark.parametrize("family", FAMILIES)
def test_a_layer_keeps_what_autograd_keeps_within_a_tenth(family: str, is_bfloat16: bool) -> None:
    """What one more layer adds, frozen weights in float32."""
    two, three = (kept_bytes(family, n, 4, 64, is_bfloat16=is_bfloat16, checkpoint=False) for n in (2, 3))
    compute = Compute("cpu", "float32", is_bfloat16)
    batch = Batch(4, 64, 4)
    one = shape.of(network(family, 1).config)
    assert estimate.activations(one, batch, compute, RANK, False) == pytest.approx(three - two, rel=0.1)


def test_checkpointing_keeps_the_input_of_each_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    two, three = (kept_bytes("qwen3", n, 4, 64, is_bfloat16=False, checkpoint=True) for n in (2, 3))
    compute = Compute("cpu", "float32", False)
    sizes = [
        estimate.activations(shape.of(network("qwen3", n).config), Batch(4, 64, 4), compute, RANK, True)
        for n in (2, 3)
    ]
    assert sizes[1] - sizes[0] == pytest.approx(three - two, rel=0.05)


LARGE = shape.Shape(36, 4096, 4096, 1024, 12288, 151936, is_tied=False, has_query_norm=True)  # Qwen3-8B
BATCH = Batch(4, 1024, 1400)


def test_memory_falls_by_checkpointing_quantisation_and_shards() -> None:
    whole = estimate.memory(LARGE, BATCH, Compute("cuda", "bfloat16", True), rank=16)
    assert whole.weights == pytest.approx(16.4e9, rel=0.02)  # 8.2 billion parameters
    saved = estimate.memory(
        LARGE, BATCH, Compute("cuda", "bfloat16", True), rank=16, gradient_checkpointing=True
    )
    assert saved.activations < whole.activations / 10
    quantised = estimate.memory(LARGE, BATCH, Compute("cuda", "nf4", True), rank=16)
    assert quantised.weights < 0.4 * whole.weights
    sharded = estimate.memory(
        LARGE, BATCH, Compute("cuda", "bfloat16", True), rank=16, processes=4, is_sharded=True
    )
    assert sharded.weights < 0.3 * whole.weights and sharded.adapter == whole.adapter / 4
    copied = estimate.memory(LARGE, BATCH, Compute("cuda", "bfloat16", True), rank=16, processes=4)
    assert copied.weights == whole.weights and copied.adapter > whole.adapter


def test_a_step_takes_its_operations_at_the_measured_speed() -> None:
    """Four operations for each frozen weight and token, six with checkpointing, and little besides."""
    tokens = BATCH.rows * BATCH.tokens
    flops = estimate.step_flops(LARGE, BATCH, 16, False)
    assert flops == pytest.approx(4 * LARGE.linear_parameters * tokens, rel=0.15)
    assert estimate.step_flops(LARGE, BATCH, 16, True) > 1.4 * flops
    endless = Throughput(flops=1e12, bytes=1e30)
    seconds = estimate.step_seconds(LARGE, BATCH, Compute("cuda", "bfloat16", True), endless, rank=16)
    assert seconds == pytest.approx(flops / 1e12)


def test_the_speed_of_this_machine_is_measured() -> None:
    found = measure("cpu", torch.float32, is_bfloat16=False, tokens=32, inputs=64, outputs=128, rank=4)
    assert 1e6 < found.flops < 1e15 and 1e6 < found.bytes < 1e14


def test_rows_of_like_length_meet_in_a_batch() -> None:
    assert estimate.batches([(5, 1), (9, 3), (8, 2), (2, 1)], 2) == [Batch(2, 9, 5), Batch(2, 5, 2)]


def test_a_shape_is_read_without_weights(tmp_path: Path) -> None:
    place = tiny_student.make(tmp_path)
    (place / "model.safetensors").unlink()
    assert shape.read(place).layers == 2
    (place / "config.json").write_text('{"model_type": "gpt2"}')
    with pytest.raises(UserError, match="no estimate for gpt2"):
        shape.read(place)
    (place / "config.json").write_text("{")
    with pytest.raises(UserError, match="cannot be read"):
        shape.read(place)
