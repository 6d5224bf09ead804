"""Interpretations of the law by ministries and the National Tax Service, each as one document.

Format: open.law.go.kr, `lawService.do`, with the roots ExpcService (target=expc) and CgmExpcService (those of
the ministries); taxlaw.nts.go.kr, whose answer holds the record as `dcmDVO`, with the request as HTML.
"""

import re
from collections.abc import Iterator

from lxml import etree
from lxml import html as lxml_html

from slm_factory.parsers.html.blocks import blocks
from slm_factory.parsers.law.fields import Record, each, first, line_of, raw_text
from slm_factory.parsers.law.sections import Kind, read_sections
from slm_factory.parsers.markdown import heading, one_line
from slm_factory.parsers.parsed import Parsed

INTERPRETATION = Kind(
    number=("안건번호", "문서번호"),
    name=("안건명", "제목"),
    date=("해석일자", "회신일자", "회답일자", "생산일자", "등록일자"),
    facts=("해석기관명", "회신기관명", "질의기관명", "세목"),
    identifiers=("법령해석례일련번호", "법령해석일련번호", "ntstDcmId"),
    sections=(
        *("요지", "질의요지", "질의내용", "질의", "사실관계", "회답", "회신", "내용", "이유"),
        *("관련법령", "관련 법령", "관계법령", "참조조문"),
    ),
)
QUESTIONS = ("질의요지", "질의내용", "질의")
ANSWERS = ("회답", "회신")
TAX_FIELDS = {  # of taxlaw.nts.go.kr, by the names above
    "문서번호": "ntstDcmDscmCntn",
    "제목": "ntstDcmTtl",
    "등록일자": "ntstDcmRgtDt",
    "요지": "ntstDcmGistCntn",
    "ntstDcmId": "ntstDcmId",
}
REPLIES = ("01", "02", "03", "04")  # ntstDcmClCd of advance rulings, replies and advice, which have a 회신
PART = re.compile(r"\d{1,2}[.)]\s*((?:사실\s?관계|질의|관련\s?법령|쟁점)[^\n]{0,30})")


def is_interpretation(record: Record) -> bool:
    """Whether a record without a wrapper has the question and the answer of an interpretation."""
    return any(name in record for name in QUESTIONS) and any(name in record for name in ANSWERS)


def read_interpretation(record: Record) -> Parsed:
    """An interpretation: question, answer, reasons; the date is that of the answer.

    Raises:
        Refused: the record has neither number nor name, or no text.
    """
    return read_sections(record, INTERPRETATION, {})


def read_tax_interpretation(answer: Record) -> Parsed:
    """An interpretation of the National Tax Service: gist and reply, then facts, question and law as sent.

    Raises:
        Refused: the record has neither number nor name, or no text.
    """
    source = first(answer.get("dcmDVO"))
    record = {name: source.get(field) for name, field in TAX_FIELDS.items()}
    has_reply = raw_text(source.get("ntstDcmClCd")) in REPLIES
    record["회신" if has_reply else "내용"] = source.get("ntstDcmCntn")
    laws = [line_of(law, "ntstTextNm") for law in each(answer.get("dcmRltnStttList"))]
    request = [
        block
        for file in each(answer.get("dcmHwpEditorDVOList"))
        for block in request_blocks(raw_text(file.get("dcmFleByte")))
    ]
    return read_sections(record, INTERPRETATION, {"관련법령": ", ".join(filter(None, laws))}, request)


def request_blocks(page: str) -> Iterator[str]:
    """The blocks of the request as HTML; its numbered parts (`1. 사실관계`) become headings."""
    try:
        tree = lxml_html.document_fromstring(page.replace("\0", "")) if "<" in page else None
    except (etree.ParserError, ValueError):  # nothing but white space or comments
        return
    for block in blocks(tree) if tree is not None else ():
        part = PART.fullmatch(block.strip())
        yield heading(2, one_line(part[1])) if part else block
