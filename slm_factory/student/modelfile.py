"""The Modelfile: how Ollama serves the GGUF, in the same form as the student was trained in."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.core.files import missing_input
from slm_factory.student.rendering import go
from slm_factory.student.templates import TurnForm

# The lines of a Modelfile as `modelfile` writes them.
FROM = re.compile(r"^FROM \./(.+)$", re.M)
TEMPLATE_TEXT = re.compile(r'^TEMPLATE """(.*?)"""$', re.M | re.S)
SYSTEM_TEXT = re.compile(r'^SYSTEM """(.*?)"""$', re.M | re.S)
STOP = re.compile(r'^PARAMETER stop "(.*)"$', re.M)
NUMBER = re.compile(r"^PARAMETER (\w+) ([-\d.]+)$", re.M)


def modelfile(
    gguf_name: str, form: TurnForm, system_prompt: str, *, context_tokens: int, temperature: float
) -> str:
    """The text of a Modelfile that serves `gguf_name`, which lies beside it, in the turn form `form`.

    FROM names our GGUF, never the safetensors folder: Ollama refuses Qwen3 safetensors, and those that
    transformers 5 writes load there with a rope base of 0 and babble.

    Raises:
        UserError: the system prompt holds three double quotes, which end a Modelfile's text.
    """
    if '"""' in system_prompt:
        raise UserError(
            'error: student.system_prompt holds """, which a Modelfile cannot quote',
            "hint: use other quotation marks in student.system_prompt",
        )
    stops = "".join(f'PARAMETER stop "{stop}"\n' for stop in form.stops)
    return (
        f"FROM ./{gguf_name}\n"
        f'TEMPLATE """{go(form)}"""\n'
        f'SYSTEM """{system_prompt}"""\n'
        f"{stops}"
        f"PARAMETER num_ctx {context_tokens}\n"
        f"PARAMETER temperature {temperature:g}\n"
    )


@dataclass(frozen=True)
class Modelfile:
    """What a Modelfile of ours says, as Ollama's API takes it."""

    gguf: str  # file name
    template: str
    system: str
    parameters: dict[str, Any]  # numbers as numbers, `stop` as a list

    @classmethod
    def read(cls, file: Path) -> "Modelfile":
        """What `file` says.

        Raises:
            UserError: it is missing.
            AttributeError: it is none of ours.
        """
        if not file.is_file():
            raise missing_input(file)
        text = file.read_text(encoding="utf-8")
        parameters: dict[str, Any] = {"stop": STOP.findall(text)}
        parameters |= {name: json.loads(value) for name, value in NUMBER.findall(text)}
        return cls(
            gguf=FROM.search(text)[1],  # type: ignore[index]
            template=TEMPLATE_TEXT.search(text)[1],  # type: ignore[index]
            system=SYSTEM_TEXT.search(text)[1],  # type: ignore[index]
            parameters=parameters,
        )


def named_gguf(folder: Path) -> Path:
    """The GGUF beside the Modelfile in `folder` that it serves.

    Raises:
        UserError: there is no Modelfile.
    """
    return folder / Modelfile.read(folder / "Modelfile").gguf


def context_tokens(folder: Path) -> int:
    """The context that the Modelfile in `folder` serves its GGUF with.

    Raises:
        UserError: there is no Modelfile.
    """
    return int(Modelfile.read(folder / "Modelfile").parameters["num_ctx"])
