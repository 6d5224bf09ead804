"""Conversations as the student's tokens: one form for training, evaluation and serving."""

from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.student.templates import without_marks

Message = dict[str, str]
IGNORED = -100  # the label that torch's cross-entropy leaves out


def question_messages(system_prompt: str, question: str) -> list[Message]:
    """The conversation that asks `question`, as it is trained and served; turn marks in it are taken out."""
    return [
        {"role": "system", "content": system_prompt},
        {"role": "user", "content": without_marks(question)},
    ]


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
                "hint: set student.chat_template to chatml or korean-qa",
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
    plain = [message | {"content": without_marks(message["content"])} for message in messages]
    return tokenizer.apply_chat_template(plain, tokenize=False, add_generation_prompt=is_asking)


def encode_text(tokenizer: Any, text: str) -> list[int]:
    """Token ids of rendered text; the template already holds every special token."""
    return tokenizer(text, add_special_tokens=False)["input_ids"]
