"""Markdown and plain text, in whatever encoding they were saved."""

import re

import yaml
from charset_normalizer import from_bytes

from slm_factory.parsers.markdown import clean, one_line
from slm_factory.parsers.parsed import Limits, Parsed, Refused

MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
MAX_UNREADABLE_SHARE = 0.02  # of characters; above it the bytes are no text in this encoding
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*\n", re.DOTALL | re.MULTILINE)
FENCED = re.compile(r"(^[ ]{0,3}(```+|~~~+).*?^[ ]{0,3}\2[`~]*[ ]*$)", re.DOTALL | re.MULTILINE)
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)
UNDERLINED = re.compile(r"(?:(?<=\n\n)|\A)([^\s#>|=-][^\n]*)\n(={3,}|-{3,})[ \t]*(?=\n|\Z)")
DATE_KEYS = (
    "date",
    "updated",
    "날짜",
    "작성일",
    "시행일자",
    "선고일자",
)  # of front matter, the first that is there
FIRST_HEADING = re.compile(r"^#\s+(.+?)\s*#*$", re.MULTILINE)


def parse_markdown(data: bytes, limits: Limits) -> Parsed:
    """Markdown as it is, its front matter in `meta` and its comments left out."""
    text, warnings = decode(data)
    front, text = split_front_matter(clean(text))
    parts = FENCED.split(text)  # text, fenced block, its fence, text, fenced block, ...
    parts[::3] = [tidy(COMMENT.sub("", part)) for part in parts[::3]]
    text = "".join(part for index, part in enumerate(parts) if index % 3 < 2)
    found = FIRST_HEADING.search("\n".join(parts[::3]))
    title = front.get("title") or (found[1] if found else "")
    day = next((front[key] for key in DATE_KEYS if front.get(key)), "")
    return Parsed(
        finish(text), "md", one_line(title), day, front.get("language", front.get("lang", "")), meta=front,
        warnings=warnings,
    )  # fmt: skip


def parse_text(data: bytes, limits: Limits) -> Parsed:
    """Plain text line by line; headings over a line of `=` or `-` become Markdown headings."""
    text, warnings = decode(data)
    text = tidy(clean(text))
    found = FIRST_HEADING.search(text)
    return Parsed(finish(text), "txt", one_line(found[1]) if found else "", warnings=warnings)


def tidy(text: str) -> str:
    """The text with underlined headings written with `#`, and at most one empty line in a row."""
    text = UNDERLINED.sub(lambda match: f"{'#' if match[2][0] == '=' else '##'} {match[1].strip()}\n", text)
    return re.sub(r"\n{3,}", "\n\n", text)


def finish(text: str) -> str:
    """The text without empty lines around it; ends with one newline unless empty."""
    text = text.strip("\n")
    return text + "\n" if text else ""


def split_front_matter(text: str) -> tuple[dict[str, str], str]:
    """The scalar entries of YAML front matter, and the text after it."""
    match = FRONT_MATTER.match(text)
    if match is None:
        return {}, text
    try:
        values = yaml.safe_load(match[1])
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}, text
    if not isinstance(values, dict):
        return {}, text
    # Nested values are left out: an alias bomb is small in memory and endless when written.
    front = {str(key): str(value) for key, value in values.items() if isinstance(value, (str, int, float))}
    dates = {str(key): value.isoformat() for key, value in values.items() if hasattr(value, "isoformat")}
    return front | dates, text[match.end() :]


def decode(data: bytes) -> tuple[str, tuple[str, ...]]:
    """The text in `data` and warnings about it.

    The prior is Korean: UTF-8, then CP949, then what statistics say.

    Raises:
        Refused: the bytes are no text.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace"), ()
    if data.count(0) > MAX_UNREADABLE_SHARE * len(data):
        return decode_utf_16(data), ()
    for encoding in ("utf-8", "cp949"):
        text = data.decode(encoding, errors="replace")
        unreadable = text.count("\ufffd")
        if unreadable <= MAX_UNREADABLE_SHARE * len(text) and (encoding == "utf-8" or is_korean(text)):
            warning = f"{unreadable} bytes are not {encoding} and were replaced"
            return text, (warning,) if unreadable else ()
    best = from_bytes(data).best()
    if best is None:
        raise Refused("neither text nor a known format")
    return str(best), (f"read as {best.encoding}, which is a guess",)


def decode_utf_16(data: bytes) -> str:
    """The text of bytes that hold zeros: UTF-16 without a mark, told by the side of its spaces and line ends.

    Raises:
        Refused: it is binary.
    """
    little = sum(data.count(letter, 0, 100_000) for letter in (b" \0", b"\n\0"))
    big = sum(data.count(letter, 0, 100_000) for letter in (b"\0 ", b"\0\n"))
    text = data.decode("utf-16-le" if little >= big else "utf-16-be", errors="replace")
    letters = sum(character.isprintable() or character in "\r\n\t" for character in text)
    if letters < (1 - MAX_UNREADABLE_SHARE) * len(text) or text.count("\ufffd") > MAX_UNREADABLE_SHARE * len(
        text
    ):
        raise Refused("neither text nor a known format")
    return text


def is_korean(text: str) -> bool:
    """Whether most characters beyond ASCII are Hangul, as in no other language read as CP949."""
    beyond = [character for character in text if character > "\x7f" and character != "\ufffd"]
    return sum("가" <= character <= "힣" for character in beyond) > len(beyond) / 2
