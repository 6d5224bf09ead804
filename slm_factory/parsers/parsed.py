"""What a parser gives back, what it may spend, and how it says no."""

from dataclasses import dataclass, field


class Refused(Exception):
    """The file cannot or must not be read; `reason` says why, in words a person understands."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True)
class Limits:
    """What one file may cost; a file over one of them is refused."""

    max_pages: int
    max_expanded_bytes: int  # of all parts of a zipped format together


@dataclass(frozen=True)
class Parsed:
    """One document as Markdown.

    `markdown` is NFC, without control characters, and ends with one newline. `page_starts[i]` is the offset
    in it, in characters, at which page i + 1 begins; empty where the format has no pages. Nothing in here
    depends on the file's name, so results can be remembered by content.
    """

    markdown: str
    format: str  # pdf, hwpx, docx, html, md, txt, law
    title: str = ""  # "" when the document names none
    date: str = ""  # ISO date, "" when the document tells none
    language: str = ""  # ko or en
    pages: int = 0
    page_starts: tuple[int, ...] = ()
    meta: dict[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
