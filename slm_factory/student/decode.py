"""Greedy decoding of a batch whose rows leave when they end."""

from contextlib import nullcontext
from typing import Any

from slm_factory.student import model

ROUND = 8  # tokens between two looks at which rows have ended


def greedy(
    network: Any, prompts: list[list[int]], max_new_tokens: int, ends: set[int], pad: int
) -> list[list[int]]:
    """The likeliest answer to each prompt, token by token, up to the first of `ends`, that one included.

    Rows that have ended leave the batch, and their part of the cache with them: one that rambles up to the
    limit would otherwise make all others ramble along, at five times the work (measured on models/seed).
    """
    import torch
    from transformers import GenerationConfig

    ids, mask = (rows.to(network.device) for rows in padded(prompts, pad, "left"))
    answers: list[list[int]] = [[] for _ in prompts]
    left, cache, width = list(range(len(prompts))), None, ids.shape[1]
    while left and ids.shape[1] < width + max_new_tokens:
        configuration = GenerationConfig(
            do_sample=False,
            max_new_tokens=min(ROUND, width + max_new_tokens - ids.shape[1]) if cache is not None else 1,
            eos_token_id=sorted(ends),
            pad_token_id=pad,
            return_dict_in_generate=True,
        )
        # All threads read the prompts; the steps of a small model are too short to share.
        with torch.inference_mode(), model.threads(network) if cache is not None else nullcontext():
            output = network.generate(
                input_ids=ids, attention_mask=mask, past_key_values=cache, generation_config=configuration
            )
        for number, tokens in zip(left, output.sequences[:, ids.shape[1] :].tolist(), strict=True):
            answers[number] += until_end(tokens, ends)
        going = [at for at, number in enumerate(left) if answers[number][-1] not in ends]
        left = [left[at] for at in going]
        kept = torch.tensor(going, dtype=torch.long, device=ids.device)
        ids = output.sequences[kept]  # (rows left, prompt + answer)
        mask = torch.nn.functional.pad(mask[kept], (0, ids.shape[1] - mask.shape[1]), value=1)
        cache = output.past_key_values
        cache.batch_select_indices(kept)
    return answers


def padded(rows: list[list[int]], value: int, side: str) -> tuple[Any, Any]:
    """(ids, attention mask), each (rows, longest row), padded with `value` on `side`."""
    import torch

    width = max(map(len, rows))
    ids = torch.full((len(rows), width), value)
    mask = torch.zeros((len(rows), width), dtype=torch.long)
    for number, row in enumerate(rows):
        span = slice(width - len(row), width) if side == "left" else slice(0, len(row))
        ids[number, span] = torch.tensor(row)
        mask[number, span] = 1
    return ids, mask


def end_tokens(network: Any, tokenizer: Any) -> set[int]:
    """Ids that end an answer, by tokenizer and by model."""
    configured = network.generation_config.eos_token_id
    several = configured if isinstance(configured, list) else [configured]
    return {token for token in [tokenizer.eos_token_id, *several] if token is not None}


def until_end(answer: list[int], ends: set[int]) -> list[int]:
    """The tokens up to the first end token, that one included; what follows is padding."""
    for position, token in enumerate(answer):
        if token in ends:
            return answer[: position + 1]
    return answer


def make_plain(network: Any) -> None:
    """Takes from the model all it ships for generation (repetition penalty, ...) but its end tokens.

    transformers 5 fills whatever a call leaves open from there, and the answers would not be greedy.
    """
    from transformers import GenerationConfig

    network.generation_config = GenerationConfig(eos_token_id=network.generation_config.eos_token_id)
