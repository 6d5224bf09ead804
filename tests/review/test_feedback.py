"""Thumbs of users find the pairs that they are about, and are pairs themselves where the documents say so."""

from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.review import decisions, feedback
from slm_factory.review.decisions import Decision
from slm_factory.review.feedback import Feedback
from slm_factory.serve import feedback as served
from tests import rows

CHUNKS = {
    "c1": rows.chunk(text="# Limits\n\nAlpha is 7 bar. Beta is checked every 30 days.\n| Gamma | 9 bar |\n"),
    "c2": rows.chunk(chunk_id="c2", text="The night shift watches the pumps.", headings=[]),
}


def thumb(**changes: object) -> Feedback:
    given = {
        "question": "How often is Beta checked?",
        "answer": "Daily.",
        "rating": "down",
        "chunk_ids": ["c2", "c1"],
    }
    return Feedback.model_validate(given | changes)


def test_what_serve_keeps_is_what_review_reads(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    given = {"question": "q?", "answer": "a", "rating": "up", "correction": "b", "chunk_ids": ["c1"]}
    pair_id = served.save(served.Feedback.model_validate(given), file)
    (read,) = feedback.read(file)
    assert read.pair_id == pair_id and read.model_dump(include=given.keys()) == given | {"chunk_ids": ("c1",)}


def test_a_thumb_is_a_pair_beside_the_sentence_that_speaks_of_it() -> None:
    (pair,) = feedback.pairs([thumb(correction="Every 30 days.")], {}, CHUNKS)
    assert (pair["answer"], pair["chunk_id"]) == ("Every 30 days.", "c1")
    assert pair["evidence"] == "Beta is checked every 30 days." and not pair["is_kept"]


def test_a_thumb_without_a_passage_of_today_is_no_pair() -> None:
    assert feedback.pairs([thumb(chunk_ids=[]), thumb(answer="b", chunk_ids=["gone"])], {}, CHUNKS) == []


def test_a_decision_on_feedback_is_a_pair_without_the_file_of_thumbs() -> None:
    line = Decision(pair_id="t1", decision="approve", question="q?", answer="a", chunk_id="c2")
    gone = Decision(pair_id="t2", decision="approve", question="q?", answer="a", chunk_id="gone")
    made = decisions.latest([line, gone])
    assert [pair["pair_id"] for pair in feedback.pairs([], made, CHUNKS)] == ["t1"]


def test_what_was_decided_on_stays_as_it_was_decided() -> None:
    line = Decision(pair_id=thumb().pair_id, decision="edit", question="q?", answer="30 days.", chunk_id="c1")
    (pair,) = feedback.pairs([thumb()], decisions.latest([line]), CHUNKS)
    assert pair["answer"] == "30 days."


@pytest.mark.parametrize(
    ("text", "question", "answer", "evidence"),
    [
        ("One is 1. Two is 2.\nThree", "What is two?", "Two is 2", "Two is 2."),
        ("| Gamma | 9 bar |\n| Delta | 4 bar |", "Delta?", "4 bar", "| Delta | 4 bar |"),
        ("알파 펌프는 7 bar이다.\n- 점검: 30일", "알파 펌프는 언제 보나요?", "30일마다.", "- 점검: 30일"),
        ("Nothing here.", "XYZ?", "QQQ", ""),
        ("", "What?", "anything", ""),
    ],
)
def test_the_evidence_is_the_sentence_that_says_most_of_it(
    text: str, question: str, answer: str, evidence: str
) -> None:
    assert feedback.quotation(text, question, answer)[1] == evidence


def test_a_question_is_known_whatever_its_spacing_and_particles(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    file.write_text(
        '{"question": "복구 시간은 얼마인가요", "answer": "", "rating": "down", "when": 1}\n'
        '{"question": "복구시간이 얼마인가요?", "answer": "", "rating": "up"}\n'
        '{"question": "What is Alpha?", "answer": "7 bar", "rating": "up"}\n',
        encoding="utf-8",
    )
    counted = feedback.votes(feedback.by_question(feedback.read(file)))
    asked = ["복구 시간은 얼마인가요?", "what is alpha", "What is Beta?"]
    assert feedback.by_pair(asked, counted) == [-1, 1, 0]


def test_without_a_file_there_is_no_feedback(tmp_path: Path) -> None:
    assert feedback.read(tmp_path / "none.jsonl") == []


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    file.write_text('{"question": "q", "answer": "a", "rating": "maybe"}\n')
    with pytest.raises(UserError, match=r"line 1.*rating"):
        feedback.read(file)
