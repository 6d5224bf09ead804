"""A sentence-transformers model of random weights, small enough to be written by a test."""

from pathlib import Path

import pytest

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "alpha", "beta", "gamma", "delta")


def write_tiny_embeddings(folder: Path) -> None:
    """Writes a one-layer BERT with nine words to `folder`; skips the test where the packages are missing."""
    transformers = pytest.importorskip("transformers")
    pytest.importorskip("sentence_transformers")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS), encoding="utf-8")
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    shape = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    config = transformers.BertConfig(vocab_size=len(WORDS), max_position_embeddings=32, **shape)
    transformers.BertModel(config).save_pretrained(folder)
