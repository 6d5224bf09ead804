"""Fixed questions: which statements answer them, by the name of a property or of a section."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from slm_factory.core.matching import loose
from slm_factory.teachers.builtin.statement import Statement
from slm_factory.teachers.tasks import FixedQuestion


def categorized(
    found: Sequence[Statement], leads: Iterable[Statement], questions: Sequence[FixedQuestion]
) -> list[Statement]:
    """`found` with the categories of the fixed questions that they answer.

    `leads` are the first sentences of sections; one joins where its section's name is a category that nothing
    else answers.
    """
    named = [replace(statement, category=category_of(statement, questions)) for statement in found]
    answered = {statement.category for statement in named}
    for lead in leads:
        category = category_of(lead, questions)
        if category and category not in answered:
            answered.add(category)
            named.append(replace(lead, key=category, category=category))
    return named


def category_of(statement: Statement, questions: Sequence[FixedQuestion]) -> str:
    """The category whose name ends the statement's key or is its section's heading; "" for none."""
    key, heading = loose(statement.key), loose(statement.heading)
    for question in questions:
        category = loose(question.category)
        if category and (key.endswith(category) or heading == category):
            return question.category
    return ""
