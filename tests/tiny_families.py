"""Tiny random students of real architectures, each with a tokenizer built like the real one."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slm_factory.student.gguf.vocabulary import TAIL, WORDS
from slm_factory.student.model import import_torch
from tests.tiny_student import LESSONS, SYSTEM

TEXTS = [SYSTEM, "system user assistant model", *(text for lesson in LESSONS for text in lesson)] * 3
SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "max_position_embeddings": 512,
    "initializer_range": 0.2,
}
# What each model's own template holds, as far as it tells the turn form.
OWN = {
    "chatml": "{{ '<|im_start|>' }}<think>{{ tools }}",
    "llama-3": "{{ '<|start_header_id|>' }}{{ tools }}",
    "gemma": "{{ bos_token }}{{ '<start_of_turn>' }}",
    "mistral": "{{ bos_token }}{{ '[INST] ' }}",
    "exaone-4": "{{ '[|endofturn|]' }}<think>",
}
LLAMA_3_MARKS = ["<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"]
EXAONE_4_MARKS = ["[|system|]", "[|user|]", "[|assistant|]", "[|endofturn|]"]


@dataclass(frozen=True)
class Tiny:
    """One family: how its model and its tokenizer are made, and the turn form they should speak."""

    form: str
    model: Callable[[int], Any]
    tokenizer: Callable[[], Any]


def byte_level(
    split: str | None, specials: list[str], *, end: str, begin: str | None = None, template: str | None = None
) -> Any:
    """A byte-level BPE; `split` is a regular expression, None the one built into `tokenizers`."""
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.BPE(ignore_merges=begin is not None))  # as Llama 3 has it
    if split is None:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(split), behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=specials,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    if begin:
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", special_tokens=[(begin, tokenizer.token_to_id(begin))]
        )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=begin, eos_token=end, chat_template=template
    )


def pieces(specials: list[str]) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """(vocabulary, merges) as made from a SentencePiece BPE: every way to make a piece is a merge."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    trained = Tokenizer(models.BPE())
    trained.normalizer = normalizers.Replace(" ", "▁")
    trained.pre_tokenizer = pre_tokenizers.Split("▁", "merged_with_next")
    trained.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=220, show_progress=False))
    learned = sorted(trained.get_vocab(), key=trained.get_vocab().__getitem__)
    tokens = [*specials, *(f"<0x{byte:02X}>" for byte in range(256)), *dict.fromkeys([*learned, "▁"])]
    vocabulary = {token: position for position, token in enumerate(tokens)}
    merges = [
        (token[:at], token[at:])
        for token in learned
        for at in range(1, len(token))
        if token[:at] in vocabulary and token[at:] in vocabulary
    ]
    return vocabulary, merges


def gemma_tokenizer() -> Any:
    """Like Gemma's: spaces become pieces, no space is put first, BOS always is."""
    from transformers import GemmaTokenizer

    vocabulary, merges = pieces(
        ["<pad>", "<eos>", "<bos>", "<unk>", "<mask>", "<start_of_turn>", "<end_of_turn>"]
    )
    tokenizer = GemmaTokenizer(
        vocab=vocabulary, merges=merges, chat_template=OWN["gemma"], add_bos_token=True
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["<start_of_turn>", "<end_of_turn>"]})
    return tokenizer


def mistral_tokenizer() -> Any:
    """Like that of Mistral 7B v0.3: a space is put first where a text begins, which is never after BOS."""
    from transformers import LlamaTokenizer

    vocabulary, merges = pieces(["<unk>", "<s>", "</s>", "[INST]", "[/INST]"])
    tokenizer = LlamaTokenizer(
        vocab=vocabulary, merges=merges, chat_template=OWN["mistral"], add_bos_token=True, legacy=False
    )
    tokenizer.add_special_tokens({"additional_special_tokens": ["[INST]", "[/INST]"]})
    return tokenizer


def qwen2(size: int) -> Any:
    """Qwen 2: biases on q, k and v."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(vocab_size=size, num_key_value_heads=2, tie_word_embeddings=True, **SHAPE)
    return with_random_biases(Qwen2ForCausalLM(config))


def qwen3(size: int) -> Any:
    """Qwen 3: normed q and k, heads of their own size."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    return Qwen3ForCausalLM(Qwen3Config(vocab_size=size, num_key_value_heads=2, head_dim=32, **SHAPE))


def llama(size: int) -> Any:
    """Llama 3.1: stretched rope."""
    from transformers import LlamaConfig, LlamaForCausalLM

    rope = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    return LlamaForCausalLM(
        LlamaConfig(vocab_size=size, num_key_value_heads=2, rope_parameters=rope, **SHAPE)
    )


def mistral(size: int) -> Any:
    """Mistral 7B v0.3: Llama with its own tokenizer, no window."""
    from transformers import MistralConfig, MistralForCausalLM

    config = MistralConfig(vocab_size=size, num_key_value_heads=2, sliding_window=None, **SHAPE)
    return MistralForCausalLM(config)


def gemma3(size: int) -> Any:
    """Gemma 3: five layers with a window of 16 tokens, one that sees all, with a rope of its own."""
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    rope = {
        "full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
        "sliding_attention": {"rope_type": "default", "rope_theta": 5000.0},
    }
    shape = SHAPE | {"num_hidden_layers": 6}
    config = Gemma3TextConfig(
        vocab_size=size,
        num_key_value_heads=2,
        head_dim=32,
        query_pre_attn_scalar=32,
        sliding_window=16,
        rope_parameters=rope,
        **shape,
    )
    return with_random_norms(Gemma3ForCausalLM(config))


def phi(size: int) -> Any:
    """Phi-2: attention beside feed-forward after one norm, half of each head turns, biases everywhere."""
    from transformers import PhiConfig, PhiForCausalLM

    rope = {"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5}
    return with_random_biases(PhiForCausalLM(PhiConfig(vocab_size=size, rope_parameters=rope, **SHAPE)))


def exaone4(size: int) -> Any:
    """EXAONE 4.0 1.2B: norms after attention and feed-forward, stretched rope, no window."""
    from transformers import Exaone4Config, Exaone4ForCausalLM

    rope = llama(8).config.rope_parameters
    config = Exaone4Config(
        vocab_size=size,
        num_key_value_heads=2,
        sliding_window=None,
        rope_parameters=rope,
        layer_types=["full_attention"] * 2,
        tie_word_embeddings=True,
        **SHAPE,
    )
    return with_random_norms(Exaone4ForCausalLM(config))


def with_random_biases(model: Any) -> Any:
    """The model with biases other than 0, which a converter could otherwise forget unseen."""
    return with_random(model, ".bias")


def with_random_norms(model: Any) -> Any:
    """The model with norms other than their start, for the same reason."""
    return with_random(model, "norm.weight")


def with_random(model: Any, suffix: str) -> Any:
    """The model with small random numbers added to every parameter whose name ends in `suffix`."""
    torch = import_torch()
    for name, parameter in model.named_parameters():
        if name.endswith(suffix):
            parameter.data += torch.randn_like(parameter) * 0.1
    return model


FAMILIES = {
    "qwen2": Tiny(
        "chatml",
        qwen2,
        lambda: byte_level(
            WORDS + r"\p{N}|" + TAIL,
            ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            end="<|im_end|>",
            template=OWN["chatml"],
        ),
    ),
    "qwen3": Tiny(
        "chatml",
        qwen3,
        lambda: byte_level(
            WORDS + r"\p{N}|" + TAIL,
            ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
            end="<|endoftext|>",  # as a base model has it
        ),
    ),
    "llama": Tiny(
        "llama-3",
        llama,
        lambda: byte_level(
            WORDS + r"\p{N}{1,3}|" + TAIL,
            ["<|begin_of_text|>", "<|end_of_text|>", *LLAMA_3_MARKS],
            begin="<|begin_of_text|>",
            end="<|eot_id|>",
            template=OWN["llama-3"],
        ),
    ),
    "mistral": Tiny("mistral", mistral, mistral_tokenizer),
    "gemma3": Tiny("gemma", gemma3, gemma_tokenizer),
    "phi": Tiny("korean-qa", phi, lambda: byte_level(None, ["<|endoftext|>"], end="<|endoftext|>")),
    "exaone4": Tiny(
        "exaone-4",
        exaone4,
        lambda: byte_level(None, ["[PAD]", *EXAONE_4_MARKS], end="[|endofturn|]", template=OWN["exaone-4"]),
    ),
}


def make(family: str, folder: Path) -> Path:
    """Writes a tiny student of `family` to `folder` and returns it; the same every time."""
    torch = import_torch()
    torch.set_num_threads(1)
    torch.manual_seed(11)
    tiny = FAMILIES[family]
    tokenizer = tiny.tokenizer()
    model = tiny.model(len(tokenizer) + 5)  # real models have more rows than tokens
    model.config.bos_token_id = model.generation_config.bos_token_id = tokenizer.bos_token_id
    model.config.eos_token_id = model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.config.pad_token_id = model.generation_config.pad_token_id = None
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
