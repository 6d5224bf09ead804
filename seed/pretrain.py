"""Pretrains the seed student from nothing, for a given number of minutes, on the CPU or a GPU.

    python -m seed.pretrain CORPUS_FOLDER --minutes 95 --work build/seed

in:  CORPUS_FOLDER/*.jsonl.xz (`{"text": ...}` per line)
out: WORK/tokenizer, WORK/checkpoint.pt (resumed from when it exists), WORK/pretrained, WORK/pretrain.json

The learning rate follows the clock, not a step count: the same command does the best it can in the time it
has on any machine. That makes this the one script whose output depends on the machine; its result lies in git
as `models/seed`, so nothing else inherits that.
"""

import argparse
import itertools
import json
import logging
import math
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from seed import corpus, tokenizer

CONTEXT = 1024
VOCAB_SIZE = 8192
ROWS_PER_STEP = 4  # x 1,024 tokens: small steps learn more per token than large ones while the loss is high
LEARNING_RATE = 3e-3
WARMUP_SHARE, DECAY_SHARE = 0.02, 0.35
HELD_OUT_TOKENS = 40_000  # read per source
SEED = 20261121

log = logging.getLogger("seed.pretrain")


def configuration(large: bool) -> Qwen3Config:
    """6.8 million parameters (CPU), or 12.3 million, which fill 25 MB in bfloat16 (GPU)."""
    width, layers = (320, 8) if large else (256, 6)
    return Qwen3Config(
        vocab_size=VOCAB_SIZE,
        hidden_size=width,
        intermediate_size=3 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        num_key_value_heads=width // 128 if width % 128 == 0 else 1,
        head_dim=64,
        max_position_embeddings=CONTEXT,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=2,
        pad_token_id=0,
    )


def training_text(source: str, text: str) -> str:
    """What the model reads for one document: itself, or a chat pair in the ChatML form it will serve in."""
    if source != corpus.CHAT_SOURCE:
        return text
    question, answer = corpus.chat_pair(text)
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"


def load_tokenizer(folder: Path, corpus_folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer in `folder`, trained there first if missing: on at most 3M characters of each source."""
    if not folder.exists():
        texts: list[str] = []
        for source in corpus.sources(corpus_folder):
            characters = 0
            for text in corpus.documents(corpus_folder, source):
                if characters > 3_000_000:
                    break
                if source == corpus.CHAT_SOURCE:
                    text = "\n".join(corpus.chat_pair(text))
                texts.append(text)
                characters += len(text)
        tokenizer.train(texts, VOCAB_SIZE, CONTEXT).save_pretrained(folder)
    return PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)


def encode(
    corpus_folder: Path, encoder: PreTrainedTokenizerFast
) -> tuple[dict[str, list[np.ndarray]], dict[str, np.ndarray]]:
    """(training documents per source, held-out tokens per source); every document ends with end of text."""
    train: dict[str, list[np.ndarray]] = {}
    held_out: dict[str, np.ndarray] = {}
    for source in corpus.sources(corpus_folder):
        texts = list(corpus.documents(corpus_folder, source))
        kept_aside = [corpus.is_held_out(text) for text in texts]
        kept_aside[0] = True  # a source of 36 documents may have none by hash
        encoded = [
            np.array([*ids, 0], dtype=np.uint16)
            for start in range(0, len(texts), 64)
            for ids in encoder(
                [training_text(source, t) for t in texts[start : start + 64]], add_special_tokens=False
            )["input_ids"]
        ]
        train[source] = [ids for ids, aside in zip(encoded, kept_aside, strict=True) if not aside]
        held_out[source] = np.concatenate([i for i, a in zip(encoded, kept_aside, strict=True) if a])[
            :HELD_OUT_TOKENS
        ]
        log.info("%s: %d tokens", source, sum(map(len, train[source])))
    return train, held_out


def epoch_windows(train: dict[str, list[np.ndarray]], epoch: int) -> np.ndarray:
    """(windows, CONTEXT + 1) token ids of one epoch: documents shuffled and joined, then windows shuffled."""
    generator = random.Random(f"{SEED}/{epoch}")
    chosen: list[np.ndarray] = []
    for source, documents in train.items():
        order = generator.sample(documents, len(documents))
        # The caps are in characters; Korean law measures 2.3 characters a token with this vocabulary.
        limit = corpus.CHARACTERS_PER_EPOCH.get(source, 10**12) / 2.3
        total = 0
        for ids in order:
            if total > limit:
                break
            chosen.append(ids)
            total += len(ids)
    generator.shuffle(chosen)
    stream = np.concatenate(chosen)
    windows = stream[: len(stream) // (CONTEXT + 1) * (CONTEXT + 1)].reshape(-1, CONTEXT + 1)
    return windows[np.random.default_rng(SEED + epoch).permutation(len(windows))]


def batches(data: dict[str, list[np.ndarray]], rows: int, skipped: int) -> Iterator[np.ndarray]:
    """Endless (rows, CONTEXT + 1) batches over the epochs, from the `skipped`-th on."""
    for epoch in itertools.count():
        windows = epoch_windows(data, epoch)
        for start in range(0, len(windows) - rows + 1, rows):
            if skipped > 0:
                skipped -= 1
                continue
            yield windows[start : start + rows]


def learning_rate_share(progress: float) -> float:
    """Warm-up, plateau, linear decay to a fiftieth (WSD, Hu et al. 2024), for `progress` from 0 to 1."""
    if progress < WARMUP_SHARE:
        return max(progress / WARMUP_SHARE, 0.01)
    return max(min(1.0, (1 - progress) / DECAY_SHARE), 0.02)


def optimizers(model: Qwen3ForCausalLM, weight_decay: float = 0.1) -> list[torch.optim.Optimizer]:
    """Muon for the matrices inside the blocks, AdamW for embeddings and norms (Jordan et al. 2024)."""
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    return [
        torch.optim.Muon(
            matrices, lr=LEARNING_RATE, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw"
        ),
        torch.optim.AdamW(others, lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.0),
    ]


@torch.no_grad()
def held_out_loss(model: Any, held_out: dict[str, np.ndarray], device: str) -> dict[str, float]:
    """Mean cross-entropy in nats per token, per source, over windows of CONTEXT tokens."""
    model.eval()
    losses: dict[str, float] = {}
    for source, ids in held_out.items():
        total, count = 0.0, 0
        for start in range(0, max(len(ids) - 1, 1), CONTEXT):
            window = torch.tensor(ids[start : start + CONTEXT].astype(np.int64), device=device)[None]
            if window.shape[1] < 2:
                continue
            with torch.autocast(device, torch.bfloat16):
                loss = model(input_ids=window, labels=window).loss
            total += loss.item() * (window.shape[1] - 1)
            count += window.shape[1] - 1
        losses[source] = round(total / count, 4)
    model.train()
    return losses


def train_for(minutes: float, data: dict[str, list[np.ndarray]], work: Path, large: bool) -> tuple[Any, dict]:
    """The trained model and {steps, tokens, minutes}; goes on from WORK/checkpoint.pt."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.manual_seed(SEED)
    model: Any = Qwen3ForCausalLM(configuration(large))
    model.to(device)
    optimizer_list = optimizers(model)
    step, elapsed_before = 0, 0.0
    checkpoint = work / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        for optimizer, saved in zip(optimizer_list, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        step, elapsed_before = state["step"], state["elapsed"]
    compiled = torch.compile(model)  # 4,200 tokens per second against 2,500 on two cores
    rows = ROWS_PER_STEP * (8 if device == "cuda" else 1)
    started = saved_at = time.monotonic()
    smoothed: float | None = None
    budget = minutes * 60

    def elapsed() -> float:
        return elapsed_before + time.monotonic() - started

    def save() -> None:
        state = {
            "model": model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in optimizer_list],
            "step": step,
            "elapsed": elapsed(),
        }
        torch.save(state, checkpoint.with_suffix(".tmp"))
        os.replace(checkpoint.with_suffix(".tmp"), checkpoint)

    for windows in batches(data, rows, step):
        if elapsed() >= budget:
            break
        batch = torch.from_numpy(windows.astype(np.int64)).to(device)
        with torch.autocast(device, torch.bfloat16):
            loss = compiled(input_ids=batch, labels=batch).loss  # (rows, CONTEXT + 1)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        share = learning_rate_share(elapsed() / budget)
        for optimizer in optimizer_list:
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * share
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        step += 1
        value = loss.item()
        if not math.isfinite(value):
            raise RuntimeError(f"loss is {value} at step {step}; lower LEARNING_RATE")
        smoothed = value if smoothed is None else 0.98 * smoothed + 0.02 * value
        if step % 50 == 0:
            log.info(
                "step %d loss %.3f lr %.1e minutes %.1f",
                step,
                smoothed,
                LEARNING_RATE * share,
                elapsed() / 60,
            )
        if time.monotonic() - saved_at > 120:
            save()
            saved_at = time.monotonic()
    save()
    return model, {"steps": step, "tokens": step * rows * CONTEXT, "minutes": round(elapsed() / 60, 1)}


def main() -> None:
    """Parses the command line, trains, and writes the model and what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/seed"))
    parser.add_argument("--minutes", type=float, default=95)
    parser.add_argument("--large", action="store_true", help="12 million parameters; for a GPU")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    work: Path = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    encoder = load_tokenizer(work / "tokenizer", arguments.corpus)
    data, held_out = encode(arguments.corpus, encoder)
    model, measured = train_for(arguments.minutes, data, work, arguments.large)
    losses = held_out_loss(model, held_out, model.device.type)
    model.to(torch.bfloat16).save_pretrained(work / "pretrained")
    encoder.save_pretrained(work / "pretrained")
    parameters = sum(parameter.numel() for parameter in model.parameters())
    report = {**measured, "parameters": parameters, "device": model.device.type, "held_out_loss": losses}
    (work / "pretrain.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    log.info("%s", json.dumps(report))


if __name__ == "__main__":
    main()
