"""Records of named sections as Markdown: a title, what the record states of itself, a heading per section."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from slm_factory.parsers.law.articles import layout
from slm_factory.parsers.law.drawn_tables import BOX
from slm_factory.parsers.law.fields import IMAGE, Record, day_of, line_of, text_of
from slm_factory.parsers.markdown import heading, join_blocks, one_line, paragraph
from slm_factory.parsers.parsed import Parsed, Refused


class Kind(NamedTuple):
    """The fields of a kind of record; of alternatives the first that is filled counts."""

    number: tuple[str, ...]
    name: tuple[str, ...]
    date: tuple[str, ...]
    facts: tuple[str, ...]  # shown at the head, beside number, name and date
    identifiers: tuple[str, ...]  # kept in `meta` only
    sections: tuple[str, ...]  # in the order they are shown, under their names


def read_sections(record: Record, kind: Kind, facts: dict[str, str], body: Iterable[str] = ()) -> Parsed:
    """The document of a record: its sections, then the blocks of `body`; `facts` join those of the record.

    Raises:
        Refused: the record has neither number nor name, or no text.
    """
    title = " ".join(filter(None, (line_of(record, *kind.number), line_of(record, *kind.name))))
    sections = [block for name in kind.sections for block in section(name, text_of(record.get(name)))]
    text = [*sections, *body]
    if not title or not any(text):
        raise Refused("a law record without a number and name, or without a text")
    shown = {name: line_of(record, name) for name in (*kind.number, *kind.name)}
    shown |= {name: day_of(record, name) for name in kind.date}
    shown |= {name: line_of(record, name) for name in kind.facts} | facts
    stated = {name: one_line(value) for name, value in shown.items() if value}
    head = [heading(1, title), *(f"- {name}: {value}" for name, value in stated.items())]
    markdown = join_blocks([*head, *text])
    images = markdown.count(IMAGE)
    return Parsed(
        markdown,
        "law",
        title=title,
        date=day_of(record, *kind.date),
        language="ko",
        meta=stated | {name: value for name in kind.identifiers if (value := line_of(record, name))},
        warnings=(f"{images} images are not read; {IMAGE} stands for them",) if images else (),
    )


def section(name: str, text: str) -> Iterator[str]:
    """A heading with the text below it, nothing where there is no text."""
    blocks = list(text_blocks(text))
    if blocks:
        yield heading(2, name)
        yield from blocks


def text_blocks(text: str) -> Iterator[str]:
    """Each line of a text as a paragraph; drawn tables as tables."""
    if BOX.search(text):
        yield layout(text)
    else:
        yield from (line for line in paragraph(text).split("\n") if line)
