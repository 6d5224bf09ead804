"""E-mail (RFC 5322, MIME): a message is one document, each attachment that can be read is another.

Quoted replies are kept, because a question often stands only there, and so are signatures and disclaimers: a
signature holds contacts, and neither can be told from text for certain.
"""

import email
import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import Message
from pathlib import PurePosixPath

from slm_factory.core.text import language
from slm_factory.parsers import parse_file
from slm_factory.parsers.html.blocks import blocks as html_blocks
from slm_factory.parsers.html.clutter import remove_invisible
from slm_factory.parsers.html.document import read_page
from slm_factory.parsers.mail.headers import MAX_HEADER, MAX_NAME, charset_of, file_name, header, send_time
from slm_factory.parsers.markdown import clean, heading, join_blocks
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.text.encodings import decode

HEADERS = ("From", "To", "Cc", "Date")
LABELS = {
    "ko": {"From": "보낸 사람", "To": "받는 사람", "Cc": "참조", "Date": "날짜"},
    "en": {name: name for name in HEADERS},
}
MAX_MAILS_DEEP = 3  # attached mails in attached mails
MAX_PARTS_DEEP = 30  # multiparts in multiparts; mail programs nest four
MAX_PARTS = 500
CONTENT_HEADER = re.compile(
    rb"^content-[\w-]+:[^\r\n]*(?:(?:\r\n?|\n)[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE
)
LOOKS_LIKE_MARKDOWN = re.compile(r"^(?=#{1,6}\s|\||```|~~~)", re.MULTILINE)  # ">" is what it is: a quotation


def parse(data: bytes, options: Options) -> list[Parsed]:
    """The message, then the documents attached to it.

    Raises:
        Refused: it is no e-mail.
    """
    if any(len(match[0]) > MAX_HEADER for match in CONTENT_HEADER.finditer(data)):
        raise Refused("a header is longer than any mail program writes")
    reader = Reader(options)
    try:
        reader.read(email.message_from_bytes(data), part="", depth=0)
    except RecursionError as error:
        raise Refused("its parts are nested too deeply") from error
    first = reader.documents[0]
    return [replace(first, warnings=(*first.warnings, *reader.warnings)), *reader.documents[1:]]


class Reader:
    """Collects the documents of a message and of what is attached to it."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.documents: list[Parsed] = []
        self.warnings: list[str] = []
        self.names: dict[str, int] = {}  # how often each was asked for
        self.parts_left = MAX_PARTS

    def read(self, message: Message, part: str, depth: int) -> None:
        """Takes a message, named `part` if it is attached itself.

        Raises:
            Refused: it has none of the headers of an e-mail.
        """
        told = {name: value for name in HEADERS if (value := header(message, name))}
        subject = header(message, "Subject")
        if not told and not subject:
            raise Refused("no e-mail: it has no headers From, To, Date or Subject")
        sent = send_time(message)
        if sent:
            told["Date"] = sent
        attached: list[tuple[str, Message]] = []
        body = list(self.body(message, attached, 0))
        spoken = language("\n".join([subject, *body]))
        lines = [f"- {LABELS[spoken][name]}: {value}" for name, value in told.items()]
        markdown = join_blocks([heading(1, subject) if subject else "", "\n".join(lines), *body])
        meta = {name.lower(): value for name, value in told.items()}
        self.documents.append(
            Parsed(markdown, "eml", part=part, title=subject, date=sent[:10], language=spoken, meta=meta)
        )
        for name, inner in attached:
            self.attach(name, inner, part, depth)

    def body(self, part: Message, attached: list[tuple[str, Message]], depth: int) -> Iterator[str]:
        """The text blocks of a part in order; what is attached goes to `attached`."""
        self.parts_left -= 1
        if self.parts_left < 0 or depth > MAX_PARTS_DEEP:
            if self.parts_left == -1:
                self.warnings.append(f"parts left out: there are more than {MAX_PARTS}")
            return
        kind, name = part.get_content_type(), file_name(part)
        is_attached = bool(name) or part.get_content_disposition() == "attachment"
        if kind == "multipart/alternative" and children(part):
            yield from self.alternative(children(part), attached, depth)
        elif kind.startswith("multipart/") and children(part):
            for child in children(part):
                yield from self.body(child, attached, depth + 1)
        elif kind in ("text/plain", "text/html") and not is_attached:
            yield from self.text(part, kind)
        elif is_attached or not kind.startswith(
            "image/"
        ):  # images without a name are part of the text's look
            attached.append((name or default_name(part), part))

    def alternative(
        self, forms: list[Message], attached: list[tuple[str, Message]], depth: int
    ) -> Iterator[str]:
        """The first of several forms of one text that is not empty; plain text before all others."""
        for form in sorted(forms, key=lambda form: form.get_content_type() != "text/plain"):
            found = [block for block in self.body(form, attached, depth + 1) if block.strip()]
            if found:
                yield from found
                return

    def text(self, part: Message, kind: str) -> list[str]:
        """The Markdown blocks of a text part, in the encoding it states if it can be read in that."""
        try:
            text, warnings = decode(payload_of(part), charset_of(part))
            self.warnings += warnings
            return read_html(text) if kind == "text/html" else [read_plain(text, part)]
        except Refused as error:
            self.warnings.append(f"a part of the text is left out: {error.reason}")
            return []

    def attach(self, name: str, part: Message, outer: str, depth: int) -> None:
        """Takes what is attached if its format is known; says why if it is not."""
        wanted = f"{outer}/{name}" if outer else name
        unique = wanted
        while unique in self.names:
            self.names[wanted] += 1
            unique = f"{wanted} ({self.names[wanted]})"
        self.names[unique] = 1
        try:
            inner = attached_mail(part, name)
            if inner is None:
                self.documents += self.parse_attachment(payload_of(part), name, unique)
            elif depth + 1 >= MAX_MAILS_DEEP:
                raise Refused(f"mails attached to mails are read {MAX_MAILS_DEEP} deep")
            else:
                self.read(inner, unique, depth + 1)
        except Refused as error:
            self.warnings.append(f"attachment '{unique}' is left out: {error.reason}")

    def parse_attachment(self, data: bytes, name: str, part: str) -> Iterator[Parsed]:
        """The documents in an attached file; all attachments share one limit of what they may expand to.

        Raises:
            Refused: its format is not known, or it cannot be read.
        """
        suffix = PurePosixPath(name).suffix.lower()
        if suffix not in parse_file.FORMATS:
            raise Refused(f"unknown format: {suffix or 'no suffix'}")
        for document in parse_file.parse_bytes(data, suffix, self.options):
            left = max(self.options.max_expanded_bytes - len(document.markdown), 0)
            self.options = replace(self.options, max_expanded_bytes=left)
            yield replace(document, part=f"{part}#{document.part}" if document.part else part)


def read_plain(text: str, part: Message) -> str:
    """Plain text with at most one empty line in a row, its soft line breaks (RFC 3676) undone."""
    if str(part.get_param("format", "")).lower() == "flowed":
        text = unflow(text, gap="" if str(part.get_param("delsp", "")).lower() == "yes" else " ")
    text = re.sub(r"\n{3,}", "\n\n", clean(text))
    return LOOKS_LIKE_MARKDOWN.sub(r"\\", text).strip("\n")


def unflow(text: str, gap: str) -> str:
    """The text with each line that ends in a space joined to the next, if both are quoted equally deep."""
    lines: list[tuple[str, str]] = []
    is_open = False
    for line in text.splitlines():
        content = line.lstrip(">")
        quotes = line[: len(line) - len(content)]
        content = content.removeprefix(" ")
        if is_open and lines[-1][0] == quotes:
            lines[-1] = (quotes, f"{lines[-1][1].removesuffix(' ')}{gap}{content}")
        else:
            lines.append((quotes, content))
        is_open = content.endswith(" ") and content != "-- "  # which stands before a signature
    return "\n".join(f"{quotes} {content}" if quotes else content for quotes, content in lines)


def read_html(text: str) -> list[str]:
    """The Markdown blocks of an HTML text, all of them: mail has no navigation.

    Raises:
        Refused: it cannot be read.
    """
    page, _ = read_page(text)
    remove_invisible(page)
    return list(html_blocks(page))


def attached_mail(part: Message, name: str) -> Message | None:
    """The mail that is attached, as a message or as an `.eml` file; None if it is something else."""
    if part.get_content_type() == "message/rfc822" and children(part):
        return children(part)[0]
    return email.message_from_bytes(payload_of(part)) if name.lower().endswith(".eml") else None


def children(part: Message) -> list[Message]:
    """The parts within a part."""
    payload = part.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def payload_of(part: Message) -> bytes:
    """The bytes of a part that holds no others."""
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def default_name(part: Message) -> str:
    """A name for something attached without one: a mail's subject, else its type."""
    subject = next((header(child, "Subject") for child in children(part)), "")
    return subject.replace("/", " ")[:MAX_NAME] or part.get_content_type()
