"""`release:` in params.yaml: where versions are served, and how many are kept."""

from typing import Literal

from pydantic import Field

from slm_factory.core.params import Settings

# As Ollama names models: [namespace/]model; the version is the tag.
NAME = r"^([a-z0-9][a-z0-9_-]{0,79}/)?[a-z0-9][a-z0-9._-]{0,79}$"


class ReleaseSettings(Settings):
    """`release:` in params.yaml; no stage reads it."""

    target: Literal["folder", "ollama"]
    name: str = Field(pattern=NAME)
    keep: int = Field(ge=1)
    smoke_questions: int = Field(ge=1)
    smoke_share: float = Field(gt=0, le=1)
    server_quantization: Literal["", "q8_0", "q4_K_M", "q4_K_S"]
