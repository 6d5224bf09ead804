"""Chunks to pairs: wordings, merging, and what happens to chunks that give nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.records import CHUNK, DOCUMENT
from stages import generate
from tests import rows
from tests.conftest import REPOSITORY, set_params
from tests.fake_openai import Response, serving
from tests.fake_teacher import FakeTeacher


@pytest.fixture
def teacher(monkeypatch: pytest.MonkeyPatch) -> FakeTeacher:
    fake = FakeTeacher()
    monkeypatch.setattr(generate.teacher, "load", lambda settings: fake)
    return fake


def prepare(*chunks: files.Row, questions: list[files.Row] | None = None) -> None:
    """Writes the inputs of the stage."""
    files.write_rows(generate.CHUNKS, chunks, CHUNK)
    documents = sorted({chunk["doc_id"] for chunk in chunks})
    files.write_rows(generate.DOCUMENTS, [rows.document(doc_id=name) for name in documents], DOCUMENT)
    files.write_json(generate.FINDINGS, {"documents_with_personal_data": []})
    files.write_json_lines(generate.QUESTIONS, questions or [])


def run(*chunks: files.Row, questions: list[files.Row] | None = None) -> list[files.Row]:
    prepare(*chunks, questions=questions)
    generate.main()
    return files.read_rows(generate.PAIRS)


def metrics() -> dict[str, Any]:
    return files.read_json(generate.METRICS)


def test_each_fact_gives_one_row_per_question_and_uses_its_answers_equally(
    workspace: Path, teacher: FakeTeacher
) -> None:
    set_params(workspace, **{"generate.question_wordings": 5, "generate.answer_wordings": 2})
    pairs = run(rows.chunk(text="Alpha is 7 bar\nBeta is 9 bar"))
    assert [pair["wording"] for pair in pairs] == [0, 1, 2, 3, 4] * 2
    assert len({pair["pair_id"] for pair in pairs}) == 10
    for fact in {pair["fact_id"] for pair in pairs}:
        used = Counter(pair["answer"] for pair in pairs if pair["fact_id"] == fact)
        assert sorted(used.values()) == [2, 3]
    assert all(pair["evidence"] in ("Alpha is 7 bar", "Beta is 9 bar") for pair in pairs)
    assert (metrics()["facts"], metrics()["pairs"]) == (2, 10)


def test_rows_follow_their_chunks(workspace: Path, teacher: FakeTeacher) -> None:
    pairs = run(
        rows.chunk(chunk_id="c1", index=0, text="Beta is 2"),
        rows.chunk(chunk_id="c2", index=1, text="Alpha is 1"),
        rows.chunk(chunk_id="c3", doc_id="b.md", text="Gamma is 3"),
    )
    assert list(dict.fromkeys(pair["chunk_id"] for pair in pairs)) == ["c1", "c2", "c3"]


def test_each_audience_gets_as_many_wordings_and_each_wording_a_number(
    workspace: Path, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeTeacher, "fact", two_audiences)
    set_params(workspace, **{"generate.audiences": ["plain", "expert"], "generate.question_wordings": 3})
    pairs = run(rows.chunk(text="Alpha is 7 bar"))
    assert [(pair["audience"], pair["wording"]) for pair in pairs] == [
        *(("plain", 0), ("plain", 1)),
        *(("expert", 2), ("expert", 3)),
    ]
    assert {pair["answer"] for pair in pairs if pair["audience"] == "plain"} == {"It's 7 bar."}


def two_audiences(self: FakeTeacher, line: str, given: dict[str, Any]) -> dict[str, Any]:
    """Three questions for experts alone, one for both, and one for plain readers alone, asked twice."""
    experts = {"audience": "expert", "questions": ["Q 1?", "Q 2?", "Q 3?", "Q 4?"], "answers": ["A."]}
    plain = {"audience": "plain", "questions": ["Q 3?", "So 1?", "so 1"], "answers": ["It's 7 bar."]}
    return {"kind": "fact", "statement": "S.", "evidence": line, "wordings": [plain, experts]}


def test_a_fact_without_wordings_for_an_audience_keeps_the_others_and_is_counted(
    workspace: Path, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_experts(self: FakeTeacher, line: str, given: dict[str, Any]) -> dict[str, Any]:
        fact = two_audiences(self, line, given)
        return fact | {"wordings": fact["wordings"][1:]}

    monkeypatch.setattr(FakeTeacher, "fact", only_experts)
    set_params(workspace, **{"generate.audiences": ["expert", "plain"]})
    assert {pair["audience"] for pair in run(rows.chunk(text="Alpha is 7 bar"))} == {"expert"}
    assert metrics()["facts_without_an_audience"] == 1


def test_questions_that_the_text_does_not_answer_get_the_students_refusal(
    workspace: Path, teacher: FakeTeacher
) -> None:
    set_params(workspace, **{"generate.abstentions_per_chunk": 1})
    pairs = run(rows.chunk(text="Alpha is 1\nBeta is unknown\nGamma is unknown"))
    abstentions = [pair for pair in pairs if pair["kind"] == "abstain"]
    assert {pair["answer"] for pair in abstentions} == {"The documents do not say."}
    assert {pair["statement"] for pair in abstentions} == {"Beta is unknown."}
    assert (metrics()["cut_abstentions"], metrics()["facts_by_kind"]) == (1, {"abstain": 1, "fact": 1})


def test_a_question_that_another_chunk_answers_is_no_abstention(
    workspace: Path, teacher: FakeTeacher
) -> None:
    set_params(workspace, **{"generate.abstentions_per_chunk": 1})
    pairs = run(rows.chunk(text="Beta is unknown"), rows.chunk(chunk_id="c2", index=1, text="Beta is 2"))
    assert {pair["kind"] for pair in pairs} == {"fact"}
    assert metrics()["answered_abstentions"] == 1
    assert [empty["chunk_id"] for empty in metrics()["chunks_without_facts"]] == ["c1"]


def test_fixed_questions_are_asked_in_the_documents_language_and_the_unanswered_listed(
    workspace: Path, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answers_cost(self: FakeTeacher, line: str, given: dict[str, Any]) -> dict[str, Any]:
        wordings = [{"audience": "expert", "questions": ["Q?"], "answers": ["A."]}]
        category = "cost" if "Alpha" in line else "something else"
        return {
            "kind": "fact",
            "category": category,
            "statement": line,
            "evidence": line,
            "wordings": wordings,
        }

    monkeypatch.setattr(FakeTeacher, "fact", answers_cost)
    set_params(workspace, **{"generate.categories": ["owner"]})
    pairs = run(
        rows.chunk(text="Alpha is 1"),
        rows.chunk(chunk_id="c2", doc_id="b.md", text="Beta is 2"),
        rows.chunk(chunk_id="c3", doc_id="c.md", language="ko", text="감마 is 3"),
        questions=[{"category": "cost", "question": "What does it cost?", "language": "en"}],
    )
    asked = [
        [question["category"] for question in request["input"]["questions"]] for request in teacher.asked
    ]
    assert asked == [["cost", "owner"], ["cost", "owner"], ["owner"]]
    assert teacher.asked[2]["input"]["questions"][0]["question"] == "owner는 무엇인가요?"
    assert [pair["category"] for pair in pairs] == ["cost", "Limits", "Limits"]
    assert metrics()["unanswered_questions"] == [
        {"doc_id": "a.md", "categories": ["owner"]},
        {"doc_id": "b.md", "categories": ["cost", "owner"]},
        {"doc_id": "c.md", "categories": ["owner"]},
    ]


def test_a_fixed_question_that_lacks_something_is_named(workspace: Path, teacher: FakeTeacher) -> None:
    with pytest.raises(UserError, match=r"line 1\.language"):
        run(rows.chunk(), questions=[{"category": "cost", "question": "?", "language": "fr"}])


def test_a_sample_is_proportional_per_folder_and_says_what_it_left_out(
    workspace: Path, teacher: FakeTeacher
) -> None:
    chunks = [
        rows.chunk(
            chunk_id=f"{folder}{number}", doc_id=f"{folder}/x.md", index=number, text=f"{folder}{number} is 1"
        )
        for folder, size in (("a", 8), ("b", 4))
        for number in range(size)
    ]
    set_params(workspace, **{"generate.max_chunks": 6})
    first = {pair["chunk_id"] for pair in run(*chunks)}
    assert sorted(chunk_id[0] for chunk_id in first) == ["a"] * 4 + ["b"] * 2
    assert metrics()["chunks_left_out_by_sampling"] == {"a": 4, "b": 2}
    assert len(teacher.asked) == 6
    set_params(workspace, **{"generate.max_chunks": 6, "generate.sample_seed": 7})
    assert {pair["chunk_id"] for pair in run(*chunks)} != first


def test_the_teacher_is_told_the_domain(workspace: Path, teacher: FakeTeacher) -> None:
    prepare(rows.chunk(text="Alpha is 1"))
    files.write_rows(generate.DOCUMENTS, [rows.document(format="law", meta='{"법령ID": "1"}')], DOCUMENT)
    generate.main()
    set_params(workspace, **{"generate.domain": "incident"})
    generate.main()
    assert [request["input"]["domain"] for request in teacher.asked] == ["statute", "incident"]


@pytest.mark.parametrize(
    ("mode", "is_remote", "warned"), [("report", True, 1), ("mask", True, 0), ("report", False, 0)]
)
def test_personal_data_that_leaves_the_machine_is_warned_of(
    workspace: Path,
    teacher: FakeTeacher,
    caplog: pytest.LogCaptureFixture,
    mode: str,
    is_remote: bool,
    warned: int,
) -> None:
    set_params(workspace, **{"parse.redact": mode})
    teacher.is_remote = is_remote
    prepare(rows.chunk(text="Alpha is 1"))
    files.write_json(generate.FINDINGS, {"documents_with_personal_data": [{"doc_id": "a.md", "email": 1}]})
    generate.main()
    warnings = [record for record in caplog.records if "personal data" in record.message]
    assert len(warnings) == warned


def test_a_fact_stated_twice_in_a_document_is_one_fact_and_in_two_documents_two(
    workspace: Path, teacher: FakeTeacher
) -> None:
    pairs = run(
        rows.chunk(text="Alpha is 1"),
        rows.chunk(chunk_id="c2", index=1, text="Alpha is 1"),
        rows.chunk(chunk_id="c3", doc_id="b.md", text="Alpha is 1"),
    )
    assert {pair["chunk_id"] for pair in pairs} == {"c1", "c3"}
    assert metrics()["merged_facts"] == 1
    assert len({pair["fact_id"] for pair in pairs}) == 2


def test_chunks_without_facts_are_named_with_their_reason(workspace: Path, teacher: FakeTeacher) -> None:
    run(
        rows.chunk(chunk_id="c1", text="Alpha is 1"),
        rows.chunk(chunk_id="c2", index=1, text="nothing here"),
        rows.chunk(chunk_id="c3", index=2, text="FAIL"),
    )
    assert metrics()["chunks_without_facts"] == [
        {"chunk_id": "c2", "doc_id": "a.md", "reason": "the teacher found no fact"},
        {"chunk_id": "c3", "doc_id": "a.md", "reason": "told to fail"},
    ]
    assert metrics()["failed_chunks"] == 1


def test_a_chunk_that_only_repeats_is_named(workspace: Path, teacher: FakeTeacher) -> None:
    run(rows.chunk(text="Alpha is 1"), rows.chunk(chunk_id="c2", index=1, text="Alpha is 1"))
    reason = "its facts were stated before"
    assert metrics()["chunks_without_facts"] == [{"chunk_id": "c2", "doc_id": "a.md", "reason": reason}]


def test_facts_that_could_not_be_read_are_listed_with_their_reason(
    workspace: Path, teacher: FakeTeacher, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = {"facts": [], "left_out": ["fact 1: evidence: Field required"]}
    monkeypatch.setattr(FakeTeacher, "generate", lambda self, given: answer)
    run(rows.chunk())
    assert metrics()["unreadable_facts"] == [
        {"chunk_id": "c1", "doc_id": "a.md", "reason": "fact 1: evidence: Field required"}
    ]


def test_facts_above_the_limit_are_cut_and_counted(workspace: Path, teacher: FakeTeacher) -> None:
    set_params(workspace, **{"generate.max_facts_per_chunk": 2})
    run(rows.chunk(text="\n".join(f"Name{number} is {number}" for number in range(5))))
    assert (metrics()["facts"], metrics()["cut_facts"]) == (2, 3)


def test_outputs_are_the_same_bytes_when_answers_are_remembered(
    workspace: Path, teacher: FakeTeacher
) -> None:
    outputs = (generate.PAIRS, generate.ANSWERS, generate.METRICS)
    run(rows.chunk(text="Alpha is 1"))
    first = [path.read_bytes() for path in outputs]
    for path in outputs:
        path.unlink()
    run(rows.chunk(text="Alpha is 1"))
    assert [path.read_bytes() for path in outputs] == first
    assert len(teacher.asked) == 1


def test_an_added_document_costs_one_request_and_a_removed_one_none(
    workspace: Path, teacher: FakeTeacher
) -> None:
    old = rows.chunk(text="Alpha is 1")
    run(old)
    run(old, rows.chunk(chunk_id="c9", doc_id="z.md", text="Zeta is 9"))
    assert len(teacher.asked) == 2
    assert {pair["doc_id"] for pair in run(old)} == {"a.md"}
    assert len(teacher.asked) == 2


CHUNKS, CONCURRENCY = 12, 3


def answer(number: int) -> Response:
    wordings = {"audience": "expert", "questions": [f"Is unit {number} on?"], "answers": ["It is on."]}
    fact = {
        **{"kind": "fact", "statement": f"Unit {number} is on.", "evidence": f"Unit {number} is on."},
        **{"category": "", "wordings": [wordings]},
    }
    return Response(json.dumps({"facts": [fact]}), prompt_tokens=1500)


def stage_process(url: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OPENAI_BASE_URL": url, "PYTHONPATH": str(REPOSITORY)}
    return subprocess.Popen(
        [sys.executable, "-m", "stages.generate"], env=environment, stderr=subprocess.PIPE
    )


def prompt(request: dict[str, Any]) -> str:
    return request["messages"][1]["content"]


@pytest.mark.slow
def test_a_killed_run_goes_on_without_asking_twice_but_for_what_was_in_flight(workspace: Path) -> None:
    set_params(
        workspace,
        **{"teacher.backend": "openai", "teacher.model": "m", "teacher.concurrency": CONCURRENCY},
    )
    (workspace / "prompts").symlink_to(REPOSITORY / "prompts")
    chunks = [rows.chunk(chunk_id=f"c{n}", index=n, text=f"Unit {n} is on.") for n in range(CHUNKS)]
    prepare(*chunks)
    half = CHUNKS // 2
    all_in_flight = threading.Event()
    in_flight: list[str] = []
    lock = threading.Lock()
    killed = threading.Event()

    def respond(request: dict[str, Any], number: int) -> Response:
        if number >= half and not killed.is_set():  # the second half is asked for, and gets no answer
            with lock:
                in_flight.append(prompt(request))
                if len(in_flight) == CONCURRENCY:
                    all_in_flight.set()
            killed.wait(60)
        return answer(int(prompt(request).split("Unit ")[1].split(" ")[0]))

    with serving(respond) as server:
        first = stage_process(server.url)
        assert all_in_flight.wait(60)
        first.send_signal(signal.SIGKILL)
        first.wait()
        killed.set()
        assert not generate.PAIRS.exists()
        second = stage_process(server.url)
        _, log = second.communicate(timeout=60)
    assert second.returncode == 0, log.decode()
    asked = Counter(map(prompt, server.requests))
    assert len(asked) == CHUNKS
    assert {text for text, times in asked.items() if times > 1} <= set(in_flight)
    assert asked.total() <= CHUNKS + CONCURRENCY
    assert f"remembered {half}" in log.decode()
    assert len(files.read_rows(generate.PAIRS)) == CHUNKS
    set_params(workspace, **{"teacher.concurrency": 1})
    undisturbed = generate.PAIRS.read_bytes()
    third = subprocess.run(
        [sys.executable, "-m", "stages.generate"],
        env={**os.environ, "OPENAI_BASE_URL": "http://127.0.0.1:9", "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        check=False,
    )
    assert third.returncode == 0, "a run in which all is remembered needs no server"
    assert generate.PAIRS.read_bytes() == undisturbed


@pytest.mark.slow
def test_a_server_that_is_down_ends_the_stage_in_two_lines(workspace: Path) -> None:
    set_params(workspace, **{"teacher.backend": "openai"})
    (workspace / "prompts").symlink_to(REPOSITORY / "prompts")
    prepare(rows.chunk())
    with serving(lambda request, number: Response(status=401, body="{}")) as server:
        process = stage_process(server.url)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert len(log.decode().splitlines()) == 2
    assert "OPENAI_API_KEY" in log.decode()
    assert not generate.PAIRS.exists()
