"""A loaded model: its worker, what it says about itself, and how many requests still use it."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slm_factory.serve.metrics import Metrics
from slm_factory.serve.source import Source
from slm_factory.serve.supervisor import Supervisor

TRAINED_LENGTH = "context_length"
LONG = ("tokenizer.ggml.tokens", "tokenizer.ggml.merges", "tokenizer.ggml.token_type")
HIDDEN = "tokenizer.chat_template"  # Ollama shows it nowhere in `model_info`


@dataclass
class Model:
    """One model in memory. It is closed when it is retired and its last request has ended.

    All but `load` belongs to the event loop's thread.
    """

    source: Source
    workers: Supervisor
    digest: str  # SHA-256 of the file, in hexadecimal digits
    size: int  # bytes
    modified: datetime
    header: dict[str, Any] = field(repr=False)  # keys of the GGUF; long ones are None
    quantization: str  # Q8_0, F16, ...
    users: int = 0
    is_retired: bool = False

    @classmethod
    def load(cls, source: Source, name: str, slots: int, metrics: Metrics) -> "Model":
        """The model that `source` names, loaded; `slots` conversations at a time.

        Raises:
            UserError: llama.cpp is not installed or cannot load the file.
        """
        options = {"file": str(source.file), "context_tokens": source.context_tokens, "slots": slots}
        workers = Supervisor({**options, "name": name}, name, metrics)
        with source.file.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        stat = source.file.stat()
        modified = datetime.fromtimestamp(stat.st_mtime, UTC)
        header = read_header(source.file)
        return cls(source, workers, digest, stat.st_size, modified, header, file_type(header))

    @contextmanager
    def used(self) -> Iterator["Model"]:
        """Keeps the model in memory for the time of a request."""
        self.users += 1
        try:
            yield self
        finally:
            self.users -= 1
            self.close_if_done()

    def retire(self) -> None:
        """No new request comes: it goes when the last one has ended."""
        self.is_retired = True
        self.close_if_done()

    def close_if_done(self) -> None:
        """Frees a retired model that nobody uses."""
        if self.is_retired and not self.users:
            self.workers.close()

    @property
    def family(self) -> str:
        """The architecture, as GGUF names it."""
        return str(self.header.get("general.architecture", ""))

    @property
    def context_length(self) -> int:
        """Tokens that the model was trained for at most, 0 where the file does not say."""
        return int(self.header.get(f"{self.family}.{TRAINED_LENGTH}") or 0)

    def details(self) -> dict[str, Any]:
        """`details` of Ollama's lists."""
        return {
            "parent_model": "",
            "format": "gguf",
            "family": self.family,
            "families": [self.family],
            "parameter_size": counted(int(self.header["general.parameter_count"])),
            "quantization_level": self.quantization,
        }


def read_header(file: Path, *, verbose: bool = False) -> dict[str, Any]:
    """The keys of a GGUF, with `general.parameter_count` counted where it is missing.

    Raises:
        UserError: the package gguf is not installed.
    """
    from slm_factory.core.errors import missing_extra

    try:
        from gguf import GGUFReader
    except ImportError as error:
        raise missing_extra("gguf", "serve") from error
    reader = GGUFReader(os.fspath(file))
    header = {
        name: None if name in LONG and not verbose else one.contents()
        for name, one in reader.fields.items()
        if not name.startswith("GGUF.") and name != HIDDEN
    }
    header.setdefault("general.parameter_count", sum(int(tensor.n_elements) for tensor in reader.tensors))
    return header


def file_type(header: dict[str, Any]) -> str:
    """What the numbers of a GGUF are stored as, in Ollama's words: F16, Q8_0, Q4_K_M."""
    from gguf import LlamaFileType

    number = int(header.get("general.file_type", -1))
    name = {one.value: one.name for one in LlamaFileType}.get(number, "unknown")
    return name.removeprefix("MOSTLY_").removeprefix("ALL_")


def counted(parameters: int) -> str:
    """A number of parameters as Ollama writes it: 6.82M, 12.2B."""
    for unit, size in (("B", 10**9), ("M", 10**6), ("K", 10**3)):
        if parameters >= size:
            value = parameters / size
            return f"{value:.2f}{unit}" if unit == "M" else f"{value:.1f}{unit}"
    return str(parameters)
