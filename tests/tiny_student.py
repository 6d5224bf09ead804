"""A tiny Qwen3 student made in the test: two layers, a byte-level BPE of its own, ChatML."""

import functools
from pathlib import Path
from typing import Any

from seed import tokenizer as seed_tokenizer
from slm_factory.student.model import import_torch

SYSTEM = "문서에 근거해 짧게 답합니다."
LESSONS = [
    ("결제 지연 임계값은 얼마인가요?", "결제 지연 임계값은 1,500ms입니다."),
    ("담당자는 누구인가요?", "담당자는 김서연 팀장입니다."),
    ("백업은 언제 하나요?", "백업은 매일 02시에 합니다."),
    ("Which command restarts the queue?", "Run systemctl restart queue on the broker."),
    ("복구 목표 시간은?", "복구 목표 시간은 4시간입니다."),
    ("점검 창은 언제인가요?", "점검 창은 일요일 03시부터 2시간입니다."),
    ("How long are logs kept?", "Logs are kept for 90 days."),
    ("오늘 날씨는?", "제공된 문서에서 확인할 수 없는 내용입니다."),
]


def conversation(question: str, answer: str | None = None) -> list[dict[str, str]]:
    """System prompt, question and, where given, the answer."""
    messages = [{"role": "system", "content": SYSTEM}, {"role": "user", "content": question}]
    return messages if answer is None else [*messages, {"role": "assistant", "content": answer}]


def make(folder: Path, *, steps: int = 0, seed: int = 7) -> Path:
    """Writes a tiny student to `folder` and returns it; `steps` of training teach it LESSONS."""
    model, tokenizer = made(steps, seed)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@functools.cache
def made(steps: int, seed: int) -> tuple[Any, Any]:
    """(model, tokenizer), made once for all tests of a run."""
    model, tokenizer = blank([SYSTEM, *(text for lesson in LESSONS for text in lesson)] * 3, seed)
    teach(model, tokenizer, steps)
    return model, tokenizer


def blank(texts: list[str], seed: int, *, vocabulary: int = 512, hidden_size: int = 64) -> tuple[Any, Any]:
    """(model, tokenizer) that nobody has taught; the tokenizer is made from `texts`."""
    torch = import_torch()
    torch.set_num_threads(1)  # threads cost a model this small more than they bring
    torch.manual_seed(seed)
    tokenizer = seed_tokenizer.train(texts, vocabulary, 256)
    from transformers import Qwen3Config, Qwen3ForCausalLM

    model = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=len(tokenizer),
            hidden_size=hidden_size,
            intermediate_size=2 * hidden_size,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=32,
            max_position_embeddings=256,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=2,
            pad_token_id=0,
            initializer_range=0.1,
        )
    )
    return model, tokenizer


def teach(model: Any, tokenizer: Any, steps: int) -> None:
    """Full training on LESSONS, all in each step."""
    import torch

    from slm_factory.student import chat
    from slm_factory.student.decode import padded

    encoded = [chat.encode(tokenizer, conversation(*lesson)) for lesson in LESSONS]
    ids, mask = padded([ids for ids, _ in encoded], 0, "right")
    labels, _ = padded([labels for _, labels in encoded], chat.IGNORED, "right")
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    model.train()
    for _ in range(steps):
        model(input_ids=ids, attention_mask=mask, labels=labels).loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    model.eval()
