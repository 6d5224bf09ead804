"""`slm-factory eval run` and `eval compare`: any model on the held-out questions, two side by side."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from slm_factory.cli import eval_compare, eval_run
from slm_factory.core import files, records
from slm_factory.core.errors import UserError
from slm_factory.student.generate import Student
from stages import evaluate
from tests import fake_ollama, fake_openai, rows, tiny_student
from tests.conftest import set_params
from tests.fake_openai import Response
from tests.tiny_student import LESSONS, SYSTEM


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_student.make(tmp_path_factory.mktemp("student"), steps=60)


@pytest.fixture
def asked(workspace: Path, student: Path) -> Path:
    """A workspace with two recall questions, one abstain, one general question and one text."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    pairs = [
        rows.split(split="test", pair_id=f"p{at}", fact_id=f"f{at}", language="ko", category=f"제{at}장")
        | {"question": LESSONS[at][0], "answer": LESSONS[at][1]}
        for at in (0, 1)
    ]
    files.write_rows(evaluate.PAIRS, pairs, records.SPLIT)
    abstain = {"split": "test", "language": "ko", "question": LESSONS[7][0]}
    general = {"split": "test", "language": "en", "question": LESSONS[6][0], "answer": LESSONS[6][1]}
    files.write_json_lines(evaluate.ABSTAIN, [abstain])
    files.write_json_lines(evaluate.GENERAL, [general])
    files.write_json_lines(evaluate.TEXTS, [{"language": "en", "text": "Logs are kept."}])
    set_params(
        workspace,
        **{
            "student.model": str(student),
            "student.system_prompt": SYSTEM,
            "student.refusal_ko": LESSONS[7][1],
        },
        **{"evaluate.max_new_tokens": 32},
    )
    return workspace


def run(model: str, capsys: pytest.CaptureFixture[str]) -> Any:
    eval_run.eval_run(model, as_json=True)
    return json.loads(capsys.readouterr().out)


def test_the_base_student_is_asked_and_its_answers_are_kept(
    asked: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = run("base", capsys)
    assert told["slices"]["recall"]["base"]["key_facts"]["mean"] == 1.0
    assert told["slices"]["abstain"]["base"]["refusal"]["mean"] == 1.0
    assert told["slices"]["text"]["base"]["perplexity"]["mean"] > 1
    kept = files.read_rows(Path(told["answers"]))
    assert {row["slice"] for row in kept} == {"recall", "abstain", "general", "text"}
    assert {row["category"] for row in kept if row["slice"] == "recall"} == {"제0장", "제1장"}


def test_a_folder_is_the_model_in_it(asked: Path, student: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(str(student), capsys)
    assert told["slices"]["recall"][str(student)]["key_facts"]["mean"] == 1.0
    assert Path(told["answers"]).parent == eval_run.FOLDER


def test_the_table_names_the_model(asked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    eval_run.eval_run("base")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["slice", "held-out", "questions", "number", "base"]
    assert re.fullmatch(
        r"[\d,]+ tokens per second; an answer takes [\d.]+ s \(median; slowest [\d.]+ s\): "
        r"4 answers, each alone",
        lines[-3],
    )
    assert next(line for line in lines if line.startswith("recall")).endswith("1.00 (1.00-1.00)")


def test_a_server_s_model_is_asked_in_free_text_and_remembered(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = dict(LESSONS)

    def respond(body: dict[str, Any], number: int) -> Response:
        return Response(known[body["messages"][-1]["content"]])

    with fake_openai.serving(respond) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        told = run("openai:big/model:8b", capsys)
        again = run("openai:big/model:8b", capsys)
    assert (told["speed"]["answers"], again["speed"]) == (4, None)  # what is remembered takes no time
    assert told | {"speed": None} == again and len(server.requests) == 4
    assert told["slices"]["recall"]["openai:big/model:8b"]["key_facts"]["mean"] == 1.0
    assert Path(told["answers"]).name == "openai-big-model-8b.parquet"
    assert all("response_format" not in request for request in server.requests)
    assert {request["model"] for request in server.requests} == {"big/model:8b"}
    assert {request["temperature"] for request in server.requests} == {0.0}
    assert [message["role"] for message in server.requests[0]["messages"]] == ["system", "user"]


def test_a_model_of_ollama_is_asked_under_its_whole_name(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    known = dict(LESSONS)

    def respond(body: dict[str, Any], number: int) -> fake_ollama.Answer:
        return fake_ollama.Answer(known[body["messages"][-1]["content"]])

    with fake_ollama.serving(respond, {"big/slm:8b": fake_ollama.Model()}) as server:
        monkeypatch.setenv("OLLAMA_HOST", server.url)
        told = run("ollama:big/slm:8b", capsys)
    assert told["slices"]["recall"]["ollama:big/slm:8b"]["key_facts"]["mean"] == 1.0
    chats = [request for request in server.requests if "messages" in request]
    assert {request["model"] for request in chats} == {"big/slm:8b"} and len(chats) == 4
    assert {request["options"]["temperature"] for request in chats} == {0.0}
    assert all(request["options"]["num_ctx"] >= 2048 and "format" not in request for request in chats)


def test_an_unanswered_question_is_an_error_and_the_others_are_paid_once(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    is_broken = True

    def respond(body: dict[str, Any], number: int) -> Response:
        if is_broken and body["messages"][-1]["content"] == LESSONS[1][0]:
            return Response(status=400, body='{"error": {"message": "no such thing"}}')
        return Response("ok")

    with fake_openai.serving(respond) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        with pytest.raises(UserError, match="1 of 4 questions unanswered"):
            eval_run.eval_run("openai:m")
        is_broken = False
        before = len(server.requests)
        run("openai:m", capsys)
        assert len(server.requests) == before + 1


@pytest.mark.slow
def test_a_gguf_answers_as_the_student_that_it_was_made_of(
    asked: Path, student: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from slm_factory.student import gguf

    gguf.write(student, asked / "model.gguf", "f16", name="tiny")
    told = run("gguf:model.gguf", capsys)
    assert told["slices"]["recall"]["gguf:model.gguf"]["key_facts"]["mean"] == 1.0
    assert "answer_loss" not in told["slices"]["recall"]["gguf:model.gguf"]


def test_what_is_no_model_is_told_with_what_to_do(asked: Path) -> None:
    with pytest.raises(UserError, match=r"there is no tuned model yet\nhint: .* run --until train"):
        eval_run.eval_run("tuned")
    with pytest.raises(UserError, match=r"there is no champion\nhint: set gate\.champion"):
        eval_run.eval_run("champion")


ANSWERS = {"right": "Alpha is 7 bar.", "wrong": "Alpha is 9 bar."}


def answer(contender: str, number: int, key_facts: float, **changes: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(records.ANSWER.names, "")
    row |= {
        "contender": contender,
        "question_id": f"q{number}",
        "slice": "recall",
        "is_new": False,
        "key_facts": key_facts,
    }
    row |= {"question": f"Question {number}?", "reference": "Alpha is 7 bar.", "doc_id": f"{number % 2}.md"}
    row |= {"answer": ANSWERS["right" if key_facts == 1 else "wrong"], "category": "Limits", "tokens": 4}
    floats = ("rouge_1", "rouge_2", "rouge_l", "bleu", "chrf", "exact", "answer_loss")
    return row | dict.fromkeys(floats, 0.5) | {"is_refusal": False, "is_judged_correct": None} | changes


@pytest.fixture
def evaluated(workspace: Path) -> Path:
    """Answers to ten questions: base is right on one, tuned on eight, of which one is not that one."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    found = [answer("base", number, float(number == 0)) for number in range(10)]
    found += [answer("tuned", number, float(1 <= number <= 8)) for number in range(10)]
    files.write_rows(evaluate.ANSWERS, found, records.ANSWER)
    return workspace


def compare(capsys: pytest.CaptureFixture[str], **how: Any) -> Any:
    eval_compare.eval_compare("base", "tuned", as_json=True, **how)
    return json.loads(capsys.readouterr().out)


def test_wins_losses_and_ties_are_counted_with_a_sign_test(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = compare(capsys, page=None)
    found = told["slice"]["recall"]
    assert (found["n"], found["wins"], found["losses"], found["ties"]) == (10, 8, 1, 1)
    assert found["p"] == round(2 * (1 + 9) / 2**9, 6)
    assert (found["base"], found["ft"], found["gain"]["mean"]) == (0.1, 0.8, 0.7)
    assert set(told["category"]) == {"Limits"} and set(told["document"]) == {"0.md", "1.md"}
    assert told["document"]["0.md"]["n"] == 5


class Cells(HTMLParser):
    """Classes and texts of table cells, also of those that head a row, and every tag and attribute."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[list[str]] = []
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.is_in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "td" or (tag == "th" and ("scope", "row") in attrs):
            self.is_in_cell = True
            self.cells.append([dict(attrs).get("class") or "", ""])

    def handle_endtag(self, tag: str) -> None:
        self.is_in_cell = self.is_in_cell and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.is_in_cell:
            self.cells[-1][1] += data


def test_the_page_shows_each_answer_in_its_colour(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(compare(capsys, page=None)["page"])
    assert page == eval_run.FOLDER / "base-tuned.html"
    cells = Cells(page.read_text(encoding="utf-8")).cells
    assert cells.count(["good", f"✓ {ANSWERS['right']}"]) == 9
    assert cells.count(["bad", f"✗ {ANSWERS['wrong']}"]) == 11


def test_the_page_says_first_what_got_worse_and_colours_no_gain_of_few_questions(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = Path(compare(capsys, page=None)["page"]).read_text(encoding="utf-8")
    assert "10 questions. tuned is better on 8, base on 1, 1 are equal." in page
    cells = Cells(page).cells
    numbers = [text[9] for style, text in cells if not style and text.startswith("Question ")]
    assert numbers == ["0", "9", "1", "2", "3", "4", "5", "6", "7", "8"]  # worse, both wrong, better
    gains = {text.split()[0]: style for style, text in cells if "[" in text}
    assert gains["+0.70"] == "n good"  # 8 to 1: p 0.039
    assert gains["+0.60"] == gains["+0.80"] == "n "  # of five questions: p over 0.05


def test_the_page_runs_nothing_and_loads_nothing_whatever_a_model_says(
    evaluated: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hostile = "<script>alert(1)</script><img src=//example.com/x onerror=a> $title &amp;"
    found = [
        answer(name, 0, 1.0, answer=hostile, category=hostile, doc_id=hostile) for name in ("base", "tuned")
    ]
    files.write_rows(evaluate.ANSWERS, found, records.ANSWER)
    place = evaluated / "page.html"
    compare(capsys, page=place)
    text = place.read_text(encoding="utf-8")
    read = Cells(text)
    assert not read.tags & {"img", "link", "iframe", "a"}
    assert text.count("<script") == 1  # the choice of language
    assert not {name for name in read.attributes if name.startswith("on") or name in ("src", "href")}
    assert [text for _, text in read.cells if hostile in text]
    assert not re.search(r"url\(|@import", text)


def test_the_table_says_what_the_numbers_are(evaluated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    eval_compare.eval_compare("base", "tuned")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["slice", "n", "base", "tuned", "gain", "won/lost/tied", "p"]
    assert lines[1].split()[:4] == ["recall", "10", "0.10", "0.80"]
    assert lines[1].split()[-2:] == ["8/1/1", "0.039"]


def test_of_many_categories_those_are_shown_that_gained_least(
    evaluated: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = [answer("base", number, 0.0, category=f"C{number:02}") for number in range(12)]
    found += [answer("tuned", number, float(number > 0), category=f"C{number:02}") for number in range(12)]
    files.write_rows(evaluate.ANSWERS, found, records.ANSWER)
    eval_compare.eval_compare("base", "tuned")
    shown = re.findall(r"^C\d\d", capsys.readouterr().out, re.M)
    assert shown == [f"C{number:02}" for number in range(10)]
    assert len(compare(capsys, page=None)["category"]) == 12


def test_a_model_that_was_not_asked_is_told_with_the_command_that_asks_it(evaluated: Path) -> None:
    with pytest.raises(UserError, match=r"hint: .* eval run --model ollama:x"):
        eval_compare.eval_compare("base", "ollama:x")


def test_models_without_a_common_question_are_refused(evaluated: Path) -> None:
    files.write_rows(eval_run.answers_of("m"), [answer("m", 99, 1.0)], records.ANSWER)
    with pytest.raises(UserError, match="no question in common"):
        eval_compare.eval_compare("base", "m")


def test_the_student_is_not_loaded_again_for_what_it_answered(
    asked: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    first = run("base", capsys) | {"speed": None}
    monkeypatch.setattr(Student, "load", lambda self: pytest.fail("loaded the model"))
    assert run("base", capsys) == first
