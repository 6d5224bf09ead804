"""A tokenizer as llama.cpp keeps it: byte-level BPE (`gpt2`), or like SentencePiece (`llama`)."""

import json
from dataclasses import dataclass, field
from typing import Any

from slm_factory.core.errors import UserError
from slm_factory.student.gguf.families import HINT

TAIL = r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
# Built into the byte-level step of `tokenizers`: GPT-2, Phi-2, EXAONE 4.
GPT_2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# The regular expression that splits text before BPE -> its name in llama.cpp (src/llama-vocab.cpp).
PRE_TOKENIZERS = {
    WORDS + r"\p{N}|" + TAIL: "qwen2",
    WORDS + r"\p{N}{1,3}|" + TAIL: "llama-bpe",
    GPT_2: "gpt-2",
}
SPACE = "▁"  # stands for a space in SentencePiece


@dataclass
class Vocabulary:
    """What a GGUF says of a tokenizer."""

    model: str  # gpt2 or llama
    tokens: list[str]  # by id
    types: list[str]  # names of gguf.TokenType
    pre: str = "default"
    merges: list[str] = field(default_factory=list)  # "left right", of gpt2
    scores: list[float] = field(default_factory=list)  # of llama: the higher, the sooner it is merged
    has_space_prefix: bool = False  # a space is put before text, of llama


def read(tokenizer: Any, size: int) -> Vocabulary:
    """The vocabulary of a loaded tokenizer, filled up to the model's `size`.

    What transformers runs is read, not tokenizer.json: some classes build their steps themselves.

    Raises:
        UserError: llama.cpp knows no such tokenizer.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    content = json.loads(backend.to_str()) if backend is not None else {"model": {}}
    bpe, pre = content["model"], pre_tokenizer_name(content)
    is_sentencepiece = bool(bpe.get("byte_fallback")) and SPACE in bpe.get("vocab", {})
    if bpe.get("type") != "BPE" or (pre is None and not is_sentencepiece):
        raise UserError(
            "error: the student's tokenizer is neither a byte-level BPE whose split llama.cpp knows "
            "nor like SentencePiece",
            HINT,
        )
    vocabulary = Vocabulary(
        model="llama" if is_sentencepiece else "gpt2",
        tokens=[f"[PAD{position}]" for position in range(size)],
        types=["UNUSED"] * size,
        pre="default" if is_sentencepiece else str(pre),
    )
    add_tokens(vocabulary, content, is_sentencepiece)
    if is_sentencepiece:
        vocabulary.scores = scores(vocabulary.tokens, bpe["merges"])
        vocabulary.has_space_prefix = puts_space_first(content)
    else:
        vocabulary.merges = [merge if isinstance(merge, str) else " ".join(merge) for merge in bpe["merges"]]
    return vocabulary


def add_tokens(vocabulary: Vocabulary, content: dict[str, Any], is_sentencepiece: bool) -> None:
    """Puts every token in its place, with its type; entries beyond the model's rows have no embedding."""
    bpe = content["model"]
    for token, position in bpe["vocab"].items():
        if position < len(vocabulary.tokens):
            vocabulary.tokens[position] = token
            is_byte = is_sentencepiece and len(token) == 6 and token.startswith("<0x")
            vocabulary.types[position] = "BYTE" if is_byte else "NORMAL"
    for added in content.get("added_tokens", []):
        position = added["id"]
        if position < len(vocabulary.tokens):
            # llama.cpp looks for added tokens in the text as it is written, where spaces are spaces.
            plain = added["content"].replace(SPACE, " ") if is_sentencepiece else added["content"]
            vocabulary.tokens[position] = plain
            vocabulary.types[position] = "CONTROL" if added["special"] else "USER_DEFINED"
    if is_sentencepiece and bpe.get("unk_token") in bpe["vocab"]:
        vocabulary.types[bpe["vocab"][bpe["unk_token"]]] = "UNKNOWN"


def scores(tokens: list[str], merges: list[Any]) -> list[float]:
    """The score of each token: the earlier a merge makes it, the higher.

    llama.cpp joins the neighbours whose union scores highest, where `tokenizers` takes the first merge of its
    list. The lists made from SentencePiece hold every way to make a token side by side, so both agree.
    """
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        left, right = merge.split(" ") if isinstance(merge, str) else merge
        ranks.setdefault(left + right, rank)
    return [-float(ranks.get(token, 0)) for token in tokens]


def puts_space_first(content: dict[str, Any]) -> bool:
    """Whether text after a special token begins with a space that nobody wrote."""
    steps = pipeline(content.get("normalizer")) + pipeline(content.get("pre_tokenizer"))
    return any(
        step["type"] == "Prepend" or (step["type"] == "Metaspace" and step.get("prepend_scheme") == "always")
        for step in steps
    )


def pre_tokenizer_name(content: dict[str, Any]) -> str | None:
    """llama.cpp's name of the split before byte-level BPE, None for any other tokenizer."""
    steps = pipeline(content.get("pre_tokenizer"))
    byte_level = next((step for step in steps if step["type"] == "ByteLevel"), None)
    if byte_level is None:
        return None
    splits = [str(step["pattern"].get("Regex", "")) for step in steps if step["type"] == "Split"]
    if not splits and byte_level.get("use_regex", True):
        splits = [GPT_2]
    return PRE_TOKENIZERS.get(splits[0]) if len(splits) == 1 and len(steps) <= 2 else None


def pipeline(step: dict[str, Any] | None) -> list[dict[str, Any]]:
    """The steps of a normalizer or pre-tokenizer, alone or in a sequence."""
    if step is None:
        return []
    return list(step.get("normalizers") or step.get("pretokenizers") or [step])
