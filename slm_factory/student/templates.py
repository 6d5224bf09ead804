"""Turn forms: how each family of chat models marks who speaks, and how an answer ends.

Training, evaluation and llama.cpp render the Jinja text, Ollama the Go text; both are written from the same
`TurnForm` (by rendering.py), and so is the list of stops, so they cannot differ. The forms are plain: no
tools, no `<think>`, no default system prompt. The templates that models ship say more, which Go could not
repeat, and a GGUF that carries such words makes new Ollama servers ignore the Modelfile's template.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from slm_factory.core.errors import UserError

ROLE = "{role}"  # stands in a turn for the message's role
EOS = "{eos}"  # stands in a form for the end token of the tokenizer that it is bound to


@dataclass(frozen=True)
class Turn:
    """The text before and after what one role says."""

    opens: str
    closes: str


@dataclass(frozen=True)
class TurnForm:
    """How a conversation is written for a model."""

    name: str
    system: Turn
    user: Turn
    assistant: Turn
    end: str  # the token that ends an answer; EOS where the form has no mark for it
    marks: tuple[str, ...]  # what opens and closes turns; a template that holds the first is of this form
    lead: str = ""  # what the model itself writes before an answer, so it is no part of the prompt
    is_system_inside: bool = (
        False  # the system prompt stands in the first user turn, which has no turn of its own
    )
    bos: str = ""  # written before everything

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts at which a server ends an answer."""
        return (self.end, *(mark for mark in self.marks if mark != self.end))


def shared(name: str, turn: Turn, end: str, marks: tuple[str, ...]) -> TurnForm:
    """A form whose three roles differ by their names only."""
    return TurnForm(name, system=turn, user=turn, assistant=turn, end=end, marks=marks)


CHATML = shared(
    "chatml",
    Turn(f"<|im_start|>{ROLE}\n", "<|im_end|>\n"),
    end="<|im_end|>",
    marks=("<|im_start|>", "<|im_end|>"),
)
KOREAN_QA = TurnForm(
    "korean-qa",
    system=Turn("", "\n\n"),
    user=Turn("### 질문: ", "\n\n"),
    assistant=Turn("### 답변:", f"{EOS}\n\n"),
    end=EOS,
    marks=("### 질문:", "### 답변:"),
    lead=" ",
)
LLAMA_3 = shared(
    "llama-3",
    Turn(f"<|start_header_id|>{ROLE}<|end_header_id|>\n\n", "<|eot_id|>"),
    end="<|eot_id|>",
    marks=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
)
GEMMA = TurnForm(
    "gemma",
    system=Turn("", "\n\n"),
    user=Turn("<start_of_turn>user\n", "<end_of_turn>\n"),
    assistant=Turn("<start_of_turn>model\n", "<end_of_turn>\n"),
    end="<end_of_turn>",
    marks=("<start_of_turn>", "<end_of_turn>"),
    is_system_inside=True,
)
MISTRAL = TurnForm(
    "mistral",
    system=Turn("", "\n\n"),
    user=Turn("[INST] ", "[/INST]"),
    assistant=Turn("", EOS),
    end=EOS,
    marks=("[INST]", "[/INST]"),
    lead=" ",
    is_system_inside=True,
)
EXAONE_4 = shared(
    "exaone-4",
    Turn(f"[|{ROLE}|]\n", "[|endofturn|]\n"),
    end="[|endofturn|]",
    marks=("[|endofturn|]", "[|system|]", "[|user|]", "[|assistant|]"),
)
FORMS = (CHATML, LLAMA_3, GEMMA, MISTRAL, EXAONE_4, KOREAN_QA)

# Tokens that begin or end a text in these families; a server reads them in a question as control tokens too.
TEXT_ENDS = (
    "<s>",
    "</s>",
    "<bos>",
    "<eos>",
    "<|endoftext|>",
    "<|begin_of_text|>",
    "<|end_of_text|>",
    "[BOS]",
)
MARKS = re.compile("|".join(re.escape(mark) for form in FORMS for mark in form.marks + TEXT_ENDS))


def without_marks(text: str) -> str:
    """`text` without the marks of any form.

    llama.cpp and Ollama read marks as control tokens wherever they stand, so that a question could end its
    own turn and speak for the system. Taken out until none is left: removing one can join the halves of
    another.
    """
    while True:
        plain = MARKS.sub("", text)
        if plain == text:
            return plain
        text = plain


def until_mark(form: TurnForm, text: str) -> str:
    """An answer up to the first mark in it, where a server stops.

    Marks that are tokens are no part of decoded text; written ones are, when a model goes on to ask itself.
    """
    return re.split("|".join(map(re.escape, form.marks)), text)[0].strip()


def choose(wanted: str, tokenizer: Any) -> TurnForm:
    """The form that `student.chat_template` asks for, with the tokenizer's own first and last tokens.

    `auto` is ChatML where the vocabulary has its marks, else `own`, else `korean-qa` for a model without a
    template. `own` is the form of the model's own template. `chatml` and `korean-qa` fit every model: marks
    that are no tokens of it are written as text, since new tokens would need rows of embedding that LoRA on
    linear layers does not train.

    Raises:
        UserError: the model's template is none of the known forms, or nothing can end an answer.
    """
    vocabulary = tokenizer.get_vocab()
    has_chatml = all(mark in vocabulary for mark in CHATML.marks)
    template = str(tokenizer.chat_template or "")
    if wanted == "chatml" or (wanted == "auto" and has_chatml):
        form = CHATML
    elif wanted == "korean-qa" or (wanted == "auto" and not template):
        form = KOREAN_QA
    else:
        form = own_form(template)
    return bound(form, vocabulary, eos=tokenizer.eos_token or "", bos=first_token(tokenizer))


def own_form(template: str) -> TurnForm:
    """The form that a model's own chat template writes.

    Raises:
        UserError: there is no template, or it is of none of the known forms.
    """
    for form in FORMS:
        if form.marks[0] in template:
            return form
    known = ", ".join(form.name for form in FORMS)
    raise UserError(
        f"error: the student's own chat template is {'none of ' + known if template else 'missing'}",
        "hint: set student.chat_template to chatml or korean-qa, which fit every model",
    )


def bound(form: TurnForm, vocabulary: Collection[str], *, eos: str, bos: str) -> TurnForm:
    """`form` for one tokenizer: answers end in its end token where the form's mark is no token of it.

    Raises:
        UserError: the tokenizer has no end token.
    """
    if form.end in vocabulary:
        return replace(form, bos=bos)
    if not eos:
        raise UserError(
            "error: the student's tokenizer has no end token, so no answer could end",
            "hint: set eos_token in its tokenizer_config.json",
        )
    assistant = Turn(form.assistant.opens, form.assistant.closes.replace(form.end, eos))
    return replace(form, assistant=assistant, end=eos, bos=bos)


def first_token(tokenizer: Any) -> str:
    """The token that the tokenizer puts before every text, or nothing."""
    added = tokenizer("")["input_ids"]
    return str(tokenizer.bos_token) if added[:1] == [tokenizer.bos_token_id] else ""
