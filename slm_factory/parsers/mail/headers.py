"""Headers of mails as text: encoded words, raw bytes, names of files, encodings and times."""

from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import parsedate_to_datetime

from slm_factory.parsers.markdown import one_line
from slm_factory.parsers.parsed import Refused
from slm_factory.parsers.text.encodings import decode

MAX_HEADER = 20_000  # characters; the standard library takes quadratic time for some
MAX_NAME = 200  # characters of an attachment's name


def charset_of(part: Message) -> str:
    """The encoding that a part states, "" for none."""
    try:
        return part.get_content_charset() or ""
    except ValueError:  # a name with a zero byte
        return ""


def file_name(part: Message) -> str:
    """The name of an attached file without folders, "" for none."""
    found = part.get_param("filename", None, "content-disposition") or part.get_param("name", None)
    if not found:
        return ""
    if isinstance(found, tuple):  # RFC 2231: charset, language, text whose letters are bytes
        found = raw_text(found[2].encode("raw-unicode-escape"), found[0] or "")
    name = words(str(found))
    return name.replace("\\", "/").rpartition("/")[2][-MAX_NAME:].strip()


def raw_text(data: bytes, charset: str) -> str:
    """The text of bytes in a header; what is none in any encoding is replaced."""
    try:
        return decode(data, charset)[0]
    except Refused:
        return data.decode("ascii", errors="replace")


def header(message: Message, name: str) -> str:
    """A header as text on one line, "" if there is none."""
    return next((words(str(value)) for key, value in message.raw_items() if key.lower() == name.lower()), "")


def words(value: str) -> str:
    """The text of a header on one line: encoded words decoded (RFC 2047), raw bytes read as a text's are."""
    value = value if len(value) <= MAX_HEADER else f"{value[:MAX_HEADER]}…"
    try:
        if not value.isascii():  # the bytes stand in it as lone surrogates
            value = decode(value.encode("utf-8", "surrogateescape"))[0]
        if "=?" in value:
            value = "".join(
                chunk if isinstance(chunk, str)
                else decode(chunk, charset)[0] if charset
                else chunk.decode("raw-unicode-escape")  # what decode_header makes of letters beyond ASCII
                for chunk, charset in decode_header(value)
            )  # fmt: skip
    except (HeaderParseError, UnicodeError, Refused):
        pass  # shown as it came
    return one_line(value)


def send_time(message: Message) -> str:
    """When the message was sent, in the sender's own time: `2025-03-18 14:30`; "" if it does not tell."""
    try:
        return f"{parsedate_to_datetime(str(message.get('Date', ''))):%Y-%m-%d %H:%M}"
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
