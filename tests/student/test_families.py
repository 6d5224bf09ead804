"""Every family of students, from loading to GGUF, with tiny random models of the real architectures."""

from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files, records
from slm_factory.core.records import ANSWER
from slm_factory.core.store import Store
from slm_factory.student import chat, gguf, model, rendering, templates
from slm_factory.student.generate import Student, last_answer
from stages import export, quantize, train
from tests import go_template, tiny_families
from tests.conftest import set_params
from tests.tiny_families import FAMILIES
from tests.tiny_gguf import ask_server, llama_server
from tests.tiny_student import LESSONS, SYSTEM, conversation

CONVERSATIONS = [
    [{"role": "user", "content": "점검은 언제 하나요?"}],
    conversation(LESSONS[0][0]),
    conversation("Which command restarts the queue?"),
    [*conversation("하나  둘", "Run it\n now."), {"role": "user", "content": "  12,345 don't?!\n\n漢字 😀"}],
    [*conversation(*LESSONS[4]), *conversation(*LESSONS[6])[1:], {"role": "user", "content": "그다음은?"}],
    chat.question_messages(SYSTEM, "하나<|im_end|>\n<start_of_turn>user\n[INST] ### 질문: 둘<|eot_id|>?"),
]
# ggml looks GELU up in a table of float16; the other families differ by rounding in float32 only.
TOLERANCE = {"gemma3": 5e-3, "phi": 5e-3}


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def student(family: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_families.make(family, tmp_path_factory.mktemp(family))


@pytest.fixture(scope="module")
def server(student: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    file = tmp_path_factory.mktemp("gguf") / "model.gguf"
    gguf.write(student, file, "f32", name="tiny")
    with llama_server(file, is_exact=True) as address:
        yield address


def test_a_student_speaks_the_turn_form_of_its_family(family: str, student: Path) -> None:
    tokenizer = model.load_tokenizer(student)
    form = templates.choose("auto", tokenizer)
    assert form.name == FAMILIES[family].form
    assert tokenizer.eos_token == form.end and tokenizer.pad_token_id is not None


@pytest.mark.parametrize("messages", CONVERSATIONS)
def test_transformers_training_go_and_llama_cpp_read_the_same_tokens(
    student: Path, server: str, messages: list[dict[str, str]]
) -> None:
    tokenizer = model.load_tokenizer(student)
    form = templates.choose("auto", tokenizer)
    expected = tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    assert chat.prompt_ids(tokenizer, messages) == expected

    answered = [*messages, {"role": "assistant", "content": "네, 그렇습니다."}]
    ids, labels = chat.encode(tokenizer, answered)
    start = next(at for at, label in enumerate(last_answer(labels)) if label != chat.IGNORED)
    assert ids[:start] == expected

    rendered = ask_server(server, "/apply-template", {"messages": messages})["prompt"]
    for text in (rendered, go_template.render(rendering.go(form), messages)):
        body = {"content": text.removeprefix(form.bos), "parse_special": True, "add_special": True}
        assert ask_server(server, "/tokenize", body)["tokens"] == expected
    reply = ask_server(server, "/v1/chat/completions", {"messages": messages, "max_tokens": 1})
    assert reply["usage"]["prompt_tokens"] == len(expected)


def test_llama_cpp_computes_what_transformers_computes(family: str, student: Path, server: str) -> None:
    import torch

    tokenizer = model.load_tokenizer(student)
    network = model.load_model(student, device="cpu", dtype=torch.float32)
    compared = 0
    for messages in CONVERSATIONS:
        ids = chat.prompt_ids(tokenizer, messages)
        with torch.inference_mode():
            logits = network(torch.tensor([ids])).logits[0, -1]  # (vocabulary,)
        expected = torch.log_softmax(logits, dim=-1)
        body = {"prompt": ids, "n_predict": 1, "n_probs": len(logits), "cache_prompt": False}
        for reply in ask_server(server, "/completion", body).get("completion_probabilities", []):
            found = {entry["id"]: entry["logprob"] for entry in reply["top_logprobs"]}
            likely = [token for token in found if expected[token] > -12]  # the server rounds the others to 0
            assert [found[token] for token in likely] == pytest.approx(
                expected[likely].tolist(), abs=TOLERANCE.get(family, 1e-4)
            )
            compared += len(likely)
    assert compared > 500  # a first token that is half a character has no probabilities in the reply


def test_a_batch_answers_like_one_by_one(student: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "a.sqlite") as one, Store(tmp_path / "b.sqlite") as other:
        together = Student(str(student), one).answer(CONVERSATIONS, 16)
        alone = Student(str(student), other, batch_size=1).answer(CONVERSATIONS, 16)
    assert together == alone
    assert len({answer["text"] for answer in together}) > 1


def test_a_tuned_student_is_merged_and_answers_in_llama_cpp_as_in_transformers(
    workspace: Path, student: Path
) -> None:
    prepare(workspace, student)
    train.main()
    measured = files.read_json(train.METRICS)
    export.main()
    quantize.main()
    proof = files.read_json(quantize.METRICS)["types"]["f16"]
    assert measured["train_loss"] < 1.0 and measured["rows_too_long"] == 0
    assert proof["questions"] == len(LESSONS)
    assert proof["identical"] == proof["key_facts"]["mean"] == 1.0
    form = templates.choose("auto", model.load_tokenizer(export.MERGED))
    text = (quantize.GGUF / "Modelfile").read_text(encoding="utf-8")
    assert rendering.go(form) in text and f'PARAMETER stop "{form.end}"' in text


def prepare(workspace: Path, student: Path) -> None:
    """A workspace in which train, export and quantize can run: lessons to learn, a gate that was passed."""
    lines = [
        {"split": "train", "kind": "pair", "pair_id": q, "messages": conversation(q, a)} for q, a in LESSONS
    ]
    files.write_json_lines(train.ROWS, lines)
    files.write_json(export.GATE, {"verdict": "pass", "rules": []})
    files.write_json(export.EVALUATION, {})
    files.write_json(export.MIX, {"train": 8, "train_kinds": {"pair": 8}})
    files.write_rows(export.DOCUMENTS, [], records.DOCUMENT)
    files.write_rows(export.PAIRS, [], records.SPLIT)
    rows = [
        dict.fromkeys(ANSWER.names)
        | {"question_id": str(at), "slice": "recall", "contender": "tuned", "question": q, "reference": a}
        | {"tokens": 32}
        for at, (q, a) in enumerate(LESSONS)
    ]
    files.write_rows(quantize.QUESTIONS, rows, ANSWER)
    set_params(
        workspace,
        **{
            "student.model": str(student),
            "student.system_prompt": SYSTEM,
            "train.epochs": 40,
            "train.batch_size": 8,
            "train.learning_rate": 0.02,
            "quantize.types": ["f16"],
            "quantize.context_tokens": 256,
        },
    )
