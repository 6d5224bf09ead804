"""An answer is grounded when its quotation, numbers, names and claims are; other words for the same are
fine."""

import pytest

from slm_factory.grounding.claims import problems

KO = """관제팀은 장애 등급을 정하고 30분 이내에 운영본부장에게 보고한다. 보고서는 김서연 팀장이 승인한다.
비밀번호는 90일마다 바꿔야 한다. 예비 서버는 만들지 않는다. 인사팀은 교육을, 재무팀은 정산을 맡는다.

| 시스템 | 담당 | 점검 주기 |
|---|---|---|
| 나루결제 | 결제팀 | 10초 |
| 물결정산 | 정산팀 | 12분 |
"""
EN = """The archive keeps invoices for seven years. Nadia Brook approves deletions and Omar Reyes audits them.
Backups must be encrypted. Restart the broker within 15 minutes. The fee is 200 dollars a month."""
ROW = "| 나루결제 | 결제팀 | 10초 |"


def found(question: str, answer: str, evidence: str) -> list[str]:
    source = KO if any("가" <= letter <= "힣" for letter in evidence) else EN
    return problems(question, answer, evidence, source, "운영 기준")


def labels(question: str, answer: str, evidence: str) -> set[str]:
    return {problem.split(":")[0] for problem in found(question, answer, evidence)}


REPORT = "관제팀은 장애 등급을 정하고 30분 이내에 운영본부장에게 보고한다."
RIGHT = [
    ("장애 보고는 언제까지 하나요?", "30분 안에 운영본부장에게 알려야 합니다.", REPORT),
    (
        "비밀번호는 얼마나 자주 바꾸나요?",
        "90일마다 새것으로 바꿔야 합니다.",
        "비밀번호는 90일마다 바꿔야 한다.",
    ),
    ("나루결제의 담당은?", "결제팀이 맡습니다.", ROW),
    ("나루결제는 얼마마다 점검하나요?", "10초마다 점검합니다.", ROW),
    ("나루결제는 1분에 몇 번 점검하나요?", "10초마다 하므로 여섯 번입니다.", ROW),
    (
        "How long are invoices kept?",
        "They stay in the archive for 7 years.",
        "The archive keeps invoices for seven years.",
    ),
    (
        "What does the archive cost a year?",
        "12 x 200 dollars = 2,400 dollars.",
        "The fee is 200 dollars a month.",
    ),
    (
        "Who audits deletions?",
        "Omar Reyes does.",
        "Nadia Brook approves deletions and Omar Reyes audits them.",
    ),
]


@pytest.mark.parametrize(("question", "answer", "evidence"), RIGHT)
def test_right_answers_in_other_words_are_grounded(question: str, answer: str, evidence: str) -> None:
    assert found(question, answer, evidence) == []


@pytest.mark.parametrize(
    ("question", "answer", "evidence", "label"),
    [
        ("장애 보고 기한은?", "30분입니다.", "", "no evidence"),
        ("장애 보고 기한은?", "30분입니다.", "30분 안에 보고한다", "evidence not in the chunk"),
        ("장애 보고 기한은?", "40분입니다.", REPORT, "number without evidence"),
        ("장애 보고 기한은?", "30시간입니다.", REPORT, "number without evidence"),
        ("장애 보고 기한은?", "3월 30일입니다.", REPORT, "date without evidence"),
        ("나루결제의 점검 주기는?", "12분입니다.", ROW, "number without evidence"),
        ("나루결제의 담당은?", "정산팀이 맡습니다.", ROW, "name without evidence"),
        ("나루결제의 담당은?", "총무팀이 맡습니다.", ROW, "name without evidence"),
        (
            "누가 보고서를 승인하나요?",
            "박지호 팀장이 승인합니다.",
            "보고서는 김서연 팀장이 승인한다.",
            "name without evidence",
        ),
        ("장애 보고는 언제까지 하나요?", "30분 이후에 보고합니다.", REPORT, "unsupported claim"),
        ("예비 서버는 만드나요?", "예비 서버는 만든다.", "예비 서버는 만들지 않는다.", "unsupported claim"),
        (
            "비밀번호는 언제 바꾸나요?",
            "90일마다 바꾸며, 위반하면 징계와 과태료가 따릅니다.",
            "비밀번호는 90일마다 바꿔야 한다.",
            "unsupported claim",
        ),
        ("Who audits?", "Nadia Brook audits deletions.", EN.split("\n")[0][45:], "name without evidence"),
        (
            "Who restarts?",
            "The Helsinki office restarts it.",
            "Restart the broker within 15 minutes.",
            "name without evidence",
        ),
        (
            "What is the yearly fee?",
            "12 x 200 dollars = 2,600 dollars.",
            "The fee is 200 dollars a month.",
            "wrong arithmetic",
        ),
        (
            "How are backups kept?",
            "Backups must not be encrypted.",
            "Backups must be encrypted.",
            "unsupported claim",
        ),
    ],
)
def test_each_fault_is_named(question: str, answer: str, evidence: str, label: str) -> None:
    assert label in labels(question, answer, evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        "비밀번호는   90일마다\n바꿔야 한다.",
        "관제팀은 장애 등급을 정하고 … 비밀번호는 90일마다 바꿔야 한다.",
        "나루결제 | 결제팀",
        "**비밀번호**는 90일마다 바꿔야 한다.",
    ],
)
def test_a_quotation_is_found_through_spaces_marks_and_ellipses(evidence: str) -> None:
    assert "evidence not in the chunk" not in labels("?", "90일", evidence)


def test_the_parts_of_a_quotation_must_stand_in_their_order() -> None:
    assert "evidence not in the chunk" in labels("?", "90일", "비밀번호는 90일마다 … 관제팀은 장애 등급을")


def test_bare_numbers_of_a_table_take_their_unit_from_its_caption() -> None:
    source = "(단위: 억원)\n\n| 부문 | 2023년 | 2024년 |\n|---|---|---|\n| 음료 | 840 | 798 |\n"
    asked = "음료 매출은 얼마나 줄었나요?", "840억원에서 798억원으로 42억원 줄었습니다."
    assert problems(*asked, "| 음료 | 840 | 798 |", source, "재무") == []


PLAN = """지원금은 모두 86억 4,000만원이다. 이 가운데 도로에 32억원을 쓴다. 나머지 사업은 5월 3일에 시작한다.
도로 사업비의 50%는 국비이다. 결재는 화요일 강지운, 목요일 서예린이 한다. 전날 신청한 건만 받는다.
원고 한빛물류는 피고 도원정보와 계약하였다. 피고가 이를 알았다는 증거는 없다.
직원은 1주에 2일, 1개월에 8일까지 쉰다. 신청은 접수과가 받고, 심사는 운영위원회가 맡는다."""
ACT = """Support is given Mon-Sat 08:00-20:00.
Rules are set by the Board; its clerk, Ana Ruiz, keeps the minutes.
Parcels must not be left outside. Fees rose by 12%. The rule was changed in 2023 and applies to clause 14."""


def of_plan(question: str, answer: str, evidence: str) -> list[str]:
    source = PLAN if evidence in PLAN else ACT
    return problems(question, answer, evidence, source, "")


@pytest.mark.parametrize(
    ("question", "answer", "evidence"),
    [
        # an operand of a calculation that is written out, from elsewhere in the chunk
        ("도로의 국비는 얼마인가요?", "32억원의 절반인 16억원입니다.", "도로 사업비의 50%는 국비이다."),
        # a day told by another one that the chunk dates
        ("언제 신청한 건을 받나요?", "5월 2일에 신청한 건입니다.", "전날 신청한 건만 받는다."),
        # a party by its name
        (
            "법원은 왜 받아들이지 않았나요?",
            "도원정보가 이를 알았다는 증거가 없기 때문입니다.",
            "피고가 이를 알았다는 증거는 없다.",
        ),
        (
            "When is support given?",
            "From Monday to Saturday, six days a week.",
            "Support is given Mon-Sat 08:00-20:00.",
        ),
        ("How long is support open a day?", "Twelve hours.", "Support is given Mon-Sat 08:00-20:00."),
        ("결재는 화요일에 누가 하나요?", "강지운이 합니다.", "결재는 화요일 강지운, 목요일 서예린이 한다."),
        (
            "Who keeps the minutes?",
            "Ana Ruiz does.",
            "Rules are set by the Board; its clerk, Ana Ruiz, keeps the minutes.",
        ),
    ],
)
def test_what_the_chunk_says_of_the_same_thing_is_support(question: str, answer: str, evidence: str) -> None:
    assert of_plan(question, answer, evidence) == []


@pytest.mark.parametrize(
    ("question", "answer", "evidence", "label"),
    [
        (
            "한 달에 최대 며칠 쉬나요?",
            "최대 10일 쉽니다.",
            "직원은 1주에 2일, 1개월에 8일까지 쉰다.",
            "number without evidence",
        ),
        (
            "결재는 목요일에 누가 하나요?",
            "강지운입니다.",
            "결재는 화요일 강지운, 목요일 서예린이 한다.",
            "name without evidence",
        ),
        (
            "심사는 어디에서 하나요?",
            "접수과가 심사를 맡습니다.",
            "신청은 접수과가 받고, 심사는 운영위원회가 맡는다.",
            "name without evidence",
        ),
        (
            "May parcels be left outside?",
            "They need not be left inside.",
            "Parcels must not be left outside.",
            "unsupported claim",
        ),
        (
            "도로에 얼마를 쓰나요?",
            "32억원을 쓰고 위로금도 나눠 줍니다.",
            "도로에 32억원을 쓴다.",
            "unsupported claim",
        ),
        (
            "How did fees change?",
            "They fell by 12%, unless a tenant objects.",
            "Fees rose by 12%.",
            "unsupported claim",
        ),
        (
            "Who sets the rules?",
            "Ana Ruiz sets them.",
            "Rules are set by the Board; its clerk, Ana Ruiz, keeps the minutes.",
            "name without evidence",
        ),
    ],
)
def test_what_the_chunk_says_of_another_thing_is_none(
    question: str, answer: str, evidence: str, label: str
) -> None:
    assert label in {problem.split(":")[0] for problem in of_plan(question, answer, evidence)}


def test_a_value_of_another_row_of_the_table_is_no_answer() -> None:
    header = "| Role | Bonus | Reviewer |\n|---|---|---|\n"
    source = f"{header}| Analyst | 5% | Team lead |\n| Principal | 9% | Director |"
    row = "| Analyst | 5% | Team lead |"
    assert problems("Who reviews an analyst?", "The team lead does.", row, source, "") == []
    assert problems("Who reviews an analyst?", "The Director.", row, source, "")


DOSE = "성인은 하루 세 번 먹는다. 한 알에는 500mg이 들어 있다. 한 해에 30일분의 임금을 더 준다."


@pytest.mark.parametrize(
    ("question", "answer", "evidence"),
    [
        ("하루에 모두 몇 mg인가요?", "500mg짜리를 세 번 먹으니 1,500mg입니다.", "성인은 하루 세 번 먹는다."),
        (
            "하루 임금이 10만원이면 5년에 얼마를 더 받나요?",
            "10만원 × 30일 × 5년 = 1,500만원입니다.",
            "한 해에 30일분의 임금을 더 준다.",
        ),
    ],
)
def test_a_calculation_with_numbers_of_chunk_and_question_is_support(
    question: str, answer: str, evidence: str
) -> None:
    assert problems(question, answer, evidence, DOSE, "") == []
    assert problems(question, answer.replace("1,500", "1,400"), evidence, DOSE, "")


def test_an_equation_that_holds_brings_its_terms_from_other_sentences() -> None:
    source = "하루당 대금 5억원의 0.1%를 낸다. 공사가 64일 늦었다."
    asked = "모두 얼마를 내나요?", "5억원의 0.1%인 50만원에 64일을 곱한 3,200만원입니다."
    assert problems(*asked, "하루당 대금 5억원의 0.1%를 낸다.", source, "") == []


def test_a_condition_of_its_own_is_no_paraphrase() -> None:
    evidence = "The landlord must return the deposit within 21 days after the keys are handed over."
    source = f"A tenant may end the lease in writing. {evidence}"
    asked = "When must the deposit be returned?"
    assert problems(asked, "Within three weeks of the handover.", evidence, source, "") == []
    assert problems(asked, "Within 21 days, unless the tenant owes rent to the bank.", evidence, source, "")
