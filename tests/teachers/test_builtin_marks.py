"""Marks by rule: a right pair gets 5, a wrong number or an unsupported answer at most 2."""

import pytest

from slm_factory.teachers.builtin.teacher import solve
from slm_factory.teachers.tasks import (
    GenerateAnswer,
    GenerateInput,
    Language,
    Mark,
    ScoreAnswer,
    ScoreInput,
    Turn,
)

SOURCE = """## 시스템별 임계값

| 시스템 | 지표 | 주의 임계값 | 심각 임계값 |
|---|---|---|---|
| 나루결제 | 승인 시간 | 1.5초 | 4초 |
| 바람배송 | 실패율 | 3% | 9% |

## 결제 데이터베이스

- 복구 목표 시간: 30분
- 담당 팀: 결제팀

격리는 감염된 기기를 망에서 떼어 내는 조치이다.
"""
ROW = "| 나루결제 | 승인 시간 | 1.5초 | 4초 |"


def marks(
    question: str,
    answer: str,
    evidence: str,
    language: Language = "ko",
    source: str = SOURCE,
    is_abstention: bool = False,
) -> Mark:
    scored = solve(
        ScoreInput(
            source=source,
            evidence=evidence,
            pairs=(Turn(question=question, answer=answer),),
            language=language,
            is_abstention=is_abstention,
        )
    )
    assert isinstance(scored, ScoreAnswer)
    return scored.marks[0]


def mark(question: str, answer: str, evidence: str, language: Language = "ko", source: str = SOURCE) -> int:
    given = marks(question, answer, evidence, language, source)
    return min(given.faithfulness, given.completeness, given.usefulness)


@pytest.mark.parametrize(
    ("question", "answer", "evidence"),
    [
        ("나루결제의 심각 임계값은 얼마인가요?", "나루결제의 심각 임계값은 4초입니다.", ROW),
        ("결제 데이터베이스의 복구 목표 시간은?", "복구 목표 시간은 30분이에요.", "- 복구 목표 시간: 30분"),
        (
            "결제 데이터베이스의 담당 팀은?",
            "결제 데이터베이스의 담당 팀은 결제팀입니다.",
            "- 담당 팀: 결제팀",
        ),
        (
            "격리란 무엇인가요?",
            "격리란 감염된 기기를 망에서 떼어 내는 조치를 말합니다.",
            "격리는 감염된 기기를 망에서 떼어 내는 조치이다.",
        ),
    ],
)
def test_a_right_pair_gets_five(question: str, answer: str, evidence: str) -> None:
    assert mark(question, answer, evidence) == 5


@pytest.mark.parametrize(
    ("question", "answer", "evidence"),
    [
        # another number, another unit, the neighbouring cell, another name, nothing of the source
        ("복구 목표 시간은 얼마인가요?", "복구 목표 시간은 45분입니다.", "- 복구 목표 시간: 30분"),
        ("복구 목표 시간은 얼마인가요?", "복구 목표 시간은 30시간입니다.", "- 복구 목표 시간: 30분"),
        ("나루결제의 심각 임계값은 얼마인가요?", "나루결제의 심각 임계값은 1.5초입니다.", ROW),
        ("결제 데이터베이스의 담당 팀은 어디인가요?", "담당 팀은 정산팀입니다.", "- 담당 팀: 결제팀"),
        (
            "격리란 무엇인가요?",
            "격리는 고객에게 문자를 보내 알리는 시스템입니다.",
            "격리는 감염된 기기를 망에서 떼어 내는 조치이다.",
        ),
        ("복구 목표 시간은 얼마인가요?", "복구 목표 시간은 30분입니다.", "- 복구 목표 시간: 30분 이내"),
        (
            "격리란 무엇인가요?",
            "Isolation takes a device off the network.",
            "격리는 감염된 기기를 망에서 떼어 내는 조치이다.",
        ),
    ],
)
def test_a_wrong_pair_gets_two_at_most(question: str, answer: str, evidence: str) -> None:
    assert mark(question, answer, evidence) <= 2


@pytest.mark.parametrize(
    ("question", "answer"), [("", "30분입니다."), ("시간은?", " "), ("시간은 얼마", "시간은 얼마.")]
)
def test_an_empty_or_repeated_pair_gets_one(question: str, answer: str) -> None:
    assert mark(question, answer, "- 복구 목표 시간: 30분") == 1


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("이 문서에서 복구 목표 시간은 얼마인가요?", "복구 목표 시간은 30분입니다."),
        ("위의 표에서 복구 목표 시간은 얼마인가요?", "복구 목표 시간은 30분입니다."),
    ],
)
def test_a_pair_that_points_at_its_document_is_faithful_and_of_no_use(question: str, answer: str) -> None:
    given = marks(question, answer, "- 복구 목표 시간: 30분")
    assert (given.faithfulness, given.completeness, given.usefulness) == (5, 5, 2)
    assert given.reason == "the pair points at its document"


def test_an_answer_without_news_is_not_complete() -> None:
    given = marks("결제 데이터베이스의 담당 팀은?", "결제 데이터베이스의 담당 팀이에요.", "- 담당 팀: 결제팀")
    assert given.completeness == 2


def test_an_answer_that_leaves_out_a_part_of_the_value_is_not_complete() -> None:
    source = "- 보고 방법: 상황실에 전화로 알린 뒤 양식을 채워 전자우편으로 보낸다"
    given = marks(
        "상황실의 보고 방법은?", "보고 방법은 상황실에 전화로 알리는 것입니다.", source, source=source
    )
    assert given.completeness == 3
    assert "leaves out" in given.reason


def test_each_pair_of_a_fact_gets_its_own_marks_in_order() -> None:
    question = "복구 목표 시간은 얼마인가요?"
    pairs = tuple(
        Turn(question=question, answer=f"복구 목표 시간은 {time}입니다.") for time in ("30분", "9분")
    )
    task = ScoreInput(source=SOURCE, evidence="- 복구 목표 시간: 30분", pairs=pairs, language="ko")
    scored = solve(task)
    assert isinstance(scored, ScoreAnswer)
    assert [given.faithfulness for given in scored.marks] == [5, 2]


def test_a_refusal_is_right_where_the_source_lacks_a_word_of_the_question() -> None:
    refusal, line = "제공된 문서에서 확인할 수 없는 내용입니다.", "- 복구 목표 시간: 30분"
    asked = "결제 데이터베이스의 복구 목표 시간 달성률은 얼마인가요?"
    assert marks(asked, refusal, line, is_abstention=True).faithfulness == 5
    asked = "결제 데이터베이스의 복구 목표 시간은 얼마인가요?"
    assert marks(asked, refusal, line, is_abstention=True).faithfulness == 2


def test_more_unsupported_words_never_raise_the_mark() -> None:
    words = ["감염된", "기기를", "망에서", "떼어", "내는", "조치"]
    false = ["고객에게", "문자를", "보내서", "알리는", "새로운", "시스템"]
    marks = [
        mark(
            "격리란?",
            "격리는 " + " ".join(false[:count] + words[count:]) + "입니다.",
            "격리는 감염된 기기를 망에서 떼어 내는 조치이다.",
        )
        for count in range(len(words) + 1)
    ]
    assert marks == sorted(marks, reverse=True)
    assert (marks[0], marks[-1]) == (5, 2)


def test_english_pairs_are_marked_alike() -> None:
    source = "## Gateway certificate\n\n- Owner: payment team\n- Lifetime: 13 months\n"
    question = "What is the lifetime of the gateway certificate?"
    assert (
        mark(
            question,
            "The gateway certificate's lifetime is 13 months.",
            "- Lifetime: 13 months",
            "en",
            source,
        )
        == 5
    )
    assert mark(question, "Its lifetime is 13 days.", "- Lifetime: 13 months", "en", source) <= 2
    assert mark(question, "게이트웨이 인증서는 13 months입니다.", "- Lifetime: 13 months", "en", source) <= 3


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_teacher_signs_all_of_its_own_pairs(language: Language) -> None:
    english = (
        "## Queue\n\nA backlog is a set of messages that wait too long.\n\n"
        "- Owner: platform team\n- Lifetime: 48 hours\n\n"
        "## Clear the queue\n\n1. Open the board.\n2. Restart the consumers.\n3. Move dead letters away.\n"
    )
    korean = SOURCE + "\n## 복구 절차\n\n1. 책임자를 정한다.\n2. 상황실을 연다.\n3. 백업을 내려받는다.\n"
    text = korean if language == "ko" else english
    generated = solve(
        GenerateInput(
            text=text,
            title="안내",
            headings=(),
            language=language,
            question_wordings=8,
            answer_wordings=4,
            max_facts=40,
            audiences=("expert", "plain"),
        )
    )
    assert isinstance(generated, GenerateAnswer)
    assert len(generated.facts) >= 8
    for fact in generated.facts:
        for said in fact.wordings:
            for question, answer in zip(said.questions, said.answers * 2, strict=True):
                assert mark(question, answer, fact.evidence, language, text) == 5, (question, answer)
