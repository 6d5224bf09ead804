"""The student's settings in params.yaml."""

from typing import Literal

from pydantic import Field

from slm_factory.core.params import Settings


class StudentSettings(Settings):
    """`student:` in params.yaml. The same system prompt is trained, evaluated and served."""

    model: str = Field(min_length=1)
    # The defaults are what versions had that were made before these keys: they are still read as champions.
    revision: str = ""
    trust_remote_code: bool = False
    chat_template: Literal["auto", "own", "chatml", "korean-qa"] = "auto"
    system_prompt: str = Field(min_length=1)
    refusal_ko: str = Field(min_length=1)
    refusal_en: str = Field(min_length=1)

    @property
    def refusals(self) -> tuple[str, str]:
        """The refusal in each language."""
        return self.refusal_ko, self.refusal_en
