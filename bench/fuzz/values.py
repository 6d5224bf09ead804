"""Values that break readers, and mutations of bytes that know nothing of their format."""

import random
from collections.abc import Callable, Sequence

# Signs, limits of machine integers and floats, what `int` reads but `str.isdigit` does not, and the reverse.
NUMBERS = (
    *("0", "-1", "1", "2", "7", "255", "256", "65535", "65536", "99999", "2147483647", "2147483648"),
    *("-2147483648", "4294967295", "4294967296", "9223372036854775807", "9223372036854775808"),
    *("1" + "0" * 30, "9" * 5000, "1e308", "1e400", "-1e400", "1e-400", "nan", "inf", "-0", "0.5", "1.5"),
    *("0x10", "1_000", "+3", " 4 ", "1,000", "²", "٣", "３", "Ⅳ", "①", "五", "二十"),
    "0x" + "f" * 5000,
)
TEXTS = (
    *("", " ", "\n", "\t", "\r", "\u00a0", "\u3000", "\u200b", "\ufeff", "\u202e", "\u0301", "e\u0301" * 50),
    *("|", "\\|", "`", "```", "~~~", "#", "# ", "---", "***", "[^1]", "[^1]: x", "\\", "\\1", "$1", "{0}"),
    *("<b>", "</td>", "&amp;", "&#0;", "&lt", "../../etc/passwd", "file:///etc/passwd", "C:\\x", "%s%n%x"),
    *(
        "가나다",
        "제1조(목적)",
        "제20조제1항",
        "漢字",
        "ᄒᆞᆫ글",
        "\U0001f600",
        "a" * 300,
        "가 " * 3000,
        "(" * 2000,
    ),
    *("2025-13-45", "20250318", "0000-00-00", "99999. 1. 1.", "true", "null", "utf-7", "cp949", "no-such"),
    *("!!bool x", "!!int ''", "!!timestamp x", "&a [*a]"),
)
# Each has made some reader of text take time that grows with the square of its length.
PIECES = (
    *(
        "|",
        "`",
        "*",
        "[",
        "<",
        "\\",
        "&#",
        "$",
        "_",
        "~",
        "- ",
        "1. ",
        "\t",
        "(",
        "가",
        "=",
        "@",
        ".",
        '"',
        "'",
    ),
    *("#", "# ", "\n", "|a", "|a|\n", "`a``b", "[a](", "<a ", "<!--", "**a*", "> ", "2025-", '"a",', "&amp"),
    *("\u0301", "\u1100\u1161", "\u3000", "```\n~~~~\n", "a\n===\n", "{{", "<br", "<table>", "://", "a@b."),
    *("제1조(", "=?", " ", "\nx "),
)
MAX_REPEATED = 300_000  # characters of a repeated piece
DEPTHS = (5, 90, 240, 600, 3000)  # below and above the limits of XML readers and of Python's recursion


def number(random_: random.Random) -> str:
    """A number that readers get wrong."""
    return random_.choice(NUMBERS)


def value(random_: random.Random) -> str:
    """A number or a text that readers get wrong."""
    return random_.choice(random_.choice((NUMBERS, TEXTS)))


def flip(data: bytearray, random_: random.Random) -> None:
    """Changes a bit, or a byte to any other."""
    position = random_.randrange(len(data))
    data[position] = random_.choice(
        (data[position] ^ 1 << random_.randrange(8), random_.randrange(256), 0, 255)
    )


def delete(data: bytearray, random_: random.Random) -> None:
    """Removes a short run of bytes, now and then a long one."""
    start = random_.randrange(len(data))
    del data[start : start + length(random_, len(data))]


def duplicate(data: bytearray, random_: random.Random) -> None:
    """Repeats a run of bytes, up to a hundred times."""
    start = random_.randrange(len(data))
    run = data[start : start + length(random_, len(data))]
    data[start:start] = run * random_.choice((1, 1, 1, 2, 5, 100))


def insert(data: bytearray, random_: random.Random) -> None:
    """Puts a value in."""
    start = random_.randrange(len(data) + 1)
    data[start:start] = value(random_).encode("utf-8", "surrogatepass")


def set_integer(data: bytearray, random_: random.Random) -> None:
    """Writes the limit of a machine integer of one to eight bytes, in either byte order."""
    size = random_.choice((1, 2, 4, 8))
    start = random_.randrange(len(data))
    limit = random_.choice((0, 1, 2 ** (8 * size - 1) - 1, 2 ** (8 * size - 1), 2 ** (8 * size) - 1))
    data[start : start + size] = limit.to_bytes(size, random_.choice(("little", "big")))


def truncate(data: bytearray, random_: random.Random) -> None:
    """Cuts the end off."""
    del data[random_.randrange(len(data)) :]


BYTE_MUTATIONS: tuple[Callable[[bytearray, random.Random], None], ...] = (
    *(flip, flip, flip, delete, duplicate, insert, set_integer, truncate),
)


def length(random_: random.Random, limit: int) -> int:
    """Mostly a few bytes."""
    return random_.choice((1, 1, 2, 4, 16, 100, random_.randint(1, max(limit // 2, 1))))


def mutate_bytes(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The data with one to four changes; one of ten is the head of it and the tail of another document."""
    if random_.random() < 0.1:
        other = random_.choice(others)
        data = data[: random_.randrange(len(data) + 1)] + other[random_.randrange(len(other) + 1) :]
    changed = bytearray(data)
    for _ in range(random_.choice((1, 1, 2, 4))):
        if changed:
            random_.choice(BYTE_MUTATIONS)(changed, random_)
    return bytes(changed)


def mutate_tokens(data: bytes, tokens: Sequence[tuple[int, int]], random_: random.Random) -> bytes:
    """The data with one of its tokens (start, end) removed, repeated, moved or given a bad value."""
    if not tokens:
        return data
    start, end = random_.choice(tokens)
    other_start, other_end = random_.choice(tokens)
    token, other = data[start:end], data[other_start:other_end]
    new = random_.choice(
        (
            *(b"", other, other, token + token, token + other, token[:-1], token[::-1]),
            *(
                value(random_).encode(),
                number(random_).encode(),
                token * min(random_.choice(DEPTHS), MAX_REPEATED // max(len(token), 1)),
            ),
        )
    )
    return data[:start] + new + data[end:]


def swell(data: bytes, others: Sequence[bytes], random_: random.Random) -> bytes:
    """The data with a piece repeated up to 200,000 characters: what takes the square of its length hangs."""
    start = random_.randrange(len(data) + 1)
    piece = random_.choice(PIECES)
    middle = (piece * (random_.choice((5000, 50_000, 200_000)) // len(piece))).encode()
    return data[:start] + random_.choice((b"", b"x")) + middle + data[start:]
