"""Turn forms: one description, every text the same."""

from types import SimpleNamespace
from typing import Any

import pytest
from jinja2 import Template

from slm_factory.core.errors import UserError
from slm_factory.student import rendering, templates
from slm_factory.student.templates import FORMS, TurnForm
from tests import go_template

DIALOGUE = [
    {"role": "system", "content": "짧게."},
    {"role": "user", "content": "하나?"},
    {"role": "assistant", "content": "첫째."},
    {"role": "user", "content": "Two?"},
]
# Written by hand, as the models' own templates have it (without what those add on their own account).
RENDERED = {
    "chatml": "<|im_start|>system\n짧게.<|im_end|>\n<|im_start|>user\n하나?<|im_end|>\n"
    "<|im_start|>assistant\n첫째.<|im_end|>\n<|im_start|>user\nTwo?<|im_end|>\n<|im_start|>assistant\n",
    "llama-3": "<B><|start_header_id|>system<|end_header_id|>\n\n짧게.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\n하나?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n첫째.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nTwo?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n",
    "gemma": "<B><start_of_turn>user\n짧게.\n\n하나?<end_of_turn>\n<start_of_turn>model\n첫째.<end_of_turn>\n"
    "<start_of_turn>user\nTwo?<end_of_turn>\n<start_of_turn>model\n",
    "mistral": "<B>[INST] 짧게.\n\n하나?[/INST] 첫째.<E>[INST] Two?[/INST]",
    "exaone-4": "[|system|]\n짧게.[|endofturn|]\n[|user|]\n하나?[|endofturn|]\n"
    "[|assistant|]\n첫째.[|endofturn|]\n[|user|]\nTwo?[|endofturn|]\n[|assistant|]\n",
    "korean-qa": "짧게.\n\n### 질문: 하나?\n\n### 답변: 첫째.<E>\n\n### 질문: Two?\n\n### 답변:",
}


def bound(form: TurnForm) -> TurnForm:
    """The form for a tokenizer whose own tokens are <B> and <E>."""
    bos = "<B>" if RENDERED[form.name].startswith("<B>") else ""
    return templates.bound(form, set(form.marks), eos="<E>", bos=bos)


def jinja(form: TurnForm, messages: list[dict[str, str]], *, is_asking: bool = True) -> str:
    return Template(rendering.jinja(form)).render(messages=messages, add_generation_prompt=is_asking)


def without_bos(text: str) -> str:
    """What stands in a Modelfile: the server adds the first token itself."""
    return text.removeprefix("<B>")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_every_text_of_a_form_is_what_the_models_of_that_form_read(form: TurnForm) -> None:
    form = bound(form)
    assert jinja(form, DIALOGUE) == RENDERED[form.name]
    assert go_template.render(rendering.go(form), DIALOGUE) == without_bos(RENDERED[form.name])


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize(
    "messages",
    [DIALOGUE[1:2], DIALOGUE[:2], DIALOGUE[1:], DIALOGUE + DIALOGUE[2:3] + DIALOGUE],
    ids=["question", "system", "dialogue", "two systems"],
)
def test_jinja_and_go_agree_on_any_conversation(form: TurnForm, messages: list[dict[str, str]]) -> None:
    form = bound(form)
    expected = without_bos(jinja(form, messages))
    assert go_template.render(rendering.go(form), messages) == expected
    assert all(message["content"] in expected for message in messages)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_an_answered_conversation_goes_on_where_the_prompt_ended(form: TurnForm) -> None:
    form = bound(form)
    prompt = jinja(form, DIALOGUE)
    answered = jinja(form, [*DIALOGUE, {"role": "assistant", "content": "둘째."}], is_asking=False)
    assert answered.removeprefix(prompt).rstrip("\n") == f"{form.lead}둘째.{form.end}"


def test_no_template_holds_words_that_make_a_server_ignore_the_modelfile() -> None:
    for form in FORMS:
        assert not any(word in rendering.jinja(form) for word in ("tool", "think"))


def test_stops_begin_with_the_end_token_and_hold_every_mark() -> None:
    for form in map(bound, FORMS):
        assert form.stops[0] == form.end
        assert set(form.stops) == {form.end, *form.marks}


def tokenizer(tokens: list[str], template: str | None = None, **others: Any) -> Any:
    """As much of a tokenizer as the choice of a form looks at."""

    class Fake(SimpleNamespace):
        def __call__(self, text: str) -> dict[str, list[int]]:
            return {"input_ids": [self.bos_token_id] if self.bos_token else []}

        def get_vocab(self) -> dict[str, int]:
            return {token: number for number, token in enumerate(tokens)}

    standard = {"eos_token": "<E>", "bos_token": None, "bos_token_id": None}
    return Fake(chat_template=template, **standard | others)


CHATML_TOKENS = ["<|im_start|>", "<|im_end|>"]


@pytest.mark.parametrize(
    ("wanted", "tokens", "template", "name"),
    [
        ("auto", CHATML_TOKENS, None, "chatml"),  # a base model of Qwen
        ("auto", CHATML_TOKENS, "{{ '[INST]' }}", "chatml"),
        ("own", CHATML_TOKENS, "{{ '[INST]' }}", "mistral"),
        ("auto", ["<start_of_turn>", "<end_of_turn>"], "{{ '<start_of_turn>' }}", "gemma"),
        ("auto", [], None, "korean-qa"),
        ("chatml", [], "{{ '[INST]' }}", "chatml"),
        ("korean-qa", CHATML_TOKENS, "{{ '<|im_start|>' }}", "korean-qa"),
    ],
)
def test_the_form_follows_parameter_vocabulary_and_template(
    wanted: str, tokens: list[str], template: str | None, name: str
) -> None:
    chosen = templates.choose(wanted, tokenizer(tokens, template))
    assert chosen.name == name
    again = templates.choose(wanted, tokenizer(tokens, rendering.jinja(chosen)))
    assert again == chosen  # the merged model, whose template is ours


def test_marks_that_are_no_tokens_are_text_and_the_answer_ends_in_the_end_token() -> None:
    form = templates.choose("chatml", tokenizer([]))
    assert jinja(form, DIALOGUE[:3], is_asking=False).endswith("<|im_start|>assistant\n첫째.<E>\n")
    assert form.stops == ("<E>", "<|im_start|>", "<|im_end|>")


def test_the_first_token_is_written_where_the_tokenizer_puts_one() -> None:
    chosen = templates.choose("chatml", tokenizer(CHATML_TOKENS, bos_token="<B>", bos_token_id=7))
    assert jinja(chosen, DIALOGUE).startswith("<B><|im_start|>system")


def test_an_unknown_template_and_a_missing_end_end_in_two_lines() -> None:
    with pytest.raises(UserError, match="none of chatml"):
        templates.choose("auto", tokenizer([], "USER: {{ messages }}"))
    with pytest.raises(UserError, match="no end token"):
        templates.choose("korean-qa", tokenizer([], eos_token=None))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_text_keeps_no_mark_of_any_form_however_they_are_nested(form: TurnForm) -> None:
    for mark in form.marks:
        half = len(mark) // 2
        assert templates.without_marks(f"가{mark}나{mark[:half]}{mark}{mark[half:]}다") == "가나다"


def test_an_answer_ends_where_the_model_begins_to_ask_itself() -> None:
    assert templates.until_mark(templates.KOREAN_QA, " 매일입니다.\n\n### 질문: 또?") == "매일입니다."
    assert templates.until_mark(templates.CHATML, " ### 질문: 은 제목입니다.\n") == "### 질문: 은 제목입니다."


def test_ordinary_text_is_kept_to_the_letter() -> None:
    text = "## 질문: a < b, [INFO] <b>굵게</b> | `<|` 100%\n"
    assert templates.without_marks(text) == text
