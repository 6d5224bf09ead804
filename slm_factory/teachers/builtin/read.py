"""A Markdown chunk as statements: who or what, which property, which value, and the line that says so."""

import re
from collections.abc import Iterator

from slm_factory.teachers.builtin import markdown
from slm_factory.teachers.builtin.definitions import definition
from slm_factory.teachers.builtin.markdown import ItemList, Paragraph, Table, plain
from slm_factory.teachers.builtin.section import Section
from slm_factory.teachers.builtin.statement import Statement, attribute, is_key, is_value
from slm_factory.teachers.builtin.steps import LIKELY_CUT_CHARACTERS, procedure, procedure_steps
from slm_factory.teachers.builtin.tables import table
from slm_factory.teachers.tasks import GenerateInput

KEY_VALUE = re.compile(
    r"^(?P<key>[^:\uff1a|.!?]{1,40}?)\s*(?P<colon>[:\uff1a])(?P<space>\s*)(?P<value>\S.*)$", re.DOTALL
)
# Settings in a file format: no bullet, and a key that begins small, quoted or indented.
CODE = re.compile(r"^(\s|[a-z\"'{])")


def statements(task: GenerateInput) -> list[Statement]:
    """What the chunk states, in reading order.

    A question that would have two right answers (same subject and key, different values) is left out.
    """
    section = Section(task)
    found: list[Statement] = []
    blocks = list(markdown.blocks(task.text))
    for block in blocks:
        if isinstance(block, markdown.Heading):
            section.enter(block)
        elif isinstance(block, Table):
            found += table(block, section)
        elif isinstance(block, Paragraph):
            found += paragraph(block.text, section, task)
        else:
            is_cut = block is blocks[-1] and len(task.text) > LIKELY_CUT_CHARACTERS
            found += item_list(block, section, task, is_cut)
    return unambiguous(found)


def unambiguous(found: list[Statement]) -> list[Statement]:
    """`found` without repetitions and without those that answer one question differently."""
    values: dict[tuple[str, str, str], list[Statement]] = {}
    for statement in found:
        same = values.setdefault((statement.form, statement.subject.casefold(), statement.key.casefold()), [])
        if statement.value not in [other.value for other in same]:
            same.append(statement)
    return [same[0] for same in values.values() if len(same) == 1]


def paragraph(text: str, section: Section, task: GenerateInput) -> Iterator[Statement]:
    """Key-value lines and definitions of a paragraph."""
    for line in text.split("\n"):
        if not CODE.match(line):
            yield from key_value(line, line.strip(), section)
    for sentence in markdown.sentences(text):
        yield from sentence_statement(sentence, section, task)


def item_list(block: ItemList, section: Section, task: GenerateInput, is_cut: bool) -> Iterator[Statement]:
    """The steps of a procedure, or key-value items and definitions."""
    steps = procedure_steps(block.items, section, task)
    for item in block.items:
        if item in steps:
            continue
        yield from key_value(item.text, item.line, section)
        yield from sentence_statement(item.text, section, task, item.line)
    yield from procedure(steps, section, task, is_cut)


def sentence_statement(
    sentence: str, section: Section, task: GenerateInput, evidence: str | None = None
) -> Iterator[Statement]:
    """The definition, or the value of a property, that a sentence states."""
    found = definition(plain(sentence), task.language)
    if found is None or not is_value(found.value):
        return
    if found.is_gloss:
        yield Statement(
            "definition", "definition", found.subject, found.verb, found.value, evidence or sentence
        )
    elif "의 " in found.subject:
        owner, key = found.subject.rsplit("의 ", 1)
        yield attribute(owner, key, found.value, evidence or sentence)
    else:
        yield attribute(section.subject, found.subject, found.value, evidence or sentence)


def key_value(line: str, evidence: str, section: Section) -> Iterator[Statement]:
    """The property that a line `key: value` gives to the section's subject; times and URLs give none."""
    match = KEY_VALUE.match(plain(line))
    if match is None:
        return
    key, value = match["key"].strip(), match["value"].strip()
    is_time_or_url = value.startswith("//") or (
        not match["space"] and match["colon"] == ":" and key[-1].isascii()
    )
    is_clause = key.endswith(("은", "는", "을", "를")) and len(key) > 2
    if (
        is_time_or_url
        or is_clause
        or not is_key(key)
        or not is_value(value)
        or KEY_VALUE.match(value.split(", ")[-1])
    ):
        return
    yield attribute(section.subject, key, value, evidence)
