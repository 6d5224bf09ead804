"""Bytes to text, in whatever encoding they were saved: stated, marked, or told by what the bytes say."""

import codecs
import re

from charset_normalizer import from_bytes

from slm_factory.parsers.parsed import Refused

MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
# Stated names that the web and mail programs use for a larger set than the name says (WHATWG Encoding, 4.2).
WIDER = {
    "ascii": "cp1252", "iso8859-1": "cp1252", "iso8859-9": "cp1254", "euc_kr": "cp949", "gb2312": "gb18030",
    "gbk": "gb18030", "shift_jis": "cp932", "tis-620": "cp874",
}  # fmt: skip
# Encodings of text; Python's list holds others (punycode, unicode_escape) that an attacker would state.
STATABLE = re.compile(
    r"utf-(8|16|32)(-[lb]e|-sig)?|cp949|johab|iso2022_(kr|jp)(_\w+)?|cp932|euc_jp|gb18030|hz|big5(hkscs)?"
    r"|iso8859-\d+|koi8-[ru]|cp(125\d|874|437|850|866)|mac-roman"
)
GUESSES = [
    "cp932",
    "euc_jp",
    "gb18030",
    "big5",
    "cp1252",
    "cp1250",
    "cp1251",
    "koi8_r",
    "cp1253",
    "cp1255",
    "cp1256",
]
ONE_BYTE = re.compile(r"iso8859|koi8|cp(125|874|437|8[56])|mac")
SAMPLED_BYTES = 200_000
MAX_UNREADABLE_SHARE = 0.02  # of characters; above it the bytes are no text in this encoding
MAX_BROKEN_SHARE = 0.1  # of characters beyond ASCII, by which encodings are told apart
BEYOND_ASCII = re.compile("[^\x00-\x7f]")
CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
LETTER = re.compile(r"[^\W\d_]")
# The 120 most frequent syllables: 76% of Korean text, about 5% of other languages read as it.
FREQUENT = re.compile(
    "[가같개거건게결경고공과관구국그기까나내네는니다단대데도동되드들라러령로류를리마만면명목무문민번법변보부분사상생서선성세소"
    "수스시아안야어없에여연영요용우원위유으은을음의이인일있자장재적전정제조종좋주중지처출칙코크터트파판포하한할항해행현호화후]"
)
HIGH = re.compile(rb"[\x80-\xff]")
ALONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")


def decode(data: bytes, stated: str = "") -> tuple[str, tuple[str, ...]]:
    """The text in `data` and warnings about it.

    A mark at the beginning decides, else the encoding that a header states if all bytes keep to it, else the
    bytes themselves: UTF-16, UTF-8, Korean (CP949, Johab), Japanese, Western, then what statistics find
    likeliest. What cannot be read is replaced by U+FFFD and counted in a warning.

    Raises:
        Refused: the bytes are no text.
    """
    for mark, encoding in MARKS:
        if data.startswith(mark):
            return read(data[len(mark) :], encoding)
    named = codec(stated)
    if named and not ONE_BYTE.match(named):
        try:
            return data.decode(named), ()
        except UnicodeError:
            pass  # a wrong statement is common
    try:
        encoding, is_guess = tell_encoding(data)
    except Refused:
        if not named:
            raise
        encoding, is_guess = named, True
    if is_guess and ONE_BYTE.match(named):  # which fits any bytes, so it only counts where these do not tell
        encoding, is_guess = named, False
    text, warnings = read(data, encoding)
    return text, (f"read as {encoding}, which is a guess", *warnings) if is_guess else warnings


def codec(stated: str) -> str:
    """Python's name of a stated encoding of text, "" where it is none."""
    try:
        name = codecs.lookup(stated.strip().lower()).name
    except (LookupError, ValueError):
        return ""
    name = WIDER.get(name, name)
    return name if STATABLE.fullmatch(name) else ""


def read(data: bytes, encoding: str) -> tuple[str, tuple[str, ...]]:
    """The text of the bytes in this encoding, and a warning where some are none.

    Raises:
        Refused: too many are none.
    """
    try:
        text, unreadable = data.decode(encoding), 0
    except UnicodeError:
        text = data.decode(encoding, errors="replace")
        unreadable = text.count("\ufffd")
    controls = sum(1 for _ in CONTROL.finditer(text))
    if unreadable + controls > MAX_UNREADABLE_SHARE * len(text) + 1:
        raise Refused("neither text nor a known format")
    return text, (f"{unreadable} bytes are not {encoding} and were replaced",) if unreadable else ()


def tell_encoding(data: bytes) -> tuple[str, bool]:
    """The encoding of bytes without a mark, and whether it is a guess.

    Raises:
        Refused: they are no text.
    """
    if data.count(0) > MAX_UNREADABLE_SHARE * len(data):
        return tell_utf_16(data), False
    if is_nearly_all(data, "utf-8"):
        return tell_escaped(data), False
    first = HIGH.search(data)  # ASCII tells nothing, and some files begin with pages of it
    start = first.start() if first else 0
    sample = data[start : start + SAMPLED_BYTES]
    if len(sample) == SAMPLED_BYTES:  # cut where no character of any encoding is cut
        sample = sample[: max(sample.rfind(b"\n"), sample.rfind(b" "), SAMPLED_BYTES // 2)]
    for encoding in ("cp949", "johab"):
        if is_nearly_all(sample, encoding) and is_korean(sample, encoding):
            return encoding, encoding != "cp949"
    for encoding in ("cp932", "euc_jp"):
        if is_nearly_all(sample, encoding) and is_japanese(sample, encoding):
            return encoding, True
    high = len(HIGH.findall(sample))
    if len(ALONE.findall(sample)) > 0.8 * high:  # in other encodings high bytes come in pairs
        return "cp1252" if is_nearly_all(sample, "cp1252") else "latin-1", True
    best = from_bytes(sample, cp_isolation=GUESSES).best()
    if best is None:
        raise Refused("neither text nor a known format")
    return best.encoding, True


def is_nearly_all(data: bytes, encoding: str) -> bool:
    """Whether only a few of the characters beyond ASCII are none in this encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError as error:  # one place is enough, and replacing many bytes takes long
        near = data[max(error.start - SAMPLED_BYTES, 0) : error.start + SAMPLED_BYTES]
        beyond = BEYOND_ASCII.findall(near.decode(encoding, errors="replace"))
        return beyond.count("\ufffd") <= MAX_BROKEN_SHARE * len(beyond)
    return True


def is_korean(data: bytes, encoding: str) -> bool:
    """Whether the bytes, read in this encoding, are more likely Korean than any other language.

    Korean has next to no Hanja today. The 8,822 syllables that only CP949 has are rare in it, but frequent
    where Japanese is read as Korean.
    """
    letters = [letter for letter in LETTER.findall(data.decode(encoding, errors="ignore")) if letter > "\x7f"]
    hangul = "".join(letter for letter in letters if "가" <= letter <= "힣")
    if not hangul or len(hangul) <= len(letters) / 2:
        return False
    codes = hangul.encode("cp949")
    rare = sum(min(pair) < 0xA1 for pair in zip(codes[::2], codes[1::2], strict=True))
    frequent = len(FREQUENT.findall(hangul))
    return rare <= len(hangul) / 4 and (frequent >= len(hangul) / 4 or len(hangul) > 0.9 * len(letters))


def is_japanese(data: bytes, encoding: str) -> bool:
    """Whether at least a third of the letters are Kana, as in no other language read in this encoding."""
    letters = [letter for letter in LETTER.findall(data.decode(encoding, errors="ignore")) if letter > "\x7f"]
    return sum("ぁ" <= letter <= "ヶ" for letter in letters) > len(letters) / 3


def tell_utf_16(data: bytes) -> str:
    """UTF-16 of one or the other byte order, told by the side of its spaces and line ends.

    Raises:
        Refused: read so, it is no text.
    """
    little = sum(data.count(letter, 0, SAMPLED_BYTES) for letter in (b" \0", b"\n\0"))
    big = sum(data.count(letter, 0, SAMPLED_BYTES) for letter in (b"\0 ", b"\0\n"))
    encoding = "utf-16-le" if little >= big else "utf-16-be"
    text = data[:SAMPLED_BYTES].decode(encoding, errors="replace")
    if sum(letter.isprintable() or letter in "\r\n\t" for letter in text) < (1 - MAX_UNREADABLE_SHARE) * len(
        text
    ):
        raise Refused("neither text nor a known format")
    return encoding


def tell_escaped(data: bytes) -> str:
    """UTF-8, unless the bytes are ASCII with the escape sequences of ISO 2022."""
    escaped = "iso2022_kr" if b"\x1b$)C" in data else "iso2022_jp"
    return escaped if b"\x1b$" in data and data.isascii() and is_nearly_all(data, escaped) else "utf-8"
