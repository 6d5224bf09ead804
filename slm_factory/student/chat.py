"""Conversations as the student's tokens: one form for training, evaluation and serving."""

from typing import Any

from slm_factory.core.errors import UserError

Message = dict[str, str]
IGNORED = -100  # the label that torch's cross-entropy leaves out

TURN_START, TURN_END = "<|im_start|>", "<|im_end|>"
# Plain ChatML. The templates that ChatML models ship say more (`<think>`, tools, a default system prompt);
# a GGUF that carries them makes new Ollama servers ignore the Modelfile's template, and the Go template there
# could not repeat them anyway. One plain form can be the same everywhere.
CHATML = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


def question_messages(system_prompt: str, question: str) -> list[Message]:
    """The conversation that asks `question`, as it is trained and served.

    Turn marks inside the question are taken out: llama.cpp and Ollama read them as control tokens, so that a
    question could end its own turn and speak for the system.
    """
    plain = question.replace(TURN_START, "").replace(TURN_END, "")
    return [{"role": "system", "content": system_prompt}, {"role": "user", "content": plain}]


def prompt_ids(tokenizer: Any, messages: list[Message]) -> list[int]:
    """Token ids up to the point where the assistant's answer begins."""
    return encode_text(tokenizer, render(tokenizer, messages, is_asking=True))


def encode(tokenizer: Any, messages: list[Message]) -> tuple[list[int], list[int]]:
    """(token ids, labels) of a conversation; labels are ids on answers and their end, IGNORED elsewhere.

    Questions and answers are encoded apart, because a model that generates has seen its prompt encoded apart.
    Where the template rewrites earlier turns, only the last answer carries labels: its context is as served.

    Raises:
        UserError: the template does not put the answer after the prompt.
    """
    ids: list[int] = []
    labels: list[int] = []
    done = ""
    for position, message in enumerate(messages):
        if message["role"] != "assistant":
            continue
        prompt = render(tokenizer, messages[:position], is_asking=True)
        answered = render(tokenizer, messages[: position + 1], is_asking=False)
        if not answered.startswith(prompt):
            raise UserError(
                "error: the student's chat template does not put the answer right after the prompt",
                "hint: choose a student with a ChatML template in student.model",
            )
        if not prompt.startswith(done):
            ids, labels, done = [], [], ""
        question_part = encode_text(tokenizer, prompt[len(done) :])
        answer_part = encode_text(tokenizer, answered[len(prompt) :])
        learned = learned_length(answer_part, tokenizer.eos_token_id)
        ids += question_part + answer_part
        labels += [IGNORED] * len(question_part) + answer_part[:learned]
        labels += [IGNORED] * (len(answer_part) - learned)
        done = answered
    return ids, labels


def learned_length(answer: list[int], end: int) -> int:
    """How many tokens of an answer are learned: all to its end token, not what a template adds then."""
    return len(answer) - answer[::-1].index(end) if end in answer else len(answer)


def render(tokenizer: Any, messages: list[Message], *, is_asking: bool) -> str:
    """The conversation as text; `is_asking` ends it where the assistant begins to speak."""
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=is_asking)


def encode_text(tokenizer: Any, text: str) -> list[int]:
    """Token ids of rendered text; the template already holds every special token."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]
