"""A student's answer beside the reference, by rule."""

import pytest

from slm_factory.teachers.builtin.teacher import solve
from slm_factory.teachers.tasks import JudgeAnswer, JudgeInput


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
