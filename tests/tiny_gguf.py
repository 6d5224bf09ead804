"""A random language model of 100 thousand weights as a GGUF file, and a llama.cpp server on top of it."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

EMBEDDING, LAYERS, HEADS, KEY_VALUE_HEADS, HEAD, FEED_FORWARD = 64, 2, 2, 1, 32, 96
CONTROL_TOKENS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}<|im_start|>assistant\n"
)


def byte_alphabet() -> list[str]:
    """The 256 characters that stand for bytes in GPT-2's byte-level BPE, by byte."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [byte for byte in range(256) if byte not in printable]
    characters = {byte: chr(byte) for byte in printable} | {byte: chr(256 + i) for i, byte in enumerate(rest)}
    return [characters[byte] for byte in range(256)]


def write(path: Path, context: int = 16384) -> None:
    """Writes a random Qwen3 with one token per byte; a grammar makes JSON of its noise."""
    from gguf import GGUFWriter, TokenType

    tokens = CONTROL_TOKENS + byte_alphabet()
    writer = GGUFWriter(path, "qwen3")
    writer.add_context_length(context)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KEY_VALUE_HEADS)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types([TokenType.CONTROL] * len(CONTROL_TOKENS) + [TokenType.NORMAL] * 256)
    writer.add_token_merges(["t h"])  # llama.cpp wants one; its result is no token, so it is never used
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)
    for name, value in weights(len(tokens)).items():
        writer.add_tensor(name, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def weights(vocabulary: int) -> dict[str, np.ndarray]:
    """Every tensor of the model, random but for the norms; the output shares the embedding."""
    random = np.random.default_rng(0)
    shapes = {
        "attn_q": (HEADS * HEAD, EMBEDDING),
        "attn_k": (KEY_VALUE_HEADS * HEAD, EMBEDDING),
        "attn_v": (KEY_VALUE_HEADS * HEAD, EMBEDDING),
        "attn_output": (EMBEDDING, HEADS * HEAD),
        "ffn_gate": (FEED_FORWARD, EMBEDDING),
        "ffn_up": (FEED_FORWARD, EMBEDDING),
        "ffn_down": (EMBEDDING, FEED_FORWARD),
    }
    norms = {"attn_norm": EMBEDDING, "ffn_norm": EMBEDDING, "attn_q_norm": HEAD, "attn_k_norm": HEAD}
    tensors = {
        "token_embd": random.standard_normal((vocabulary, EMBEDDING)) * 0.05,
        "output_norm": np.ones(EMBEDDING),
    }
    for layer in range(LAYERS):
        for name, shape in shapes.items():
            tensors[f"blk.{layer}.{name}"] = random.standard_normal(shape) * 0.05
        for name, size in norms.items():
            tensors[f"blk.{layer}.{name}"] = np.ones(size)
    return {f"{name}.weight": value.astype(np.float32) for name, value in tensors.items()}


@contextmanager
def llama_server(model: Path, *, is_exact: bool = False) -> Iterator[str]:
    """A llama.cpp server in this process, on a free local port; yields its address, without /v1.

    `is_exact` computes attention in float32, where llama.cpp would round keys and values to float16.
    """
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = str(model)
    settings.n_ctx = 16384
    settings.n_parallel = 2
    settings.cpuparams.n_threads = 1
    settings.hostnames = ["127.0.0.1"]
    settings.port = 0
    settings.warmup = False
    settings.verbosity = 0
    if is_exact:
        settings.cache_type_k = settings.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
        settings.flash_attn_type = xllamacpp.llama_flash_attn_type.LLAMA_FLASH_ATTN_TYPE_DISABLED
    server = xllamacpp.Server(settings)
    try:
        yield server.listening_address
    finally:
        del server


def ask_server(address: str, route: str, body: dict[str, Any]) -> dict[str, Any]:
    """The server's reply to a request."""
    request = urllib.request.Request(
        address + route, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        return json.load(reply)
