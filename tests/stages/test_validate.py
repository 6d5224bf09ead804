"""Each rule rejects what it names and nothing else; rejected pairs stay with their reasons."""

import time
import unicodedata
from pathlib import Path

import pytest

from slm_factory.core import files, params
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, PAIR
from stages import validate
from tests import rows
from tests.conftest import REPOSITORY

SETTINGS = params.load("validate", validate.Params, REPOSITORY / "params.yaml")
KO_TEXT = "복구 시간은 30분이고, 담당은 결제팀이다. 단위 시험은 3번 한다."


def ko(**changes: object) -> Row:
    return rows.pair(
        **{
            "language": "ko",
            "question": "나루결제의 복구 시간은 얼마인가요?",
            "answer": "나루결제의 복구 시간은 30분입니다.",
            "statement": "나루결제의 복구 시간은 30분이다.",
            "evidence": "복구 시간은 30분",
        }
        | changes
    )


def reasons(pair: Row, text: str = "") -> list[str]:
    chunk = rows.chunk(text=text or (KO_TEXT if pair["language"] == "ko" else "Alpha is 7 bar."))
    return validate.validate([pair], {"c1": chunk}, SETTINGS)[0]["reasons"]


@pytest.mark.parametrize("pair", [rows.pair(), ko()])
def test_right_pairs_are_kept(pair: Row) -> None:
    assert reasons(pair) == []


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        (rows.pair(answer=" "), "empty"),
        (rows.pair(question="7?"), "question length"),
        (rows.pair(question="Is it " + "very " * 60 + "high?"), "question length"),
        (rows.pair(answer="7"), "answer length"),
        (ko(question="What is the recovery time?"), "language"),
        (ko(answer="The recovery time is 30 minutes."), "language"),
        (rows.pair(question="알파의 한계는 얼마인가요?"), "language"),
        (rows.pair(answer="알파는 7 bar입니다."), "language"),
        (rows.pair(answer="I'm sorry, Alpha is not given."), "boilerplate"),
        (rows.pair(answer="According to the document, Alpha is 7 bar."), "boilerplate"),
        (ko(answer="죄송하지만 알 수 없습니다."), "boilerplate"),
        (ko(answer="제공된 문서에 따르면 복구 시간은 30분입니다."), "boilerplate"),
        (rows.pair(question="What is the limit in this document?"), "dangling reference"),
        (rows.pair(answer="As mentioned above, it is 7 bar."), "dangling reference"),
        (ko(question="이 문서에서 복구 시간은 얼마인가요?"), "dangling reference"),
        (ko(question="위 표의 복구 시간은 얼마인가요?"), "dangling reference"),
        (ko(answer="앞서 말한 복구 시간은 30분입니다."), "dangling reference"),
        (ko(answer="복구 절차는 다음과 같습니다."), "dangling reference"),
        (ko(question="복구 시간이 30분인 나루결제는 어떤가요?"), "question gives the answer away"),
        (rows.pair(question="Alpha is 7 bar, is it?"), "question gives the answer away"),
        (rows.pair(evidence="Alpha is 7 bars"), "evidence not in the chunk"),
        (rows.pair(evidence=""), "no evidence"),
        (rows.pair(answer="Alpha is 8 bar."), "number without evidence"),
        (ko(answer="나루결제의 복구 시간은 45분입니다."), "number without evidence"),
    ],
)
def test_each_rule_rejects_what_it_names(pair: Row, reason: str) -> None:
    assert reasons(pair) == [reason]


@pytest.mark.parametrize(
    "answer",
    [
        "A backup that was not provided in time is 7 bar.",  # a refusal's words inside a fact
        "Alpha counts above 7 bar.",
        "This section of pipe takes 7 bar."[5:].capitalize(),
    ],
)
def test_refusal_words_and_above_inside_a_sentence_are_no_reason(answer: str) -> None:
    assert reasons(rows.pair(answer=answer)) == []


@pytest.mark.parametrize(
    "answer",
    [
        "단위 시험은 30분 합니다.",
        "이 표준은 30분입니다.",
        "다음 표시등은 30분 켜집니다.",
        "상위 팀은 30분 안에 받습니다.",
    ],
)
def test_words_that_only_begin_like_a_reference_are_kept(answer: str) -> None:
    assert reasons(ko(answer=answer)) == []


def test_an_answer_in_latin_letters_is_korean_enough_where_the_source_says_just_that() -> None:
    pair = ko(question="암호화 방식은 무엇인가요?", answer="AES-256.", evidence="암호화 방식: AES-256")
    assert reasons(pair, "암호화 방식: AES-256") == []


def test_evidence_may_differ_in_line_breaks_and_unicode_form() -> None:
    assert reasons(ko(evidence=unicodedata.normalize("NFD", "복구\n시간은   30분"))) == []


def test_numbers_may_come_from_the_question_or_the_headings() -> None:
    pair = rows.pair(question="What is the limit of Alpha 12?", answer="Alpha 12 is 7 bar in 2025.")
    chunk = rows.chunk(headings=["Plan 2025"])
    assert validate.validate([pair], {"c1": chunk}, SETTINGS)[0]["is_kept"]


def kept_and_reasons(pairs: list[Row]) -> dict[str, list[str]]:
    text = " ".join(pair["evidence"] for pair in pairs)
    result = validate.validate(pairs, {"c1": rows.chunk(text=text)}, SETTINGS)
    assert all(row["is_kept"] == (not row["reasons"]) for row in result)
    return {row["pair_id"]: row["reasons"] for row in result}


def test_a_fact_repeated_in_another_document_is_kept_once_by_document() -> None:
    later = rows.pair(pair_id="p2", fact_id="f2", doc_id="b.md", question="Say the limit of Alpha.")
    assert kept_and_reasons([later, rows.pair()]) == {"p2": ["duplicate"], "p1": []}


def test_one_question_with_two_answers_is_rejected_on_both_sides() -> None:
    other = rows.pair(
        **{"pair_id": "p2", "fact_id": "f2", "answer": "Alpha is 9 bar.", "statement": "Alpha is 9 bar."},
        **{"evidence": "Alpha is 9 bar.", "question": "what is the limit of alpha"},
    )
    assert kept_and_reasons([rows.pair(), other]) == {
        "p1": ["ambiguous question"],
        "p2": ["ambiguous question"],
    }


def test_one_question_with_one_answer_from_two_facts_is_kept_once() -> None:
    other = rows.pair(pair_id="p2", fact_id="f2", statement="The limit of Alpha is 7 bar.")
    assert kept_and_reasons([rows.pair(), other]) == {"p1": [], "p2": ["duplicate question"]}


LONG = "Which pressure limit applies to the main supply line of the Alpha unit in the northern machine hall"


def test_a_near_duplicate_with_the_same_answer_is_rejected() -> None:
    one = rows.pair(question=f"{LONG}?")
    other = rows.pair(pair_id="p2", fact_id="f2", question=f"{LONG}s?", statement="Limit of Alpha: 7 bar.")
    assert kept_and_reasons([one, other]) == {"p1": [], "p2": ["near duplicate"]}


def test_alike_questions_about_other_names_numbers_or_values_are_kept() -> None:
    def about(pair_id: str, question: str, answer: str) -> Row:
        return rows.pair(
            pair_id=pair_id,
            fact_id=pair_id,
            question=question,
            answer=answer,
            statement=answer,
            evidence=answer,
        )

    pairs = [
        about("p1", f"{LONG}?", "Alpha is 7 bar."),
        about("p2", f"{LONG}s?", "Alpha is 8 bar."),
        about("p3", f"{LONG} 2?", "Limit: 7 bar."),
        about("p4", f"{LONG} 3?", "Limit: 7 bar!"),
    ]
    found = kept_and_reasons([*pairs[:3], {**pairs[3], "statement": "other"}])
    assert found == {"p1": [], "p2": [], "p3": [], "p4": []}


def test_wordings_of_one_fact_are_family_not_duplicates() -> None:
    wordings = [rows.pair(pair_id=f"p{n}", question=f"{LONG}{'s' * n}?") for n in range(3)]
    assert all(found == [] for found in kept_and_reasons(wordings).values())


def test_all_rows_are_written_with_reasons_and_counted(workspace: Path) -> None:
    files.write_rows(validate.CHUNKS, [rows.chunk()], CHUNK)
    bad = rows.pair(pair_id="p2", answer="Alpha is 8 bar.", question="How high may Alpha go?")
    files.write_rows(validate.PAIRS, [rows.pair(), bad], PAIR)
    validate.main()
    written = files.read_rows(validate.VALIDATED_PAIRS)
    assert [(row["pair_id"], row["is_kept"], row["reasons"]) for row in written] == [
        ("p1", True, []),
        ("p2", False, ["number without evidence"]),
    ]
    assert files.read_json(validate.METRICS) == {
        **{"pairs": 2, "kept": 1, "rejected": 1, "facts": 1, "kept_facts": 1},
        "reasons": {"number without evidence": 1},
    }


def test_ten_thousand_alike_questions_are_compared_in_seconds() -> None:
    """Comparing all of them takes minutes: 50 million pairs of sets."""
    pairs = [
        rows.pair(pair_id=f"p{n}", fact_id=f"f{n}", question=f"What is the limit of unit {n * 7919}x?")
        for n in range(10_000)
    ]
    started = time.process_time()
    validate.near_duplicates(pairs, 0.95)
    assert time.process_time() - started < 20
