"""Writes a merged student as GGUF, the file that llama.cpp and Ollama serve.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; the `gguf` package writes it and quantises.
"""

import json
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.core.files import replacing
from slm_factory.student.chat import CHATML, TURN_END, TURN_START

# Type in params.yaml -> (LlamaFileType, GGMLQuantizationType) by name. K-quants need llama.cpp's quantiser.
TYPES = {
    "f32": ("ALL_F32", "F32"),
    "f16": ("MOSTLY_F16", "F16"),
    "bf16": ("MOSTLY_BF16", "BF16"),
    "q8_0": ("MOSTLY_Q8_0", "Q8_0"),
    "q5_1": ("MOSTLY_Q5_1", "Q5_1"),
    "q5_0": ("MOSTLY_Q5_0", "Q5_0"),
    "q4_1": ("MOSTLY_Q4_1", "Q4_1"),
    "q4_0": ("MOSTLY_Q4_0", "Q4_0"),
}
# The regular expression that splits text before BPE -> its name in llama.cpp (src/llama-vocab.cpp).
PRE_TOKENIZERS = {
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+": "qwen2"
}


@dataclass(frozen=True)
class Family:
    """How llama.cpp knows one transformers architecture."""

    name: str  # general.architecture
    architecture: str  # member of gguf.MODEL_ARCH


# Only architectures whose tensors need no rearrangement stand here; another one is an entry and a test.
FAMILIES = {"Qwen3ForCausalLM": Family("qwen3", "QWEN3")}


def check(model: Path, types: Sequence[str]) -> None:
    """Nothing; a request that cannot be fulfilled ends here, before any work.

    Raises:
        UserError: an unknown type, architecture, tokenizer, rope scaling, or chat form.
    """
    for name in types:
        if name not in TYPES:
            raise UserError(
                f"error: quantize.types: {name} cannot be made here",
                f"hint: choose from {', '.join(TYPES)}; ollama create -q makes K-quants from f16",
            )
    config = read_config(model)
    if config["architectures"][0] not in FAMILIES:
        raise UserError(
            f"error: {config['architectures'][0]} cannot be converted to GGUF here",
            f"hint: choose a student of {', '.join(FAMILIES)}, or use llama.cpp's converter on models/merged",
        )
    rope = config.get("rope_parameters") or {}
    if rope.get("rope_type", "default") != "default":
        raise UserError(
            f"error: rope scaling {rope['rope_type']} cannot be converted to GGUF here",
            "hint: set rope_type to default in the student's config.json",
        )
    read_vocabulary(model, config["vocab_size"])


def write(model: Path, file: Path, type_name: str, *, name: str) -> None:
    """Writes the merged model in the folder `model` to `file` as `type_name`; same input, same bytes.

    Raises:
        UserError: see `check`.
    """
    import gguf

    logging.getLogger("gguf").setLevel(logging.WARNING)  # it announces every file
    check(model, [type_name])
    config = read_config(model)
    family = FAMILIES[config["architectures"][0]]
    file_type, tensor_type = TYPES[type_name]
    with replacing(file) as beside:
        writer = gguf.GGUFWriter(beside, family.name)
        writer.add_name(name)
        writer.add_file_type(gguf.LlamaFileType[file_type])
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
        add_dimensions(writer, config)
        add_tokenizer(writer, model, config)
        names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[family.architecture], config["num_hidden_layers"])
        for tensor_name, tensor in tensors(model):
            mapped = names.get_name(tensor_name, try_suffixes=(".weight", ".bias"))
            if mapped is None:
                raise ValueError(f"{tensor_name} has no place in a {family.name} GGUF")
            kind = stored_type(mapped, tensor.shape, gguf.GGMLQuantizationType[tensor_type])
            writer.add_tensor(mapped, gguf.quants.quantize(tensor, kind), raw_dtype=kind)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()


def stored_type(name: str, shape: tuple[int, ...], wanted: Any) -> Any:
    """The GGMLQuantizationType of one tensor when the file's is `wanted`.

    Norms stay float32. Embedding and output rows lose most in 4 and 5 bits and are kept in 8, as in
    llama.cpp. Rows that do not fill whole blocks stay float16.
    """
    import gguf

    kinds = gguf.GGMLQuantizationType
    if len(shape) == 1:
        return kinds.F32
    if wanted in (kinds.F32, kinds.F16, kinds.BF16):
        return wanted
    block, _ = gguf.GGML_QUANT_SIZES[wanted]
    if shape[-1] % block:
        return kinds.F16
    return kinds.Q8_0 if name in ("token_embd.weight", "output.weight") else wanted


def add_dimensions(writer: Any, config: dict[str, Any]) -> None:
    """Adds the hyperparameters that llama.cpp builds the network from."""
    heads = config["num_attention_heads"]
    head_size = config.get("head_dim") or config["hidden_size"] // heads
    rope = config.get("rope_parameters") or {"rope_theta": config.get("rope_theta")}
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config["num_key_value_heads"])
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_rope_freq_base(float(rope["rope_theta"] or 10000.0))
    writer.add_vocab_size(config["vocab_size"])


def add_tokenizer(writer: Any, model: Path, config: dict[str, Any]) -> None:
    """Adds vocabulary, merges, special tokens and the plain ChatML template."""
    import gguf

    tokens, types, merges, pre = read_vocabulary(model, config["vocab_size"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([gguf.TokenType[kind] for kind in types])
    writer.add_token_merges(merges)
    writer.add_eos_token_id(tokens.index(TURN_END))
    if config.get("pad_token_id") is not None:
        writer.add_pad_token_id(config["pad_token_id"])
    # Always written: without the key, older Ollama servers put a BOS token before every prompt.
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHATML)


def read_vocabulary(model: Path, size: int) -> tuple[list[str], list[str], list[str], str]:
    """(tokens by id, gguf.TokenType names, merges as "left right", llama.cpp's name of the split).

    Raises:
        UserError: it is not a byte-level BPE whose split llama.cpp knows, or does not speak ChatML.
    """
    file = model / "tokenizer.json"
    hint = "hint: choose a student with a Qwen tokenizer, or use llama.cpp's converter on models/merged"
    if not file.exists():
        raise UserError(f"error: {file} is missing", hint)
    content = json.loads(file.read_text(encoding="utf-8"))
    bpe = content["model"]
    pre = PRE_TOKENIZERS.get(split_pattern(content.get("pre_tokenizer") or {}))
    if bpe.get("type") != "BPE" or pre is None:
        raise UserError(f"error: {file} is not a byte-level BPE whose split llama.cpp knows", hint)
    tokens = [f"[PAD{position}]" for position in range(size)]
    types = ["UNUSED"] * size
    for token, position in bpe["vocab"].items():
        tokens[position], types[position] = token, "NORMAL"
    for added in content["added_tokens"]:
        tokens[added["id"]] = added["content"]
        types[added["id"]] = "CONTROL" if added["special"] else "USER_DEFINED"
    if TURN_START not in tokens or TURN_END not in tokens:
        raise UserError(f"error: {file} has no {TURN_START} and {TURN_END}", hint)
    merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in bpe["merges"]]
    return tokens, types, merges, pre


def split_pattern(pre_tokenizer: dict[str, Any]) -> str:
    """The regular expression of the `Split` step of a pre-tokenizer, or "" without one."""
    for step in pre_tokenizer.get("pretokenizers", [pre_tokenizer]):
        if step.get("type") == "Split":
            return str(step["pattern"].get("Regex", ""))
    return ""


def read_config(model: Path) -> dict[str, Any]:
    """config.json of the model in the folder `model`."""
    return json.loads((model / "config.json").read_text(encoding="utf-8"))


def tensors(model: Path) -> Iterator[tuple[str, Any]]:
    """(name, float32 array) of every weight, one at a time, by file and name."""
    from safetensors import safe_open

    for file in sorted(model.glob("*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            for name in sorted(opened.keys()):
                yield name, opened.get_tensor(name).float().numpy()
