"""The mutations of each format; most keep its outer shape, so that what is inside reaches the parser.

Each takes a document, the other documents of its format and a source of chance, and returns a document.
"""

import copy
import io
import json
import random
import re
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from typing import Any

import pyarrow as pa
from pyarrow import parquet

from bench.fuzz.compounds import mutate_compound
from bench.fuzz.packages import mutate_archive, mutate_xml
from bench.fuzz.values import DEPTHS, mutate_bytes, mutate_tokens, number, swell, value

Mutation = Callable[[bytes, Sequence[bytes], random.Random], bytes]

SWOLLEN = 0.003  # of the mutations of text; they take a hundred times as long
TOKENS = {
    "html": re.compile(rb"<[^<>]*>|=\"[^\"]*\"|&#?\w+;|[^<>]+"),
    "text": re.compile(rb"[^\s|]+|[ \t]+|\n+|\|"),
    "csv": re.compile(rb"\"(?:[^\"]|\"\")*\"|[^,;\t\n\"]+|[,;\t]|\r?\n|\""),
    "mail": re.compile(
        rb"^[\w-]+:|boundary=\S+|charset=\S+|=\?[^?]*\?.\?[^?]*\?=|\r?\n|[^\s;=]+|[;=\"]", re.MULTILINE
    ),
    "pdf": re.compile(
        rb"\d+ \d+ (?:R|obj)\b|/[^\s/<>\[\]()]+|-?\d+(?:\.\d+)?|\((?:[^()\\]|\\.)*\)|<<|>>|\[|\]|\w+"
    ),
}


def tokens_of(kind: str) -> Mutation:
    """A mutation of a text format by its tokens."""

    def mutate(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
        if random_.random() < SWOLLEN:
            return swell(data, others, random_)
        for _ in range(random_.choice((1, 1, 2, 5))):
            data = mutate_tokens(data, find_tokens(kind, data), random_)
        return data

    return mutate


@lru_cache(maxsize=64)
def find_tokens(kind: str, data: bytes) -> list[tuple[int, int]]:
    """Where the tokens of a text format are."""
    return [match.span() for match in TOKENS[kind].finditer(data)]


def nest_html(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """Opens (and mostly closes) one element very often around a part of the page."""
    tag = random_.choice(
        (b"div", b"table><tr><td", b"ul><li", b"b", b"blockquote", b"svg", b"select", b"p", b"font")
    )
    depth = random_.choice(DEPTHS)
    start, end = sorted(random_.randrange(len(data) + 1) for _ in range(2))
    close = b"".join(b"</%b>" % name for name in reversed(tag.split(b"><"))) * depth
    return data[:start] + b"<%b>" % tag * depth + data[start:end] + random_.choice((close, b"")) + data[end:]


def mutate_encoding(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The text in another encoding, with or without its mark."""
    text = data.decode("utf-8", "replace")
    encoding = random_.choice(
        ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp949", "utf-7", "utf-8-sig", "euc-jp", "cp1252")
    )
    return mutate_bytes(text.encode(encoding, "replace"), others, random_)


def mutate_json(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The document with values of other types, without keys, or deeply nested."""
    try:
        root = [json.loads(data)]
    except (ValueError, RecursionError):
        return mutate_bytes(data, others, random_)
    for _ in range(random_.choice((1, 1, 2, 5))):
        change_json(root, random_)
    text = json.dumps(root[0], ensure_ascii=random_.random() < 0.3)
    for mark, (left, right) in {'"@lists"': "[]", '"@objects"': ('{"a":', "}")}.items():
        depth = random_.choice((*DEPTHS, 100_000))
        text = text.replace(mark, f"{left * depth}1{right * depth}")
    return text.encode("utf-8", "surrogatepass")


def change_json(root: list[Any], random_: random.Random) -> None:
    """Changes one place below the root."""
    places = list(json_places(root))
    holder, key = random_.choice(places)
    other_holder, other_key = random_.choice(places)
    choice = random_.random()
    if choice < 0.2 and holder is not root:
        del holder[key]
    elif choice < 0.3 and isinstance(holder, dict):
        holder[value(random_)] = holder.pop(key)
    elif choice < 0.4:
        holder[key] = [copy.deepcopy(holder[key])] * random_.choice((1, 2, 50))
    elif choice < 0.5:
        holder[key] = {value(random_): holder[key]}
    elif choice < 0.65:
        holder[key] = copy.deepcopy(other_holder[other_key])
    else:
        odd: tuple[Any, ...] = (
            None,
            True,
            [],
            {},
            [None],
            [[]],
            0,
            -1.5,
            float("nan"),
            float("inf"),
            10**40,
            "\ud800",
            "\0",
            "@lists",
            "@objects",
        )
        holder[key] = random_.choice((value(random_), number(random_), *odd))


def json_places(root: Any) -> Any:
    """Every (list or object, index or key) below the root."""
    stack = [root]
    while stack:
        holder = stack.pop()
        for key in range(len(holder)) if isinstance(holder, list) else list(holder):
            yield holder, key
            if isinstance(holder[key], list | dict):
                stack.append(holder[key])


def mutate_lines(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """JSON lines with one changed."""
    lines = data.split(b"\n")
    position = random_.randrange(len(lines))
    lines[position] = mutate_json(lines[position], others, random_)
    return random_.choice((b"\n", b"\n", b"\r\n", b"\n\n", b"")).join(lines)


def mutate_parquet(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """A table of changed records, of other types and nested ones too; sometimes the file as bytes."""
    rows = [copy.deepcopy(read_rows(data))]
    if random_.random() < 0.3 or not rows[0]:
        return mutate_bytes(data, others, random_)
    for _ in range(random_.choice((1, 2, 5))):
        change_json(rows, random_)
    try:
        table = pa.Table.from_pylist(rows[0])
        buffer = io.BytesIO()
        parquet.write_table(table, buffer, compression=random_.choice(("none", "snappy", "zstd")))
    except (pa.ArrowException, TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return mutate_bytes(data, others, random_)  # no table holds such records
    return buffer.getvalue()


@cache
def read_rows(data: bytes) -> list[dict[str, Any]]:
    """The records of a Parquet file."""
    return list(parquet.read_table(io.BytesIO(data)).to_pylist())


def mutate_pdf(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The document with numbers, names and references of its objects changed, references to itself too."""
    data = tokens_of("pdf")(data, others, random_)
    if random_.random() < 0.3 and (references := list(re.finditer(rb"\d+ 0 R", data))):
        first, second = random_.choice(references), random_.choice(references)
        data = data[: first.start()] + second.group() + data[first.end() :]
    return data


def mutate_mail(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The message with changed headers, or as an attachment of itself many times over."""
    if random_.random() < 0.05:
        outer = b'MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary="%d"\n\n'
        head = outer + b"--%d\nContent-Type: message/rfc822\n\n"
        for level in range(random_.choice((3, 20, 150))):
            data = head % (level, level) + data + b"\n--%d--\n" % level
        return data
    return tokens_of("mail")(data, others, random_)


BYTES: Mutation = mutate_bytes
MUTATIONS: dict[str, tuple[Mutation, ...]] = {
    "pdf": (mutate_pdf, mutate_pdf, mutate_pdf, BYTES),
    "hwpx": (mutate_archive,),
    "hwp": (mutate_compound,),
    "docx": (mutate_archive,),
    "pptx": (mutate_archive,),
    "xlsx": (mutate_archive,),
    "csv": (tokens_of("csv"), tokens_of("csv"), mutate_encoding, BYTES),
    "json": (mutate_json, mutate_json, mutate_json, tokens_of("text"), BYTES),
    "jsonl": (mutate_lines, mutate_lines, mutate_lines, tokens_of("text"), BYTES),
    "parquet": (mutate_parquet,),
    "eml": (mutate_mail, mutate_mail, mutate_mail, BYTES),
    "html": (tokens_of("html"), tokens_of("html"), tokens_of("html"), nest_html, mutate_encoding, BYTES),
    "md": (tokens_of("text"), tokens_of("text"), mutate_encoding, BYTES),
    "txt": (tokens_of("text"), tokens_of("text"), mutate_encoding, BYTES),
    "law": (mutate_xml, mutate_xml, mutate_json, BYTES),
}


def mutate(format_name: str, documents: Sequence[bytes], seed: int, number_: int) -> bytes:
    """The mutation with this number; the same for ever for the same documents and seed."""
    random_ = random.Random(f"{seed} {format_name} {number_}")
    return random_.choice(MUTATIONS[format_name])(random_.choice(documents), documents, random_)
