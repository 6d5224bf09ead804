"""How alike texts are, by a sentence-transformers model or, without one, by their character n-grams."""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from math import sqrt
from pathlib import Path
from typing import Any, Protocol

from slm_factory.core.errors import UserError, missing_extra
from slm_factory.core.matching import loose


class Similarity(Protocol):
    """A measure of likeness between texts."""

    def between(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        """The likeness (0-1) of each text to the other at the same position."""


class CharacterSimilarity:
    """Cosine of the counts of character trigrams, in loose form; the same on every machine."""

    def between(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        """The likeness (0-1) of each text to the other at the same position."""
        return [cosine(counts(one), counts(other)) for one, other in zip(texts, others, strict=True)]


class EmbeddingSimilarity:
    """Cosine of sentence embeddings; texts of opposite meaning can be alike, texts of no relation are not."""

    def __init__(self, model: Any) -> None:
        self.model = model

    def between(self, texts: Sequence[str], others: Sequence[str]) -> list[float]:
        """The likeness (0-1) of each text to the other at the same position."""
        if not texts:
            return []
        distinct = {text: place for place, text in enumerate(dict.fromkeys([*texts, *others]))}
        vectors = self.embed(list(distinct))  # (distinct texts, dimensions), of length one
        pairs = zip(texts, others, strict=True)
        return [
            min(max(float(vectors[distinct[one]] @ vectors[distinct[other]]), 0.0), 1.0)
            for one, other in pairs
        ]

    def embed(self, texts: Sequence[str]) -> Any:
        """The embeddings of `texts`, of length one, as a NumPy array (texts, dimensions)."""
        return self.model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)


def load(model: str) -> Similarity:
    """The measure of a sentence-transformers model, a folder or a name on the hub; "" is that of characters.

    Raises:
        UserError: the extra [embeddings] is missing, or the model cannot be read.
    """
    if not model:
        return CharacterSimilarity()
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise missing_extra("sentence-transformers", "embeddings") from error
    try:
        return EmbeddingSimilarity(
            SentenceTransformer(model, device="cpu", local_files_only=Path(model).exists())
        )
    except (OSError, ValueError) as error:
        raise UserError(
            f"error: validate.embedding_model: {model} cannot be read as a sentence-transformers model",
            "hint: name a folder or a model of the hub, or set it to '' to compare character n-grams",
        ) from error


@lru_cache(maxsize=4096)
def counts(text: str) -> Counter[str]:
    """The character trigrams of the loose form of `text`, its ends marked, with how often each stands
    there."""
    plain = f" {loose(text)} "
    return Counter(plain[i : i + 3] for i in range(len(plain) - 2))


def cosine(one: Counter[str], other: Counter[str]) -> float:
    """The cosine of two count vectors; 0 where one is empty."""
    shared = sum(count * other[gram] for gram, count in one.items() if gram in other)
    length = sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
    return min(shared / length, 1.0) if length else 0.0
