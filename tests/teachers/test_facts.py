"""Facts of one document as rows."""

from slm_factory.teachers.facts import DocumentFacts
from slm_factory.teachers.tasks import Audience, Fact, Wordings
from tests import rows


def fact(
    statement: str, *questions: str, kind: str = "fact", audience: Audience = "expert", category: str = ""
) -> Fact:
    said = Wordings(audience=audience, questions=questions, answers=("A one.", "A two."))
    return Fact(kind=kind, category=category, statement=statement, evidence="E", wordings=(said,))


def collected(*facts: Fact, categories: set[str] | None = None) -> DocumentFacts:
    found = DocumentFacts(["expert"], question_wordings=3, answer_wordings=2)
    found.categories |= categories or set()
    found.add(rows.chunk(), "r", facts)
    return found


def all_rows(found: DocumentFacts) -> list[dict[str, object]]:
    return [row for fact_id in found.facts for row in found.rows(fact_id, "No.", "fake")]


def test_a_repetition_lends_its_questions_up_to_the_number_asked_for() -> None:
    found = collected(fact("S.", "Q 1?", "q 1"), fact(" S. ", "Q 2?", "Q 3?", "Q 4?"))
    assert [row["question"] for row in all_rows(found)] == ["Q 1?", "Q 2?", "Q 3?"]
    assert [row["answer"] for row in all_rows(found)] == ["A one.", "A two.", "A one."]


def test_only_new_facts_count_as_new() -> None:
    found = collected(fact("S.", "Q?"))
    assert found.add(rows.chunk(chunk_id="c2"), "r", [fact("S.", "Q?"), fact("T.", "R?")]) == 1
    assert [row["chunk_id"] for row in all_rows(found)] == ["c1", "c2"]


def test_an_abstention_that_a_fact_answers_is_dropped() -> None:
    found = collected(fact("no", "What is X?", "Tell X.", kind="abstain"), fact("S.", "what is x"))
    assert found.drop_answered() == 1
    assert [row["kind"] for row in all_rows(found)] == ["fact"]


def test_a_category_that_nobody_asked_for_gives_way_to_the_heading() -> None:
    found = collected(
        fact("S.", "Q?", category="cost"), fact("T.", "R?", category="mood"), categories={"cost"}
    )
    assert [row["category"] for row in all_rows(found)] == ["cost", "Limits"]
    assert found.answered_categories() == {"cost"}


def test_an_abstention_answers_no_fixed_question() -> None:
    found = collected(fact("S.", "Q?", kind="abstain", category="cost"), categories={"cost"})
    assert found.answered_categories() == set()
