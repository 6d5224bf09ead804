"""Fixed questions answered by rule, and the law read by article."""

from slm_factory.teachers.builtin.teacher import solve
from slm_factory.teachers.tasks import Fact, FixedQuestion, GenerateAnswer, GenerateInput


def facts(text: str, *categories: str, title: str = "연동 장애 보고서") -> tuple[Fact, ...]:
    questions = tuple(FixedQuestion(category=category, question="?") for category in categories)
    answer = solve(
        GenerateInput(
            text=text,
            title=title,
            headings=(),
            language="ko",
            question_wordings=8,
            answer_wordings=4,
            max_facts=40,
            questions=questions,
        )
    )
    assert isinstance(answer, GenerateAnswer)
    return answer.facts


def test_a_property_answers_the_fixed_question_of_its_name() -> None:
    cause, level = facts("## 연동 장애\n\n- 근본 원인: 인증서 만료\n- 등급: 2등급", "원인")
    assert (cause.category, level.category) == ("원인", "")


def test_a_section_answers_the_fixed_question_of_its_name() -> None:
    text = "## 재발 방지\n\n결제팀은 만료일을 감시 도구에 등록한다. 다른 팀도 따른다."
    assert facts(text) == ()
    (fact,) = facts(text, "재발 방지")
    assert fact.category == "재발 방지"
    assert fact.statement == "연동 장애의 재발 방지는 ‘결제팀은 만료일을 감시 도구에 등록한다’이다."
    assert fact.evidence == "결제팀은 만료일을 감시 도구에 등록한다."


ARTICLE = """## 지원법 제5조(경비지원 등)

① 국가는 단체의 운영경비를 지원할 수 있다. <개정 2020.2.11>

② 국가는 다음 각 호의 시설을 빌려줄 수 있다.
1. 회의실
2. 창고
"""


def test_a_paragraph_of_an_article_is_cited_by_article_and_paragraph() -> None:
    (fact,) = facts(ARTICLE, title="지원법")
    assert (
        fact.statement
        == "지원법 제5조(경비지원 등) 제1항은 “국가는 단체의 운영경비를 지원할 수 있다”라고 정한다."
    )
    assert fact.evidence == "① 국가는 단체의 운영경비를 지원할 수 있다. <개정 2020.2.11>"
    assert all("제5조(경비지원 등) 제1항" in question for question in fact.wordings[0].questions)
    assert all("지원할 수 있다" in answer for answer in fact.wordings[0].answers)


def test_an_article_without_paragraphs_is_cited_by_its_number_and_its_law() -> None:
    (fact,) = facts("## 제3조\n\n대한민국의 영토는 한반도와 그 부속도서로 한다.", title="대한민국헌법")
    assert fact.statement.startswith("대한민국헌법 제3조는 “대한민국의 영토는")


def test_the_parts_of_a_ruling_are_told_where_its_number_names_it() -> None:
    text = "## 참조조문\n\n귀속재산처리법 제8조"
    (fact,) = facts(text, title="71다1085 소유권이전등기말소")
    assert fact.statement == "71다1085 소유권이전등기말소의 참조조문은 귀속재산처리법 제8조이다."
    assert facts(text, title="소유권이전등기말소") == ()
