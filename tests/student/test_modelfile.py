"""The Modelfile."""

import pytest

from slm_factory.core.errors import UserError
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML, GEMMA
from tests.tiny_student import SYSTEM


def test_it_names_the_gguf_the_system_prompt_and_both_stops() -> None:
    text = modelfile("model-q8_0.gguf", CHATML, SYSTEM, context_tokens=1024, temperature=0.0)
    assert text.startswith("FROM ./model-q8_0.gguf\n")
    assert f'SYSTEM """{SYSTEM}"""\n' in text
    assert 'PARAMETER stop "<|im_end|>"\nPARAMETER stop "<|im_start|>"\n' in text
    assert text.endswith("PARAMETER num_ctx 1024\nPARAMETER temperature 0\n")


def test_it_says_the_turns_of_the_students_form_and_stops_at_their_marks() -> None:
    text = modelfile("m.gguf", GEMMA, SYSTEM, context_tokens=1024, temperature=0.0)
    assert (
        text.count("<start_of_turn>model\n") == 2
    )  # an answer that was given, and the one that is asked for
    assert 'PARAMETER stop "<end_of_turn>"\nPARAMETER stop "<start_of_turn>"\n' in text


def test_a_system_prompt_that_would_end_its_own_quotes_is_refused() -> None:
    with pytest.raises(UserError, match="cannot quote"):
        modelfile("m.gguf", CHATML, 'say """hello"""', context_tokens=1, temperature=0)
