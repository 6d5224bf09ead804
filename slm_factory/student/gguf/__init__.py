"""Writes a merged student as GGUF, the file that llama.cpp and Ollama serve.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md; the `gguf` package writes it and quantises.
"""

import logging
import math
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.core.files import read_json, replacing, write_json
from slm_factory.student import rendering, templates
from slm_factory.student.gguf import families, llama_cpp, vocabulary
from slm_factory.student.model import load_tokenizer, read_config

# Type in params.yaml -> (LlamaFileType, GGMLQuantizationType) by name.
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

TOKENIZER_CONFIG = "tokenizer_config.json"
TEMPLATES = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")


def check(model: Path, types: Sequence[str], *, chat_template: str = "auto", checkout: str = "") -> None:
    """Nothing; a request that cannot be fulfilled ends here, before any work.

    `checkout` is a folder of llama.cpp, whose converter takes families that are not known here.

    Raises:
        UserError: an unknown type, architecture, tokenizer, rope scaling or turn form, or a missing tool.
    """
    check_types(types)
    problem = obstacle(model, chat_template)
    if problem is None:
        return
    if not checkout:
        raise problem
    llama_cpp.check_converter(checkout)
    for name in types:
        if name in TYPES and name not in llama_cpp.CONVERTER_TYPES:
            raise UserError(
                f"error: quantize.types: llama.cpp's converter does not write {name}",
                f"hint: choose from {', '.join((*llama_cpp.CONVERTER_TYPES, *llama_cpp.K_QUANTS))}",
            )


def check_types(types: Sequence[str]) -> None:
    """Nothing; a type that nobody here can make, of whatever model, ends here.

    Raises:
        UserError: it is unknown, or its tool is missing.
    """
    for name in types:
        if name in llama_cpp.K_QUANTS:
            llama_cpp.check_quantizer(name)
        elif name not in TYPES:
            raise UserError(
                f"error: quantize.types: {name} cannot be made here",
                f"hint: choose from {', '.join((*TYPES, *llama_cpp.K_QUANTS))}",
            )


def obstacle(model: Path, chat_template: str) -> UserError | None:
    """Why the model in the folder `model` cannot be converted here, None when it can."""
    try:
        config = read_config(model)
        families.check(config)
        vocabulary.read(load_tokenizer(model, chat_template), config["vocab_size"])
    except UserError as error:
        return error
    return None


def write(
    model: Path, file: Path, type_name: str, *, name: str, chat_template: str = "auto", checkout: str = ""
) -> None:
    """Writes the merged model in the folder `model` to `file` as `type_name`; same input, same bytes.

    Raises:
        UserError: see `check`.
    """
    check(model, [type_name], chat_template=chat_template, checkout=checkout)
    with replacing(file) as beside:
        if type_name in llama_cpp.K_QUANTS:
            with tempfile.TemporaryDirectory(dir=file.parent) as folder:
                source = Path(folder) / "exact.gguf"
                exact = exact_type(read_config(model))
                write(model, source, exact, name=name, chat_template=chat_template, checkout=checkout)
                llama_cpp.quantize(source, beside, type_name)
        elif obstacle(model, chat_template) is not None:
            with as_spoken(model, chat_template) as folder_of_model:
                llama_cpp.convert(checkout, folder_of_model, beside, type_name)
        else:
            write_family(model, beside, type_name, name=name, chat_template=chat_template)


def exact_type(config: families.Config) -> str:
    """The type that holds the model's weights as they are."""
    stored = config.get("dtype") or config.get("torch_dtype")
    return {"float32": "f32", "bfloat16": "bf16"}.get(str(stored), "f16")


@contextmanager
def as_spoken(model: Path, chat_template: str) -> Iterator[Path]:
    """A folder of links to the model, its tokenizer in the student's turn form: for llama.cpp's converter.

    The converter copies the template that it finds, and looks in tokenizer_config.json for the tokens that
    are marks, where transformers 5 no longer writes them: marks would become text.
    """
    tokenizer = load_tokenizer(model, chat_template)
    added = {number: token.__getstate__() for number, token in tokenizer.added_tokens_decoder.items()}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tokenizer.save_pretrained(folder)
        config = read_json(folder / TOKENIZER_CONFIG)
        write_json(folder / TOKENIZER_CONFIG, config | {"added_tokens_decoder": added})
        for file in model.iterdir():
            if not (folder / file.name).exists() and file.name not in TEMPLATES:
                (folder / file.name).symlink_to(file.resolve())
        yield folder


def write_family(model: Path, file: Path, type_name: str, *, name: str, chat_template: str) -> None:
    """Writes a model of a family that is known here."""
    import gguf

    logging.getLogger("gguf").setLevel(logging.WARNING)  # it announces every file
    config = read_config(model)
    family = families.FAMILIES[config["architectures"][0]]
    file_type, tensor_type = TYPES[type_name]
    writer = gguf.GGUFWriter(file, family.name)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType[file_type])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    families.add_dimensions(writer, config)
    add_tokenizer(writer, load_tokenizer(model, chat_template), config, chat_template)
    kinds = add_tensors(writer, family, model, config, gguf.GGMLQuantizationType[tensor_type])
    factors = families.rope_factors(config)
    if factors is not None:
        writer.add_tensor_info("rope_freqs.weight", factors.shape, factors.dtype, factors.nbytes)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor, kind in zip(families.tensors(model, config), kinds, strict=True):
        writer.write_tensor_data(gguf.quants.quantize(tensor, kind))
    if factors is not None:
        writer.write_tensor_data(factors)
    writer.close()


def add_tensors(
    writer: Any, family: families.Family, model: Path, config: families.Config, wanted: Any
) -> list[Any]:
    """The types of all tensors, announced to the writer; the bytes follow, never all in memory."""
    import gguf
    import numpy as np

    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH[family.architecture], config["num_hidden_layers"])
    kinds = []
    for name, shape in families.shapes(model, config):
        mapped = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if mapped is None:
            raise ValueError(f"{name} has no place in a {family.name} GGUF")
        kinds.append(stored_type(mapped, shape, wanted))
        block, size = gguf.GGML_QUANT_SIZES[kinds[-1]]
        writer.add_tensor_info(
            mapped, shape, np.dtype(np.float32), math.prod(shape) // block * size, raw_dtype=kinds[-1]
        )
    return kinds


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


def add_tokenizer(writer: Any, tokenizer: Any, config: families.Config, chat_template: str) -> None:
    """Adds vocabulary, merges or scores, special tokens and the turn form's template."""
    import gguf

    form = templates.choose(chat_template, tokenizer)
    read = vocabulary.read(tokenizer, config["vocab_size"])
    writer.add_tokenizer_model(read.model)
    writer.add_tokenizer_pre(read.pre)
    writer.add_token_list(read.tokens)
    if read.model == "llama":
        writer.add_token_scores(read.scores)
    writer.add_token_types([gguf.TokenType[kind] for kind in read.types])
    if read.model == "gpt2":
        writer.add_token_merges(read.merges)
    else:
        writer.add_add_space_prefix(read.has_space_prefix)
        if tokenizer.unk_token_id is not None:
            writer.add_unk_token_id(tokenizer.unk_token_id)
    if tokenizer.bos_token_id is not None:
        writer.add_bos_token_id(tokenizer.bos_token_id)
    writer.add_eos_token_id(read.tokens.index(form.end))
    if config.get("pad_token_id") is not None:
        writer.add_pad_token_id(config["pad_token_id"])
    # Always written: without the key, older Ollama servers put a BOS token before every prompt.
    writer.add_add_bos_token(bool(form.bos))
    writer.add_chat_template(rendering.jinja(form))
