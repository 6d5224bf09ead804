"""The default student is served as it always was: texts written out here, not made from the form."""

from pathlib import Path

from slm_factory.student import chat, rendering
from slm_factory.student.model import load_tokenizer
from slm_factory.student.modelfile import modelfile
from slm_factory.student.templates import CHATML
from tests.tiny_student import conversation

SEED = Path(__file__).parents[2] / "models" / "seed"
JINJA = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)
GO = (
    "{{ range .Messages }}<|im_start|>{{ .Role }}\n{{ .Content }}<|im_end|>\n{{ end }}<|im_start|>assistant\n"
)


def test_the_templates_of_chatml_are_those_that_version_1_was_trained_and_served_with() -> None:
    assert rendering.jinja(CHATML) == JINJA
    assert rendering.go(CHATML) == GO
    assert load_tokenizer(SEED).chat_template == JINJA


def test_the_modelfile_of_the_default_student_has_not_changed() -> None:
    text = modelfile("model-q8_0.gguf", CHATML, "짧게.", context_tokens=1024, temperature=0.0)
    assert text == (
        f'FROM ./model-q8_0.gguf\nTEMPLATE """{GO}"""\nSYSTEM """짧게."""\n'
        'PARAMETER stop "<|im_end|>"\nPARAMETER stop "<|im_start|>"\n'
        "PARAMETER num_ctx 1024\nPARAMETER temperature 0\n"
    )


def test_the_default_student_learns_the_very_tokens_it_learned() -> None:
    tokenizer = load_tokenizer(SEED)
    ids, labels = chat.encode(tokenizer, conversation("담당자는?", "김서연 팀장입니다."))
    text = (
        "<|im_start|>system\n문서에 근거해 짧게 답합니다.<|im_end|>\n<|im_start|>user\n담당자는?<|im_end|>\n"
        "<|im_start|>assistant\n"
    )
    answer = tokenizer("김서연 팀장입니다.<|im_end|>")["input_ids"]
    assert ids == tokenizer(text)["input_ids"] + answer + tokenizer("\n")["input_ids"]
    assert [label for label in labels if label != chat.IGNORED] == answer


def test_the_default_students_gguf_says_what_it_always_said(tmp_path: Path) -> None:
    from gguf import GGUFReader

    from slm_factory.student import gguf

    gguf.write(SEED, tmp_path / "model.gguf", "q8_0", name="slm-factory student")
    fields = {name: field.contents() for name, field in GGUFReader(tmp_path / "model.gguf").fields.items()}
    said = {name.removeprefix("tokenizer."): value for name, value in fields.items() if "tokenizer." in name}
    tokens, merges = said.pop("ggml.tokens"), said.pop("ggml.merges")
    types = said.pop("ggml.token_type")
    assert (len(tokens), tokens[:3]) == (8192, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])
    assert (len(merges), types[:4]) == (8192 - 256 - 3, [3, 3, 3, 1])
    assert said == {
        "ggml.model": "gpt2",
        "ggml.pre": "qwen2",
        "ggml.eos_token_id": 2,
        "ggml.padding_token_id": 0,
        "ggml.add_bos_token": False,
        "chat_template": JINJA,
    }
    assert {name.removeprefix("qwen3.") for name in fields if name.startswith("qwen3.")} == {
        "context_length",
        "embedding_length",
        "block_count",
        "feed_forward_length",
        "attention.head_count",
        "attention.head_count_kv",
        "attention.key_length",
        "attention.value_length",
        "attention.layer_norm_rms_epsilon",
        "rope.freq_base",
        "vocab_size",
    }
