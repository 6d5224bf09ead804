"""A Markdown chunk as statements: who or what, which property, which value, and the line that says so."""

import re
from collections.abc import Iterator
from dataclasses import replace

from slm_factory.teachers.builtin import markdown
from slm_factory.teachers.builtin.articles import law
from slm_factory.teachers.builtin.definitions import definition
from slm_factory.teachers.builtin.fixed import categorized
from slm_factory.teachers.builtin.markdown import Block, Heading, ItemList, Paragraph, Table, plain
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
CHOICE = re.compile(r"\?\s*(\[[^\]]*\]|\([^()]*\))?$|(것|옳은|알맞은)[은는]?\s*\??$")
CRITERION = re.compile(r"(아래|다음)[^.]*기준")  # 아래 기준 가운데 하나라도 넘으면 ...


def statements(task: GenerateInput) -> list[Statement]:
    """What the chunk states, in reading order, with the categories of fixed questions.

    A question that would have two right answers (same subject and key, different values) is left out.
    """
    section = Section(task)
    found: list[Statement] = []
    leads: list[Statement] = []  # what a section says first
    blocks = list(markdown.blocks(task.text))
    for heading, group in by_heading(blocks):
        if heading is not None:
            section.enter(heading)
        here = list(law(group, section))
        above: Block | None = None
        for block in group:
            is_last = block is blocks[-1]
            here += block_statements(block, above, section, task, is_last)
            above = block
        found += [replace(statement, heading=section.innermost) for statement in here]
        leads += lead(group, section)
    return categorized(unambiguous(found), leads, task.questions)


def by_heading(blocks: list[Block]) -> Iterator[tuple[Heading | None, list[Block]]]:
    """Each heading with the blocks below it; None for those before the first."""
    heading: Heading | None = None
    group: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading):
            yield heading, group
            heading, group = block, []
        else:
            group.append(block)
    yield heading, group


def block_statements(
    block: Block, above: Block | None, section: Section, task: GenerateInput, is_last: bool
) -> Iterator[Statement]:
    """What one block states; `above` is the one before it in its section."""
    match block:
        case Table():
            yield from table(block, section)
        case Paragraph():
            yield from paragraph(block.text, section, task)
        case ItemList():
            intro = above.text if isinstance(above, Paragraph) else ""
            if CHOICE.search(intro):  # the choices of a test question, most of them false
                return
            section.is_criterion = bool(CRITERION.search(intro))
            is_cut = is_last and len(task.text) > LIKELY_CUT_CHARACTERS
            yield from item_list(block, section, task, is_cut)
            section.is_criterion = False


def lead(group: list[Block], section: Section) -> Iterator[Statement]:
    """The first sentence of a section, as what its heading is about."""
    if group and isinstance(group[0], Paragraph):
        first = markdown.sentences(group[0].text)[0]
        if is_value(first) and section.outer_subject:
            said = plain(first).rstrip(".")
            yield Statement(
                "attribute", "fact", section.outer_subject, "", said, first, heading=section.innermost
            )


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
    key, value = markdown.unspread(" ".join(match["key"].split())), match["value"].strip()
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
