"""What a client asks for, as a request to llama.cpp: messages in the trained form, sampling, an end."""

from typing import Any

from slm_factory.serve.model import Model
from slm_factory.student.templates import without_marks

Message = dict[str, str]
RANDOM = -1  # llama.cpp's seed for "another one each time"


def conversation(messages: list[Message], system: str) -> list[Message]:
    """The messages as they are given to the model, with the trained system prompt unless they bring one.

    Marks of turn forms are taken out of every message: llama.cpp reads them as control tokens wherever they
    stand, so that a question could end its own turn and speak for the system.
    """
    plain = [message | {"content": without_marks(message["content"])} for message in messages]
    if system and plain[0]["role"] != "system":
        return [{"role": "system", "content": system}, *plain]
    return plain


def request(
    model: Model, messages: list[Message], sampling: dict[str, Any], limit: int, **more: Any
) -> dict[str, Any]:
    """A chat completion for llama.cpp, answered as the model's Modelfile says where `sampling` is silent."""
    return {
        "messages": conversation(messages, model.source.system),
        **settings(model, sampling, limit),
        **{name: value for name, value in more.items() if value is not None},
    }


def settings(model: Model, sampling: dict[str, Any], limit: int) -> dict[str, Any]:
    """Sampling and end of an answer: at most `limit` tokens; the trained stops stay whatever is asked."""
    own = dict(model.source.parameters)
    given = {name: value for name, value in sampling.items() if value is not None}
    wanted = given.pop("max_tokens", -1)
    stops = [*given.pop("stop", ()), *own.pop("stop", ())]
    return {
        "seed": RANDOM,
        **own,
        **given,
        "stop": list(dict.fromkeys(stop for stop in stops if stop)),
        "max_tokens": min(wanted, limit) if wanted > 0 else limit,
        "stream": True,
        "stream_options": {"include_usage": True},
    }


def without_oldest(messages: list[Message]) -> list[Message] | None:
    """The conversation without its oldest turn, None where only system prompt and last message are left."""
    first = next((at for at, message in enumerate(messages) if message["role"] != "system"), len(messages))
    return messages[:first] + messages[first + 1 :] if first < len(messages) - 1 else None
