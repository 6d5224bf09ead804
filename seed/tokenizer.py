"""Trains the seed student's tokenizer: byte-level BPE for Korean and English, and its ChatML template."""

from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from slm_factory.student.rendering import jinja
from slm_factory.student.templates import CHATML

END_OF_TEXT = "<|endoftext|>"
TURN_START, TURN_END = CHATML.marks

# The split that llama.cpp calls "qwen2": digits stand alone, so that a number is read figure by figure.
# https://github.com/ggml-org/llama.cpp/blob/master/src/llama-vocab.cpp (LLAMA_VOCAB_PRE_TYPE_QWEN2)
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train(texts: Iterable[str], vocab_size: int, context: int) -> PreTrainedTokenizerFast:
    """A tokenizer of exactly `vocab_size` entries; ids 0-2 are end of text, turn start, turn end."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[END_OF_TEXT, TURN_START, TURN_END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=TURN_END,
        pad_token=END_OF_TEXT,
        model_max_length=context,
        chat_template=jinja(CHATML),
        clean_up_tokenization_spaces=False,
    )
