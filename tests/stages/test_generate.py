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


def run(*chunks: files.Row) -> list[files.Row]:
    files.write_rows(generate.CHUNKS, chunks, CHUNK)
    documents = sorted({chunk["doc_id"] for chunk in chunks})
    files.write_rows(generate.DOCUMENTS, [rows.document(doc_id=name) for name in documents], DOCUMENT)
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


def test_rows_follow_the_documents_whatever_order_the_chunks_come_in(
    workspace: Path, teacher: FakeTeacher
) -> None:
    chunks = [
        rows.chunk(chunk_id="c3", doc_id="b.md", text="Gamma is 3"),
        rows.chunk(chunk_id="c2", index=1, text="Beta is 2"),
        rows.chunk(chunk_id="c1", index=0, text="Alpha is 1"),
    ]
    pairs = run(*chunks)
    assert list(dict.fromkeys(pair["chunk_id"] for pair in pairs)) == ["c1", "c2", "c3"]
    written = generate.PAIRS.read_bytes()
    run(*reversed(chunks))
    assert generate.PAIRS.read_bytes() == written


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
    fact = {
        **{"kind": "fact", "statement": f"Unit {number} is on.", "evidence": f"Unit {number} is on."},
        **{"questions": [f"Is unit {number} on?"], "answers": ["It is on."]},
    }
    return Response(json.dumps({"facts": [fact]}))


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
    files.write_rows(generate.CHUNKS, chunks, CHUNK)
    files.write_rows(generate.DOCUMENTS, [rows.document()], DOCUMENT)
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
    files.write_rows(generate.CHUNKS, [rows.chunk()], CHUNK)
    files.write_rows(generate.DOCUMENTS, [rows.document()], DOCUMENT)
    with serving(lambda request, number: Response(status=401, body="{}")) as server:
        process = stage_process(server.url)
        _, log = process.communicate(timeout=60)
    assert process.returncode == 2
    assert len(log.decode().splitlines()) == 2
    assert "OPENAI_API_KEY" in log.decode()
    assert not generate.PAIRS.exists()
