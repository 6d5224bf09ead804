"""Teaches the pretrained student to answer in the chat form, and writes `models/seed` with its card.

    python -m seed.instruct CORPUS_FOLDER --minutes 10 --work build/seed

in:  CORPUS_FOLDER/*.jsonl.xz, WORK/pretrained, WORK/pretrain.json, data/general.jsonl (rows marked "replay")
out: models/seed (safetensors in bfloat16, tokenizer, chat template, README.md)
"""

import argparse
import json
import logging
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import yaml
from transformers import PreTrainedTokenizerFast, Qwen3ForCausalLM

from seed import corpus, tasks
from seed.card import card
from seed.pretrain import CONTEXT, SEED, encode, held_out_loss

LEARNING_RATE = 1e-3
ROWS_PER_STEP = 4
SAMPLES = (
    "안녕하세요?",
    "오늘 너무 피곤해요.",
    "Hello, how are you?",
    "다음 글을 읽고 답하세요.\n\n## 등대 점검\n\n- 주기: 12분\n- 담당: 관제팀\n\n질문: 등대 점검의 주기는?",
)

log = logging.getLogger("seed.instruct")


def encode_row(tokenizer: PreTrainedTokenizerFast, messages: tasks.Messages) -> tuple[list[int], list[int]]:
    """(token ids, labels) of one conversation; only the answer and its end of turn are labelled."""
    prompt = tokenizer.apply_chat_template(messages[:-1], tokenize=False, add_generation_prompt=True)
    prompt_ids = tokenizer(prompt, add_special_tokens=False)["input_ids"]
    answer_ids = tokenizer(messages[-1]["content"] + "<|im_end|>\n", add_special_tokens=False)["input_ids"]
    return prompt_ids + answer_ids, [-100] * len(prompt_ids) + answer_ids


def packed_batches(encoded: list[tuple[list[int], list[int]]], seed: int) -> Iterator[torch.Tensor]:
    """Endless (2, ROWS_PER_STEP, CONTEXT) batches of ids and labels, rows joined and cut at CONTEXT."""
    generator = random.Random(seed)
    while True:
        order = generator.sample(encoded, len(encoded))
        ids = np.fromiter((token for row in order for token in row[0]), dtype=np.int64)
        labels = np.fromiter((token for row in order for token in row[1]), dtype=np.int64)
        size = ROWS_PER_STEP * CONTEXT
        for start in range(0, len(ids) - size + 1, size):
            both = np.stack([ids[start : start + size], labels[start : start + size]])
            yield torch.from_numpy(both).reshape(2, ROWS_PER_STEP, CONTEXT)


def with_system_prompts(rows: list[tasks.Messages], prompt: str, seed: int) -> list[tasks.Messages]:
    """Half of the rows with the pipeline's system prompt before them, so that both forms are known."""
    generator = random.Random(seed)
    system = {"role": "system", "content": prompt}
    return [[system, *row] if generator.random() < 0.5 else row for row in rows]


def tune(model: Any, batches: Iterator[torch.Tensor], minutes: float) -> int:
    """Trains `model` in place for `minutes` and returns the steps; linear decay after a short warm-up."""
    device = model.device.type
    compiled = torch.compile(model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.01)
    started, smoothed = time.monotonic(), None
    for step, (ids, labels) in enumerate(batches, start=1):
        progress = (time.monotonic() - started) / (minutes * 60)
        if progress >= 1:
            return step - 1
        for group in optimizer.param_groups:
            group["lr"] = LEARNING_RATE * min(step / 50, 1 - progress)
        with torch.autocast(device, torch.bfloat16):
            loss = compiled(input_ids=ids.to(device), labels=labels.to(device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        smoothed = loss.item() if smoothed is None else 0.95 * smoothed + 0.05 * loss.item()
        if step % 50 == 0:
            log.info("step %d loss %.3f", step, smoothed)
    return 0


@torch.no_grad()
def sample_answers(model: Any, tokenizer: PreTrainedTokenizerFast) -> list[tuple[str, str]]:
    """(question, greedy answer) for the card."""
    model.eval()
    answers = []
    for question in SAMPLES:
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], tokenize=False, add_generation_prompt=True
        )
        ids = tokenizer(text, return_tensors="pt", add_special_tokens=False)["input_ids"].to(model.device)
        output = model.generate(ids, max_new_tokens=40, do_sample=False, pad_token_id=0, eos_token_id=2)
        answer = str(tokenizer.decode(output[0, ids.shape[1] :], skip_special_tokens=True))
        answers.append((question, answer.strip()))
    return answers


def main() -> None:
    """Parses the command line, tunes, and writes `models/seed`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--work", type=Path, default=Path("build/seed"))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--out", type=Path, default=Path("models/seed"))
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    torch.manual_seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    folder, out = arguments.work / "pretrained", arguments.out
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder, local_files_only=True)
    model: Any = Qwen3ForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    model.to(device)
    general = [
        json.loads(line) for line in Path("data/general.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    prompt = yaml.safe_load(Path("params.yaml").read_text(encoding="utf-8"))["student"]["system_prompt"]
    rows = tasks.rows(arguments.corpus, [row for row in general if row["split"] == "replay"], SEED)
    encoded = [encode_row(tokenizer, row) for row in with_system_prompts(rows, prompt, SEED)]
    encoded = [row for row in encoded if len(row[0]) <= CONTEXT]
    log.info("%d instruction rows, %d tokens", len(encoded), sum(len(row[0]) for row in encoded))
    steps = tune(model, packed_batches(encoded, SEED), arguments.minutes)
    model.to(torch.bfloat16)
    _, held_out = encode(arguments.corpus, tokenizer)
    report = {
        "pretrain": json.loads((arguments.work / "pretrain.json").read_text(encoding="utf-8")),
        "instruct": {
            "rows": len(encoded),
            "steps": steps,
            "tokens": steps * ROWS_PER_STEP * CONTEXT,
            "minutes": arguments.minutes,
            "held_out_loss": held_out_loss(model, held_out, device),
        },
        "samples": sample_answers(model, tokenizer),
    }
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    (out / "README.md").write_text(card(report, corpus.ORIGINS), encoding="utf-8")
    log.info("%s: %.1f MB", out, (out / "model.safetensors").stat().st_size / 1e6)


if __name__ == "__main__":
    main()
