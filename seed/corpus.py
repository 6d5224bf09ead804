"""Reads the pretraining corpus: one `{"text": ...}` per line, xz-compressed, one file per source."""

import hashlib
import json
import lzma
import unicodedata
from collections.abc import Iterator
from pathlib import Path

CHAT_SOURCE = "chat-pairs-ko"
# name: (public repository, licence)
ORIGINS = {
    "chat-pairs-ko": ("songys/Chatbot_data", "MIT"),
    "kubernetes-en": ("kubernetes/kubernetes.github.io", "CC BY 4.0"),
    "kubernetes-ko": ("kubernetes/kubernetes.github.io", "CC BY 4.0"),
    "movie-reviews-ko": ("e9t/nsmc, text only", "CC0 1.0"),
    "openshift-runbooks": ("openshift/runbooks", "Apache-2.0"),
    "pagerduty": ("PagerDuty/incident-response-docs", "Apache-2.0"),
    "prometheus-runbooks": ("prometheus-operator/runbooks", "Apache-2.0"),
    "python-docs-ko": ("python/python-docs-ko", "CC0 1.0"),
    "react-ko": ("reactjs/ko.react.dev", "CC BY 4.0"),
    "statutes-ko": ("xxyy89890-wq/legalize-kr", "Korean statutes: not protected (Copyright Act art. 7)"),
    "tax-precedents-ko": ("Bullskc/Legalize-KR", "Korean judgments: not protected (Copyright Act art. 7)"),
    "tensorflow-ko": ("tensorflow/docs-l10n", "CC BY 4.0"),
}
# Two thirds of the corpus is law. A student for operations or support desks should not read only law, so each
# epoch draws a fresh share of these two sources and all of the others.
CHARACTERS_PER_EPOCH = {"statutes-ko": 7_000_000, "tax-precedents-ko": 4_000_000}
HELD_OUT_SHARE = 0.01


def sources(folder: Path) -> list[str]:
    """Names of the sources in `folder`, sorted.

    Raises:
        FileNotFoundError: `folder` holds no `*.jsonl.xz`.
    """
    names = sorted(path.name.removesuffix(".jsonl.xz") for path in folder.glob("*.jsonl.xz"))
    if not names:
        raise FileNotFoundError(f"no *.jsonl.xz in {folder}")
    return names


def documents(folder: Path, source: str) -> Iterator[str]:
    """Texts of one source in file order, NFC-normalised. Chat pairs come as their raw JSON line."""
    with lzma.open(folder / f"{source}.jsonl.xz", "rt", encoding="utf-8") as lines:
        for line in lines:
            yield unicodedata.normalize("NFC", json.loads(line)["text"]).strip()


def is_held_out(text: str) -> bool:
    """Whether `text` belongs to the held-out share: by its hash, so that the share never moves."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") < HELD_OUT_SHARE * 2**32


def chat_pair(text: str) -> tuple[str, str]:
    """(question, answer) of one line of the chat source."""
    pair = json.loads(text)
    return pair["question"], pair["answer"]
