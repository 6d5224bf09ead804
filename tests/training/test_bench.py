"""The training benchmark runs to its table without a GPU; what it counts is what PaLM's formula counts."""

import subprocess
import sys

import pytest
from transformers import Qwen3Config

from bench.train import TINY, flops, random_rows
from slm_factory.student.chat import IGNORED
from tests.conftest import REPOSITORY


def test_the_work_is_four_per_weight_and_token_six_per_adapter_weight_and_the_heads_where_learned() -> None:
    config = Qwen3Config(**TINY)
    rows = [{"input_ids": [1] * 10, "labels": [IGNORED] * 7 + [1] * 3}]
    layer = 64 * 64 + 2 * 64 * 32 + 64 * 64 + 3 * 64 * 128  # q, k and v, o, feed-forward
    attention = 6 * 2 * 64 * 10 * 10  # two products, half a square each, forward and twice backward
    expected = 10 * (4 * 2 * layer + 6 * 1000) + 3 * 4 * 64 * 8192 + attention
    assert flops(config, 1000, rows) == expected


def test_random_rows_are_repeated_and_a_third_of_each_is_learned() -> None:
    rows = random_rows(50, 1000, 30, 60)
    assert rows == random_rows(50, 1000, 30, 60)
    assert {len(row["input_ids"]) for row in rows} <= set(range(30, 61))
    assert all(sum(label != IGNORED for label in row["labels"]) >= len(row["labels"]) // 3 for row in rows)


@pytest.mark.slow
def test_the_gpu_benchmark_runs_with_toy_shapes() -> None:
    command = [sys.executable, "-m", "bench.train", "--gpu", "--tiny"]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| LoRA on 1.7B: model FLOPs utilisation |" in done.stdout
