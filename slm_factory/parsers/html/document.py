"""HTML: the main text of a page, with its headings, lists, tables and code as Markdown."""

import re

from lxml import etree
from lxml import html as lxml_html

from slm_factory.parsers.html.blocks import blocks
from slm_factory.parsers.html.main_text import find_main
from slm_factory.parsers.html.metadata import page_names, read_metadata, squeezed
from slm_factory.parsers.markdown import join_blocks
from slm_factory.parsers.parsed import Options, Parsed, Refused
from slm_factory.parsers.text.encodings import decode

HEAD_BYTES = 8192
HEAD_CHARACTERS = 2000  # of the text, where its title stands
CHARSET = re.compile(
    rb"""(?:<meta\b[^>]{0,400}?charset|\A\s*<\?xml\b[^>]{0,200}?encoding)\s*=\s*["']?\s*([\w:.-]+)""",
    re.IGNORECASE,
)
DECLARATIONS = re.compile(
    r"\A\s*(?:<\?xml[^>]*\?>\s*)?(?:<!DOCTYPE\s[^>\[]*\[.*?\]\s*>)?", re.DOTALL | re.IGNORECASE
)
MAIL = re.compile(rb"\A(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*)*?content-type:\s*multipart/", re.IGNORECASE)
FORMATTING = re.compile(r"</?(?:font|b|i|u|em|strong|span|center|big|small|a)\b[^<>]*>", re.IGNORECASE)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
TOO_DEEP = "its elements are nested too deeply; what is deeper than 2,000 levels was left out"


def parse(data: bytes, options: Options) -> Parsed:
    """The main text of a page without its navigation; spans of tables are repeated in what they cover.

    Raises:
        Refused: it holds no text, or is an archive of a page, or only frames around other pages.
    """
    if MAIL.match(data[:HEAD_BYTES]):
        raise Refused("a web archive (MHTML); open it in a browser and save it as HTML or PDF")
    declared = CHARSET.search(data[:HEAD_BYTES])
    text, warnings = decode(data, declared[1].decode("ascii", errors="replace") if declared else "")
    page, lost = read_page(text)
    if page.find(".//frameset") is not None:
        raise Refused("a page of frames, which holds no text itself; save the framed pages")
    fields, names = read_metadata(page), page_names(page)
    markdown = join_blocks(blocks(find_main(page)))
    if not markdown.strip():
        raise Refused(lost[0] if lost else "no main text found in the page")
    stated, headings = fields.pop("title", ""), HEADING.findall(markdown[:HEAD_CHARACTERS])
    title = next((heading for heading in headings if squeezed(heading) in names), stated)
    date, language = fields.pop("date", ""), fields.pop("language", "")
    return Parsed(
        markdown, "html", title=title, date=date, language=language if language in ("ko", "en") else "",
        meta=fields, warnings=warnings + lost,
    )  # fmt: skip


def read_page(text: str) -> tuple[etree._Element, tuple[str, ...]]:
    """The tree of a page, and a warning where it is nested too deeply to be read whole.

    libxml2 stops at 2,048 levels, which pages of the nineties reach with formatting that they never close; it
    is left out then.

    Raises:
        Refused: it is no HTML.
    """
    text = DECLARATIONS.sub("", text, count=1)
    for attempt in (text, FORMATTING.sub("", text)):
        parser = lxml_html.HTMLParser(no_network=True, remove_comments=True, remove_pis=True, huge_tree=True)
        try:
            page = lxml_html.document_fromstring(attempt, parser=parser)
        except (etree.ParserError, ValueError) as error:
            raise Refused(f"no HTML: {error}") from error
        if not any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
            return page, ()
    return page, (TOO_DEEP,)
