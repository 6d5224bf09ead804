"""Types of questions, told by their words."""

import pytest

from slm_factory.report.questions import TYPES, type_of


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("장애란 무엇인가요?", "what"),
        ("수련포털의 담당 팀이 어떻게 되나요?", "what"),
        ("인증서를 어떻게 갱신하나요?", "how"),
        ("예비 전환 절차는 무엇인가요?", "how"),
        ("승인이 왜 실패했나요?", "why"),
        ("장애의 원인은 무엇인가요?", "why"),
        ("백업은 언제 시작하나요?", "when"),
        ("몇 시에 점검하나요?", "when"),
        ("점검에 몇 시간이 걸리나요?", "how much"),
        ("보관 기간이 몇 개월인지 알려 주세요.", "how much"),
        ("예비 전환의 승인자는 누구인가요?", "who"),
        ("들꽃센터의 도시는 어디입니까?", "where"),
        ("회의 도구를 알려 주세요.", "request"),
        ("혹시 내선 번호를 아시나요?", "request"),
        ("야간에도 전환할 수 있나요?", "yes or no"),
        ("등급 상향 기준", "other"),
    ],
)
def test_korean_question_types(question: str, expected: str) -> None:
    assert type_of(question, "ko") == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What happens when the queue is full?", "what"),
        ("When the queue is full, what happens?", "what"),
        ("When does the backup start?", "when"),
        ("How long is the retention?", "how much"),
        ("How do I renew it?", "how"),
        ("What is the cause of the failure?", "why"),
        ("Who approves the switch, and when?", "who"),
        ("Tell me the owner of the queue.", "request"),
        ("Can you tell me step 3?", "request"),
        ("Can you tell me what step 3 is?", "what"),
        ("Is the copy encrypted?", "yes or no"),
        ("Retention of the copies", "other"),
    ],
)
def test_english_question_types(question: str, expected: str) -> None:
    assert type_of(question, "en") == expected


def test_every_type_is_named_once() -> None:
    assert len(set(TYPES)) == len(TYPES) == 10
