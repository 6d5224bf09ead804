"""What writers of office documents with known text have in common."""

import random
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from bench.gold.document import Gold
from bench.gold.html_pages import ENGLISH, KOREAN, sentence

DOCUMENTS = 24


class Writer(ABC):
    """A document to be and, piece by piece, the texts that a reader finds in it."""

    def __init__(self, random_: random.Random, is_korean: bool) -> None:
        self.random = random_
        self.is_korean = is_korean
        self.paragraphs: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.notes: list[str] = []

    def noun(self) -> str:
        """A name that is unlikely to come twice."""
        words = KOREAN if self.is_korean else ENGLISH
        return f"{self.random.choice(words['noun'])} {self.random.randrange(1000, 9999)}"

    def say(self) -> str:
        """One to three sentences."""
        return " ".join(sentence(self.random, self.is_korean) for _ in range(self.random.randint(1, 3)))

    def grid(self) -> list[list[str]]:
        """The texts of a full table."""
        rows, columns = self.random.randint(2, 6), self.random.randint(2, 5)
        return [[self.noun() for _ in range(columns)] for _ in range(rows)]

    def table(self) -> None:
        """A table without merged cells."""
        self.new_table()

    def footnote(self) -> None:
        """A paragraph with a footnote."""
        self.note("footnote")

    def endnote(self) -> None:
        """A paragraph with an endnote."""
        self.note("endnote")

    @abstractmethod
    def new_table(self) -> tuple[Any, list[list[str]]]:
        """A full table, in the document and as texts."""

    @abstractmethod
    def note(self, kind: str) -> None:
        """A paragraph with a note in its middle; `kind` is footnote or endnote."""

    @abstractmethod
    def save(self, path: Path) -> None:
        """Writes the document."""


class MakesWriter(Protocol):
    """A kind of writer."""

    def __call__(self, random_: random.Random, is_korean: bool) -> Writer: ...


def make_documents(
    folder: Path, suffix: str, new: MakesWriter, kinds: Sequence[str], seed: int
) -> list[Gold]:
    """Writes documents of all kinds of content in random order, every other one in Korean.

    A kind is the name of the writer's method that adds such content.
    """
    golds = []
    for number in range(DOCUMENTS):
        writer = new(random.Random(f"{seed} {number}"), is_korean=number % 2 == 0)
        contents = [*kinds, *writer.random.choices(kinds, k=4 + number)]
        writer.random.shuffle(contents)
        for content in contents:
            getattr(writer, content)()
        path = folder / f"{number:02}_{'ko' if writer.is_korean else 'en'}{suffix}"
        writer.save(path)
        golds.append(Gold(path, writer.paragraphs, writer.tables, writer.notes))
    return golds
