"""Loads the student: a causal chat model from a local folder or a hub, with or without an adapter."""

import functools
import hashlib
import json
import math
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError, missing_extra
from slm_factory.student import rendering, templates

# What decides an answer: weights, architecture, tokenizer. Cards and licences do not.
MODEL_FILES = ("*.safetensors", "*.json", "*.jinja", "tokenizer.model", "merges.txt", "vocab.txt")
CARD_FILES = ("README.md", "LICENSE*", "NOTICE*", "USE_POLICY*")  # whose it is, and what is allowed
CODE_FILES = ("*.py",)  # a model's own code: fetched and run only where `student.trust_remote_code` says so
# Where a model of text and images keeps its text part, in old and new checkpoints of transformers.
TEXT_PART = {r"^(model\.)?language_model\.(model\.)?": "model."}
SMALL_MODEL = 256 * 2**20  # bytes of weights


def folder(model: str, revision: str = "", *, trust_remote_code: bool = False) -> Path:
    """The folder that holds `model`: itself, or the local copy of a hub repository, fetched when not here.

    Raises:
        UserError: the folder is missing or holds no model, or the hub does not have it or cannot be reached.
    """
    place = Path(model)
    if place.is_dir():
        if revision:
            raise UserError(
                f"error: student.revision: {model} is a folder, which has no revisions",
                'hint: set student.revision to ""',
            )
        if not (place / "config.json").exists():
            raise UserError(
                f"error: student.model: {model} holds no config.json, so it is not a model",
                "hint: name the folder that holds config.json and *.safetensors",
            )
        return place
    if place.is_absolute() or model.startswith((".", "models/")) or model.count("/") != 1:
        raise UserError(
            f"error: student.model: the folder {model} does not exist",
            "hint: dvc pull fetches it, or set student.model to another folder or a model on the hub",
        )
    return hub_folder(model, revision, trust_remote_code=trust_remote_code)


def hub_folder(model: str, revision: str = "", *, trust_remote_code: bool = False) -> Path:
    """The local copy of a hub repository: only safetensors, never pickled weights, and code only if trusted.

    `revision` is a commit, tag or branch; without one, the hub's default branch.

    Raises:
        UserError: it is not here and cannot be fetched.
    """
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise missing_extra("huggingface_hub", "train") from error
    fetch = functools.partial(
        snapshot_download,
        model,
        revision=revision or None,
        allow_patterns=[*MODEL_FILES, *CARD_FILES, *(CODE_FILES if trust_remote_code else ())],
    )
    try:
        here = Path(fetch(local_files_only=True))
        if not trust_remote_code or any(here.glob("*.py")):  # else it was fetched when it was not trusted
            return here
    except LocalEntryNotFoundError:
        pass
    except HFValidationError as error:
        raise UserError(
            f"error: student.model: {model} is no name of a model", "hint: a folder, or owner/name on the hub"
        ) from error
    try:
        return Path(fetch())
    except (HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        named = f"{model} at {revision}" if revision else model
        raise UserError(
            f"error: student.model: {named} is neither a folder here nor to be had from the hub",
            "hint: check name, revision and network, or copy the model into a folder and name that",
        ) from error


def fingerprint(place: Path) -> str:
    """16 hexadecimal digits over the bytes of the model or adapter in the folder `place`."""
    digest = hashlib.sha256()
    for file in sorted({file for pattern in MODEL_FILES + CODE_FILES for file in place.glob(pattern)}):
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:16]


def version(place: Path) -> str:
    """Which weights lie in `place`: the commit of a hub repository's local copy, else their fingerprint."""
    return place.name if place.parent.name == "snapshots" else f"files {fingerprint(place)}"


def read_config(place: Path) -> dict[str, Any]:
    """config.json of the model in `place`; of one that also reads images, the part for text.

    `architectures` is never empty, and of the whole model.
    """
    config: dict[str, Any] = json.loads((place / "config.json").read_text(encoding="utf-8"))
    named = config.get("architectures") or ["a model without architectures in config.json"]
    return config | config.get("text_config", {}) | {"architectures": named}


def context_tokens(place: Path) -> int:
    """How many tokens the model in `place` was made for, by its configuration; 2048 where that is silent."""
    return int(read_config(place).get("max_position_embeddings") or 2048)


def count_parameters(place: Path) -> int:
    """Numbers in the weights of the model in `place`; only their headers are read."""
    from safetensors import safe_open

    count = 0
    for file in sorted(place.glob("*.safetensors")):
        with safe_open(file, framework="numpy") as opened:
            count += sum(math.prod(opened.get_slice(name).get_shape()) for name in opened.keys())  # noqa: SIM118
    return count


def find_device() -> str:
    """`cuda`, `mps` or `cpu`: the fastest that is there."""
    torch = import_torch()
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def find_dtype(device: str) -> Any:
    """The dtype of weights on `device`: float32 on a CPU, bfloat16 where the accelerator computes in it."""
    torch = import_torch()
    if device == "cpu" or (device == "cuda" and not torch.cuda.is_bf16_supported(including_emulation=False)):
        return torch.float32
    try:  # older MPS refuses bfloat16 at the first use
        torch.ones(2, 2, dtype=torch.bfloat16, device=device).matmul(
            torch.ones(2, 2, device=device).bfloat16()
        )
    except (RuntimeError, TypeError):
        return torch.float32
    return torch.bfloat16


def has_fast_bfloat16(device: str) -> bool:
    """Whether the hardware computes in bfloat16: as the processor says, not by a timing, which wavers."""
    torch = import_torch()
    if device == "cpu":
        abilities = torch.cpu.get_capabilities()
        return bool(abilities.get("avx512_bf16") or abilities.get("amx_bf16"))
    return find_dtype(device) is torch.bfloat16


def load_tokenizer(place: Path, chat_template: str = "auto", *, trust_remote_code: bool = False) -> Any:
    """The tokenizer in `place`, with the turn form that `student.chat_template` asks for.

    Its end token is the one that ends an answer in that form, and there is always a padding token.

    Raises:
        UserError: there is no tokenizer, it needs code that is not trusted, or it cannot take the form.
    """
    import_torch()
    from transformers import AutoTokenizer

    try:
        tokenizer = AutoTokenizer.from_pretrained(
            place, local_files_only=True, trust_remote_code=trust_remote_code
        )
    except (OSError, ValueError) as error:
        raise untrusted_code(place, error) or UserError(
            f"error: {place} holds no tokenizer that can be read: {first_line(error)}",
            "hint: the folder needs tokenizer.json and tokenizer_config.json",
        ) from error
    form = templates.choose(chat_template, tokenizer)
    tokenizer.chat_template = rendering.jinja(form)
    if tokenizer.eos_token != form.end:
        tokenizer.eos_token = form.end
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer


def load_model(
    place: Path,
    *,
    device: str,
    dtype: Any,
    adapter: Path | None = None,
    trust_remote_code: bool = False,
    quantization: Any = None,
) -> Any:
    """The model in `place` on `device`, in evaluation mode, with `adapter` on it where one is given.

    `quantization` is a configuration of transformers, by which weights are quantised as they are read.

    Of a model that also reads images (Gemma 3 from 4B up), only the text part.

    Raises:
        UserError: the folder holds no causal language model that transformers can read, or it needs code that
            is not trusted.
    """
    quiet_transformers()
    from transformers import AutoConfig, AutoModelForCausalLM

    options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": trust_remote_code}
    if quantization is not None:  # never whole in memory: layer by layer to the device
        options |= {"quantization_config": quantization, "device_map": {"": device}}
    try:
        config: Any = AutoConfig.from_pretrained(place, **options)
        text = config.get_text_config()
        if text is not config:
            options |= {"config": text, "key_mapping": TEXT_PART}
        network: Any = AutoModelForCausalLM.from_pretrained(
            place, dtype=dtype, use_safetensors=True, **options
        )
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise untrusted_code(place, error) or UserError(
            f"error: {place} cannot be loaded as a causal language model: {first_line(error)}",
            "hint: the folder needs config.json and *.safetensors of a model that this transformers knows",
        ) from error
    if adapter is not None:
        from peft import PeftModel

        network = PeftModel.from_pretrained(network, adapter)
    return (network if quantization is not None else network.to(device)).eval()


def untrusted_code(place: Path, error: Exception) -> UserError | None:
    """The two lines for a model that brings its own code, None when that is not why it cannot be loaded."""
    if "trust_remote_code" not in str(error):
        return None
    return UserError(
        f"error: the student in {place} needs Python code that came with it, which is not run unless trusted",
        "hint: read its *.py files, then set student.trust_remote_code to true, or choose another student",
    )


def cache_bytes(network: Any) -> int:
    """Bytes that one token takes in the key-value cache, when every layer keeps it."""
    config = network.config.get_text_config()
    heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return int(2 * config.num_hidden_layers * heads * width * network.dtype.itemsize)


@contextmanager
def threads(network: Any) -> Iterator[None]:
    """One thread for a small model on a CPU, within the block; else as many as torch has chosen.

    A step of a small model is over before a second thread has been woken: beside other processes two threads
    answer a fifth as fast as one, alone no faster.
    """
    torch = import_torch()
    weights = sum(weight.numel() * weight.element_size() for weight in network.parameters())
    before = torch.get_num_threads()
    if network.device.type == "cpu" and weights < SMALL_MODEL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def import_torch() -> Any:
    """The module torch.

    Threads that wait spin for some microseconds, then sleep. Beside one other process, two cores train four
    times as fast as with endless spinning (1,400 against 350 tokens per second); alone they lose nothing,
    where sleeping at once would cost a fifth.

    Raises:
        UserError: it is not installed.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # both are read once, when torch loads its OpenMP
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        import torch
    except ImportError as error:
        raise missing_extra("torch", "train") from error
    return torch


def quiet_transformers() -> None:
    """Leaves errors only of what transformers and TRL say, and no bars for loading and saving."""
    import_torch()
    warnings.filterwarnings("ignore", category=FutureWarning, module="transformers|trl")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def first_line(error: BaseException) -> str:
    """The first line of an error's text."""
    return (str(error) or type(error).__name__).splitlines()[0]
