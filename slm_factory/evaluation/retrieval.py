"""The alternative to tuning: the passages that a search finds for a question, put into its prompt."""

import logging
from collections.abc import Callable
from pathlib import Path
from string import Template
from typing import Any

from slm_factory.core.errors import missing_extra
from slm_factory.core.files import Row
from slm_factory.metrics.words import tokens

PROMPTS = Path("prompts")

Message = dict[str, str]


class Search:
    """BM25 (Robertson et al. 1994, as Lucene computes it) over the morphemes of chunks and their headings.

    Raises:
        UserError: bm25s is not installed.
    """

    def __init__(self, chunks: list[Row]) -> None:
        try:
            import bm25s
        except ImportError as error:
            raise missing_extra("bm25s", "train") from error
        logging.getLogger("bm25s").setLevel(logging.WARNING)  # it tells each step
        self.passages = [passage(row) for row in chunks]
        self.index: Any = None
        if any(found := [tokens(text) for text in self.passages]):
            self.index = bm25s.BM25(method="lucene")
            self.index.index(found, show_progress=False)

    def find(self, question: str, count: int) -> list[str]:
        """The `count` passages that fit the question best, best first; fewer where they share no word."""
        if self.index is None:
            return []
        words = [word for word in dict.fromkeys(tokens(question)) if word in self.index.vocab_dict]
        if not words:
            return []
        scores = self.index.get_scores(words).tolist()
        order = sorted(range(len(scores)), key=lambda at: (-scores[at], at))
        return [self.passages[at] for at in order[:count] if scores[at] > 0]


def passage(chunk: Row) -> str:
    """A chunk as it is searched and shown: heading path, then text."""
    return "\n".join(filter(None, [" > ".join(chunk["headings"]), chunk["text"]]))


class Prompts:
    """prompts/<language>/retrieve.md: the question with the passages to answer it from."""

    def __init__(self, folder: Path = PROMPTS) -> None:
        self.templates = {
            language: Template((folder / language / "retrieve.md").read_text(encoding="utf-8").strip())
            for language in ("ko", "en")
        }

    def fill(self, question: str, language: str, passages: list[str]) -> str:
        """The user's message; the bare question where nothing was found."""
        if not passages:
            return question
        return self.templates[language].substitute(question=question, passages="\n\n".join(passages))


def fitted(
    conversation: Callable[[list[str]], list[Message]],
    passages: list[str],
    fits: Callable[[list[Message]], bool],
) -> list[Message]:
    """The conversation with as many of the best passages as fit; a first one that is too long is cut."""
    for count in range(len(passages), 0, -1):
        if fits(messages := conversation(passages[:count])):
            return messages
    best = passages[0] if passages else ""
    while best:
        best = best[: len(best) * 3 // 4]
        if best and fits(messages := conversation([best])):
            return messages
    return conversation([])
