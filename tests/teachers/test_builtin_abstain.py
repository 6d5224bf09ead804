"""Questions that a text seems to answer and does not."""

import pytest

from slm_factory.teachers.builtin.teacher import solve
from slm_factory.teachers.tasks import Fact, GenerateAnswer, GenerateInput, Language


def abstentions(text: str, language: Language = "ko", most: int = 9) -> list[Fact]:
    answer = solve(
        GenerateInput(
            text=text,
            title="안내",
            headings=("상황실",) if language == "ko" else ("Queue",),
            language=language,
            question_wordings=5,
            answer_wordings=2,
            max_facts=40,
            max_abstentions=most,
        )
    )
    assert isinstance(answer, GenerateAnswer)
    return [fact for fact in answer.facts if fact.kind == "abstain"]


@pytest.mark.parametrize(
    ("line", "language", "asked"),
    [
        ("- 신고 기한: 40분", "ko", "신고 기한 "),
        ("- 승인자: 운영본부장", "ko", "승인자 부재 시 대리인"),
        ("- 회의 도구: 소리방", "ko", "회의 도구 도입 시기"),
        ("- Warning level: 5 MB", "en", "warning level "),
    ],
)
def test_what_readers_ask_next_is_asked(line: str, language: Language, asked: str) -> None:
    (fact,) = abstentions(line, language, most=1)
    assert fact.evidence == line
    assert len(set(fact.wordings[0].questions)) == 5
    assert all(asked in question for question in fact.wordings[0].questions)


def test_nothing_is_asked_of_which_a_word_stands_in_the_text() -> None:
    assert abstentions("- 승인자: 운영본부장")
    assert abstentions("- 승인자: 운영본부장\n\n자리를 비우면 대리인이 승인한다.") == []


def test_each_subject_is_asked_about_once_and_no_more_than_asked_for() -> None:
    table = "| 유형 | 신고 기한 | 해결 목표 시간 |\n|---|---|---|\n"
    text = table + "".join(f"| {name} | 4분 | 9분 |\n" for name in ("유출", "감염", "도용"))
    assert len(abstentions(text)) == 3
    assert len(abstentions(text, most=1)) == 1
    assert abstentions(text, most=0) == []


def test_the_same_text_draws_the_same_questions() -> None:
    text = "- 신고 기한: 40분\n- 승인자: 팀장"
    assert abstentions(text) == abstentions(text)


def test_questions_ask_with_the_word_that_fits_what_is_missing() -> None:
    (fact,) = abstentions("- 승인자: 운영본부장")
    assert any("누구" in question for question in fact.wordings[0].questions)
