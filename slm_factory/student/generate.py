"""A student that answers: batched greedy generation and the loss of texts, remembered by content."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from slm_factory.core.code import source_version
from slm_factory.core.progress import track
from slm_factory.core.records import content_key
from slm_factory.core.store import Store
from slm_factory.student import chat, decode, model, rendering, templates
from slm_factory.student.chat import Message
from slm_factory.student.decode import end_tokens, greedy, padded

# Of a batch's cache or logits. More brings a CPU page faults: four times as much took half as long again.
BATCH_BYTES = {"cpu": 2**28}
BATCH_BYTES_OF_ACCELERATOR = 2**32
CODE = source_version(
    Path(__file__), *(Path(str(part.__file__)) for part in (chat, decode, model, rendering, templates))
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
        self.tokenizer: Any = None

    def answer(self, conversations: Sequence[list[Message]], max_new_tokens: int) -> list[dict[str, Any]]:
        """{text, tokens} of the greedy answer to each conversation; `tokens` counts the end token."""
        options = {"max_new_tokens": max_new_tokens}
        return self.remembered(
            "answer", conversations, options, lambda batch: self.generate(batch, max_new_tokens)
        )

    def answer_loss(self, conversations: Sequence[list[Message]]) -> list[float]:
        """Nats per token that the last message of each conversation costs, its end token included."""
        return self.remembered("loss", conversations, {}, self.losses)

    def text_loss(self, texts: Sequence[str]) -> list[float]:
        """Nats per token of each plain text after its first token: no question, no template."""
        conversations = [[{"role": "text", "content": text}] for text in texts]
        return self.remembered("text", conversations, {}, self.text_losses)

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
        for batch in track(list(self.batches(kind, missing, options)), f"{kind} x {len(missing)}"):
            results = work([missing[key] for key in batch])
            self.store.put_by_key(f"student {kind}", list(zip(batch, results, strict=True)))
            found.update(zip(batch, results, strict=True))
        return [found[key] for key in keys]

    def batches(
        self, kind: str, missing: dict[str, list[Message]], options: dict[str, Any]
    ) -> Iterator[list[str]]:
        """Keys of `missing` in batches of like length, as large as `batch_size` and memory allow.

        Longest first: the batch that needs the most memory fails at once or never, and padding stays small.
        """
        lengths = {key: sum(len(m["content"]) for m in messages) for key, messages in missing.items()}
        order = sorted(missing, key=lambda key: (-lengths[key], key))
        while order:
            network, _ = self.load()
            # An answer keeps each token in the cache; a loss holds all logits of a token, twice, in float32.
            cost = model.cache_bytes(network) if kind == "answer" else 8 * network.config.vocab_size
            tokens = lengths[order[0]] + options.get("max_new_tokens", 0)  # a character is about a token
            room = BATCH_BYTES.get(self.device, BATCH_BYTES_OF_ACCELERATOR)
            size = max(1, min(self.batch_size, room // (cost * max(1, tokens))))
            yield order[:size]
            order = order[size:]

    def load(self) -> tuple[Any, Any]:
        """(model, tokenizer), loaded once.

        An adapter is merged in float32, where that changes nothing but the speed: its own matrix products
        cost a third of every step. Rounded to bfloat16, the sum would be another model.
        """
        if self.loaded is None:
            tokenizer = self.load_tokenizer()
            loaded = model.load_model(
                self.place,
                device=self.device,
                dtype=self.dtype,
                adapter=self.adapter,
                trust_remote_code=self.trust_remote_code,
            )
            if self.adapter and self.dtype is model.import_torch().float32:
                loaded = loaded.merge_and_unload()
            decode.make_plain(loaded)
            self.loaded = loaded, tokenizer
        return self.loaded

    def load_tokenizer(self) -> Any:
        """The tokenizer, loaded once, without the model."""
        if self.tokenizer is None:
            self.tokenizer = model.load_tokenizer(
                self.place, self.chat_template, trust_remote_code=self.trust_remote_code
            )
        return self.tokenizer

    def fits(self, messages: list[Message], max_new_tokens: int) -> bool:
        """Whether the conversation and an answer of `max_new_tokens` fit the model's context."""
        used = len(chat.prompt_ids(self.load_tokenizer(), messages)) + max_new_tokens
        return used <= model.context_tokens(self.place)

    def generate(self, conversations: list[list[Message]], max_new_tokens: int) -> list[dict[str, Any]]:
        """One batch of greedy answers; padded on the left, so that every answer begins in the same column."""
        network, tokenizer = self.load()
        prompts = [chat.prompt_ids(tokenizer, messages) for messages in conversations]
        ends = end_tokens(network, tokenizer)
        answers = greedy(network, prompts, max_new_tokens, ends, tokenizer.pad_token_id)
        texts = tokenizer.batch_decode(answers, skip_special_tokens=True)
        form = templates.choose(self.chat_template, tokenizer)
        return [
            {"text": templates.until_mark(form, text), "tokens": len(answer)}
            for text, answer in zip(texts, answers, strict=True)
        ]

    def losses(self, conversations: list[list[Message]]) -> list[float]:
        """One batch of answer losses; earlier answers of a conversation are context only."""
        _, tokenizer = self.load()
        encoded = [chat.encode(tokenizer, messages) for messages in conversations]
        return self.mean_losses([ids for ids, _ in encoded], [last_answer(labels) for _, labels in encoded])

    def text_losses(self, conversations: list[list[Message]]) -> list[float]:
        """One batch of losses of plain texts."""
        _, tokenizer = self.load()
        rows = [chat.encode_text(tokenizer, message["content"]) for [message] in conversations]
        return self.mean_losses(rows, rows)

    def mean_losses(self, rows: list[list[int]], labels: list[list[int]]) -> list[float]:
        """Mean cross-entropy of each row over its labels."""
        import torch

        network, tokenizer = self.load()
        ids, mask = padded(rows, tokenizer.pad_token_id, "right")
        wanted, _ = padded(labels, chat.IGNORED, "right")
        with torch.inference_mode():
            logits = network(
                input_ids=ids.to(self.device), attention_mask=mask.to(self.device)
            ).logits  # (batch, tokens, vocabulary)
            losses = torch.nn.functional.cross_entropy(
                logits[:, :-1].float().transpose(1, 2),
                wanted[:, 1:].to(self.device),
                ignore_index=chat.IGNORED,
                reduction="none",
            )  # (batch, tokens - 1)
        counts = (wanted[:, 1:] != chat.IGNORED).sum(dim=1)
        return [
            round(loss / count, 6)
            for loss, count in zip(losses.sum(dim=1).tolist(), counts.tolist(), strict=True)
        ]


def last_answer(labels: list[int]) -> list[int]:
    """Labels with only their last learned span left."""
    end = max((at for at, label in enumerate(labels) if label != chat.IGNORED), default=-1)
    start = end
    while start >= 0 and labels[start] != chat.IGNORED:
        start -= 1
    return [label if start < at <= end else chat.IGNORED for at, label in enumerate(labels)]
