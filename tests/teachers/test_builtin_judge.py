"""Marks by rule: a right pair gets 5, a wrong number or an unsupported answer at most 2."""

import pytest

from slm_factory.teachers.builtin.teacher import solve
from slm_factory.teachers.tasks import (
    GenerateAnswer,
    GenerateInput,
    JudgeAnswer,
    JudgeInput,
    Language,
    ScoreAnswer,
    ScoreInput,
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


def mark(question: str, answer: str, evidence: str, language: Language = "ko", source: str = SOURCE) -> int:
    scored = solve(
        ScoreInput(source=source, question=question, answer=answer, evidence=evidence, language=language)
    )
    assert isinstance(scored, ScoreAnswer)
    return scored.score


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
def test_a_pair_that_points_at_its_document_gets_three(question: str, answer: str) -> None:
    assert mark(question, answer, "- 복구 목표 시간: 30분") == 3


def test_an_answer_without_news_gets_three() -> None:
    assert (
        mark("결제 데이터베이스의 담당 팀은?", "결제 데이터베이스의 담당 팀이에요.", "- 담당 팀: 결제팀") <= 3
    )


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
        )
    )
    assert isinstance(generated, GenerateAnswer)
    assert len(generated.facts) >= 8
    for fact in generated.facts:
        for question, answer in zip(fact.questions, fact.answers * 2, strict=True):
            assert mark(question, answer, fact.evidence, language, text) == 5, (question, answer)


@pytest.mark.parametrize(
    ("reference", "answer", "expected"),
    [
        ("정산 데이터베이스의 복구 목표 시간은 30분입니다.", "30분이에요.", True),
        (
            "정산 데이터베이스의 복구 목표 시간은 30분입니다.",
            "정산 데이터베이스는 복구 목표 시간이 30분입니다.",
            True,
        ),
        ("정산 데이터베이스의 복구 목표 시간은 30분입니다.", "복구 목표 시간은 3분입니다.", False),
        ("정산 데이터베이스의 복구 목표 시간은 30분입니다.", "복구 목표 시간은 30시간입니다.", False),
        ("정산 데이터베이스의 복구 목표 시간은 30분입니다.", "30분 또는 45분입니다.", False),
        (
            "정산 데이터베이스의 복구 목표 시간은 30분입니다.",
            "제공된 문서에서 확인할 수 없는 내용입니다.",
            False,
        ),
        ("정산 데이터베이스의 담당 팀은 정산팀입니다.", "담당 팀은 정산팀이에요.", True),
        ("정산 데이터베이스의 담당 팀은 정산팀입니다.", "담당 팀은 결제팀입니다.", False),
        ("실패한 결제는 41,300건입니다.", "41300건입니다.", True),
    ],
)
def test_judge_wants_every_number_and_name_and_none_beside(
    reference: str, answer: str, expected: bool
) -> None:
    question = "정산 데이터베이스의 복구 목표 시간과 담당 팀, 실패한 결제를 알려 주세요."
    judged = solve(JudgeInput(question=question, reference=reference, answer=answer, language="ko"))
    assert isinstance(judged, JudgeAnswer)
    assert judged.is_correct is expected, judged.reason
