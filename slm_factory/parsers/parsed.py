"""What a parser is told, what it gives back, and how it says no."""

from dataclasses import dataclass, field


class Refused(Exception):
    """The file cannot or must not be read; `reason` says why, in words a person understands."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class RecordFields:
    """Which fields of a JSON, JSONL, CSV or Parquet record make a document; `a.b` reaches into objects."""

    text: tuple[str, ...] = ("text",)  # the document's sections, in this order
    id: str = "id"
    title: str = "title"
    date: str = "date"


@dataclass(frozen=True)
class Options:
    """How files are read, and what one may cost: a file over a limit is refused."""

    max_pages: int
    max_expanded_bytes: int  # of all parts of a zipped format together
    ocr_languages: str = "kor+eng"  # Tesseract's names; "" leaves scanned pages unread
    korean_spacing: bool = False  # mend the spaces of Korean text
    records: RecordFields = RecordFields()


@dataclass(frozen=True)
class Parsed:
    """One document as Markdown.

    `markdown` is NFC, without control characters, and ends with one newline. `page_starts[i]` is the offset
    in it, in characters, at which page i + 1 begins; empty where the format has no pages. Nothing in here
    depends on the file's name, so results can be remembered by content.
    """

    markdown: str
    format: str  # see FORMATS in parse_file
    part: str = ""  # its name within a file that holds several documents: a record's id, an attachment's name
    title: str = ""  # "" when the document names none
    date: str = ""  # ISO date, "" when the document tells none
    language: str = ""  # ko or en
    pages: int = 0
    page_starts: tuple[int, ...] = ()
    meta: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
