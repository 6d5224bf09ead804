"""The Modelfile."""

import pytest

from slm_factory.core.errors import UserError
from slm_factory.student.modelfile import TEMPLATE, modelfile
from tests.tiny_student import SYSTEM, conversation


def go_render(template: str, messages: list[dict[str, str]]) -> str:
    """What Go's text/template makes of a template of the form `{{ range .Messages }}body{{ end }}rest`."""
    body, rest = template.removeprefix("{{ range .Messages }}").split("{{ end }}")
    assert "{{" not in rest
    rendered = [
        body.replace("{{ .Role }}", message["role"]).replace("{{ .Content }}", message["content"])
        for message in messages
    ]
    return "".join(rendered) + rest


def test_the_go_template_renders_what_the_student_was_trained_on() -> None:
    from jinja2 import Template

    from slm_factory.student.chat import CHATML

    messages = [*conversation("하나", "첫째"), *conversation("둘")[1:]]
    expected = Template(CHATML).render(messages=messages, add_generation_prompt=True)
    assert go_render(TEMPLATE, messages) == expected


def test_it_names_the_gguf_the_system_prompt_and_both_stops() -> None:
    text = modelfile("model-q8_0.gguf", SYSTEM, context_tokens=1024, temperature=0.0)
    assert text.startswith("FROM ./model-q8_0.gguf\n")
    assert f'SYSTEM """{SYSTEM}"""\n' in text
    assert 'PARAMETER stop "<|im_end|>"\nPARAMETER stop "<|im_start|>"\n' in text
    assert text.endswith("PARAMETER num_ctx 1024\nPARAMETER temperature 0\n")


def test_a_system_prompt_that_would_end_its_own_quotes_is_refused() -> None:
    with pytest.raises(UserError, match="cannot quote"):
        modelfile("m.gguf", 'say """hello"""', context_tokens=1, temperature=0)
