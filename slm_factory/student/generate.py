"""A student that answers: batched greedy generation and the loss of references, remembered by content."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from slm_factory.core.code import source_version
from slm_factory.core.progress import track
from slm_factory.core.records import content_key
from slm_factory.core.store import Store
from slm_factory.student import chat, model, rendering, templates
from slm_factory.student.chat import Message

CODE = source_version(
    Path(__file__), *(Path(str(part.__file__)) for part in (chat, model, rendering, templates))
)


class Student:
    """A chat model, with or without an adapter, that is loaded at the first question it does not remember.

    Raises:
        UserError: `name` is neither a model's folder nor on the hub.
    """

    def __init__(
        self,
        name: str,
        store: Store,
        *,
        adapter: Path | None = None,
        batch_size: int = 32,
        revision: str = "",
        chat_template: str = "auto",
        trust_remote_code: bool = False,
    ) -> None:
        self.place = model.folder(name, revision, trust_remote_code=trust_remote_code)
        self.chat_template = chat_template
        self.trust_remote_code = trust_remote_code
        self.adapter = adapter
        self.store = store
        self.batch_size = batch_size
        self.device = model.find_device()
        self.dtype = model.find_dtype(self.device)
        self.identity = {
            "model": model.fingerprint(self.place),
            "adapter": model.fingerprint(adapter) if adapter else "",
            "dtype": str(self.dtype),
            "chat_template": chat_template,
            "code": CODE,
        }
        self.loaded: tuple[Any, Any] | None = None

    def answer(self, conversations: Sequence[list[Message]], max_new_tokens: int) -> list[dict[str, Any]]:
        """{text, tokens} of the greedy answer to each conversation; `tokens` counts the end token."""
        options = {"max_new_tokens": max_new_tokens}
        return self.remembered(
            "answer", conversations, options, lambda batch: self.generate(batch, max_new_tokens)
        )

    def answer_loss(self, conversations: Sequence[list[Message]]) -> list[float]:
        """Nats per token that the last message of each conversation costs, its end token included."""
        return self.remembered("loss", conversations, {}, self.losses)

    def remembered(
        self,
        kind: str,
        conversations: Sequence[list[Message]],
        options: dict[str, Any],
        work: Callable[[list[list[Message]]], list[Any]],
    ) -> list[Any]:
        """`work` over the conversations that the store does not know, in batches; results in order."""
        keys = [
            content_key({"student": self.identity, "kind": kind, "messages": messages, **options})
            for messages in conversations
        ]
        found = {key: self.store.get_by_key(key) for key in set(keys)}
        missing = {
            key: messages for key, messages in zip(keys, conversations, strict=True) if found[key] is None
        }
        # Longest first: the batch that needs the most memory fails at once or never, and padding stays small.
        order = sorted(missing, key=lambda key: (-sum(len(m["content"]) for m in missing[key]), key))
        batches = [order[at : at + self.batch_size] for at in range(0, len(order), self.batch_size)]
        for batch in track(batches, f"{kind} x {len(order)}"):
            results = work([missing[key] for key in batch])
            self.store.put_by_key(f"student {kind}", list(zip(batch, results, strict=True)))
            found.update(zip(batch, results, strict=True))
        return [found[key] for key in keys]

    def load(self) -> tuple[Any, Any]:
        """(model, tokenizer), loaded once."""
        if self.loaded is None:
            tokenizer = model.load_tokenizer(
                self.place, self.chat_template, trust_remote_code=self.trust_remote_code
            )
            loaded = model.load_model(
                self.place,
                device=self.device,
                dtype=self.dtype,
                adapter=self.adapter,
                trust_remote_code=self.trust_remote_code,
            )
            self.loaded = loaded, tokenizer
        return self.loaded

    def generate(self, conversations: list[list[Message]], max_new_tokens: int) -> list[dict[str, Any]]:
        """One batch of greedy answers; padded on the left, so that every answer begins in the same column."""
        import torch
        from transformers import GenerationConfig

        network, tokenizer = self.load()
        prompts = [chat.prompt_ids(tokenizer, messages) for messages in conversations]
        ids, mask = padded(prompts, tokenizer.pad_token_id, "left")
        # A configuration of our own: what a model ships (temperature, repetition penalty) is not greedy.
        ends = end_tokens(network, tokenizer)
        configuration = GenerationConfig(
            do_sample=False,
            max_new_tokens=max_new_tokens,
            eos_token_id=sorted(ends),
            pad_token_id=tokenizer.pad_token_id,
        )
        with torch.inference_mode():
            output = network.generate(
                input_ids=ids.to(self.device),
                attention_mask=mask.to(self.device),
                generation_config=configuration,
            )  # (batch, prompt + answer)
        answers = [until_end(row, ends) for row in output[:, ids.shape[1] :].tolist()]
        texts = tokenizer.batch_decode(answers, skip_special_tokens=True)
        form = templates.choose(self.chat_template, tokenizer)
        return [
            {"text": templates.until_mark(form, text), "tokens": len(answer)}
            for text, answer in zip(texts, answers, strict=True)
        ]

    def losses(self, conversations: list[list[Message]]) -> list[float]:
        """One batch of answer losses; earlier answers of a conversation are context only."""
        import torch

        network, tokenizer = self.load()
        encoded = [chat.encode(tokenizer, messages) for messages in conversations]
        ids, mask = padded([row for row, _ in encoded], tokenizer.pad_token_id, "right")
        labels, _ = padded([last_answer(labels) for _, labels in encoded], chat.IGNORED, "right")
        with torch.inference_mode():
            logits = network(
                input_ids=ids.to(self.device), attention_mask=mask.to(self.device)
            ).logits  # (batch, tokens, vocabulary)
            losses = torch.nn.functional.cross_entropy(
                logits[:, :-1].float().transpose(1, 2),
                labels[:, 1:].to(self.device),
                ignore_index=chat.IGNORED,
                reduction="none",
            )  # (batch, tokens - 1)
        counts = (labels[:, 1:] != chat.IGNORED).sum(dim=1)
        return [
            round(loss / count, 6)
            for loss, count in zip(losses.sum(dim=1).tolist(), counts.tolist(), strict=True)
        ]


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


def last_answer(labels: list[int]) -> list[int]:
    """Labels with only their last learned span left."""
    end = max((at for at, label in enumerate(labels) if label != chat.IGNORED), default=-1)
    start = end
    while start >= 0 and labels[start] != chat.IGNORED:
        start -= 1
    return [label if start < at <= end else chat.IGNORED for at, label in enumerate(labels)]
