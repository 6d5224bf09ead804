"""The stand-in for Go's templates renders as Ollama's servers did, and as Go does where it is installed."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from slm_factory.student import rendering
from tests import go_template
from tests.student.test_templates import DIALOGUE, FORMS, bound

Message = dict[str, str]
CHATML = (
    "{{- range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}"
    "<|im_start|>assistant\n"
)
WITH_SYSTEM = "{{ if .System }}<|im_start|>system\n{{ .System }}<|im_end|>\n{{ end }}" + CHATML.replace(
    "{{-", "{{"
)


def said(role: str, content: str) -> Message:
    return {"role": role, "content": content}


# What Ollama 0.32 told under _debug_info.rendered_template, as (template, messages, rendered).
RECORDED = {
    "dialogue": (
        CHATML,
        [said("system", "s"), said("user", "안녕하세요"), said("assistant", "네"), said("user", "또")],
        "<|im_start|>system\ns<|im_end|>\n<|im_start|>user\n안녕하세요<|im_end|>\n"
        "<|im_start|>assistant\n네<|im_end|>\n<|im_start|>user\n또<|im_end|>\n<|im_start|>assistant\n",
    ),
    "prompt with a system text": (
        CHATML,
        [said("system", "너는 도우미다"), said("user", "안녕하세요")],
        "<|im_start|>system\n너는 도우미다<|im_end|>\n<|im_start|>user\n안녕하세요<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    "an answer that was begun is closed": (
        CHATML,
        [said("user", "안녕하세요"), said("assistant", "네, ")],
        "<|im_start|>user\n안녕하세요<|im_end|>\n<|im_start|>assistant\n네, <|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    "a template that names .System prints it twice": (
        WITH_SYSTEM,
        [
            said("system", "너는 도우미다."),
            said("user", "안녕"),
            said("assistant", "네"),
            said("user", "안녕하세요"),
        ],
        "<|im_start|>system\n너는 도우미다.<|im_end|>\n<|im_start|>system\n너는 도우미다.<|im_end|>\n"
        "<|im_start|>user\n안녕<|im_end|>\n<|im_start|>assistant\n네<|im_end|>\n"
        "<|im_start|>user\n안녕하세요<|im_end|>\n<|im_start|>assistant\n",
    ),
    "a system text in the middle": (
        WITH_SYSTEM,
        [
            *(said("user", "안녕"), said("assistant", "네")),
            *(said("system", "다른 지시"), said("user", "안녕하세요")),
        ],
        "<|im_start|>system\n다른 지시<|im_end|>\n<|im_start|>user\n안녕<|im_end|>\n"
        "<|im_start|>assistant\n네<|im_end|>\n<|im_start|>system\n다른 지시<|im_end|>\n"
        "<|im_start|>user\n안녕하세요<|im_end|>\n<|im_start|>assistant\n",
    ),
}
PROGRAM = """
package main

import ("encoding/json"; "os"; "strings"; "text/template")

func main() {
	var cases []struct{ Template string; Messages []struct{ Role, Content string } }
	if err := json.NewDecoder(os.Stdin).Decode(&cases); err != nil { panic(err) }
	texts := []string{}
	for _, one := range cases {
		var text strings.Builder
		values := map[string]any{"Messages": one.Messages}
		if err := template.Must(template.New("").Parse(one.Template)).Execute(&text, values); err != nil {
			panic(err)
		}
		texts = append(texts, text.String())
	}
	json.NewEncoder(os.Stdout).Encode(texts)
}
"""


@pytest.mark.parametrize("case", RECORDED)
def test_it_renders_what_a_real_server_rendered(case: str) -> None:
    template, messages, rendered = RECORDED[case]
    assert go_template.render(template, messages) == rendered


@pytest.mark.parametrize("action", [".Prompt", "range .Tools", "if .Thinking", "if .System", "$x = true"])
def test_what_it_does_not_know_is_an_error(action: str) -> None:
    with pytest.raises((ValueError, AssertionError)):
        go_template.render(f"{{{{ {action} }}}}", [said("user", "?")])


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("go"), reason="Go is not installed")
def test_it_renders_every_form_as_go_does(tmp_path: Path) -> None:
    conversations = [DIALOGUE[1:2], DIALOGUE[:2], DIALOGUE, DIALOGUE + DIALOGUE[2:3] + DIALOGUE]
    conversations.append([said("system", "a\n{{ .Role }}"), said("user", ' <b>\t"q" 漢字 😀\n')])
    cases = [
        {"template": rendering.go(bound(form)), "messages": messages}
        for form in FORMS
        for messages in conversations
    ]
    (tmp_path / "main.go").write_text(PROGRAM, encoding="utf-8")
    told = subprocess.run(
        ["go", "run", str(tmp_path / "main.go")],
        input=json.dumps(cases),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(told.stdout) == [go_template.render(one["template"], one["messages"]) for one in cases]
