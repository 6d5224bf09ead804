"""The Modelfile: how Ollama serves the GGUF, in the same form as the student was trained in."""

from slm_factory.core.errors import UserError
from slm_factory.student.rendering import go
from slm_factory.student.templates import TurnForm


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
