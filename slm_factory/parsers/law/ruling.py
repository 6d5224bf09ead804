"""Rulings of the courts and decisions of the constitutional court, each as one document.

Format: open.law.go.kr, `lawService.do`, with the roots PrecService (target=prec) and DetcService (detc). The
text of a ruling is one field (판례내용, 전문) that marks its parts itself: 【주    문】, 【이    유】.
"""

import re
from collections.abc import Iterator

from slm_factory.parsers.law.fields import Record, day_of, line_of, text_of
from slm_factory.parsers.law.sections import Kind, read_sections, section
from slm_factory.parsers.markdown import clean, one_line
from slm_factory.parsers.parsed import Parsed

RULING = Kind(
    number=("사건번호",),
    name=("사건명",),
    date=("선고일자", "종국일자"),
    facts=("법원명", "사건종류명", "판결유형", "결정유형"),
    identifiers=("판례정보일련번호", "판례일련번호", "헌재결정례일련번호"),
    sections=("판시사항", "판결요지", "결정요지", "심판대상조문", "참조조문", "참조판례"),
)
BODIES = ("판례내용", "전문", "결정내용", "주문", "이유")
MARK = re.compile(
    r"^[ \t]*(?:【([^【】\n]{1,40})】|\[([가-힣 ]{1,20})\][ \t]*$|(주[ \t]*문|이[ \t]*유)[ \t]*$)",
    re.MULTILINE,
)
PARTS = ("주문", "이유", "청구취지", "항소취지", "상고취지", "신청취지", "당사자", "심판대상", "별지")


def read_ruling(record: Record) -> Parsed:
    """A ruling or decision with its parts under headings; the date is that of the ruling.

    Raises:
        Refused: the record has neither number nor name, or no text.
    """
    body = [block for name in BODIES for block in parts(name, text_of(record.get(name)))]
    return read_sections(record, RULING, {"인용": citation(record)}, body)


def parts(name: str, text: str) -> Iterator[str]:
    """The text of a ruling under the headings it marks itself; what stands before them under `name`.

    The parties and the instances, which are marked alike, stay lines.
    """
    start = 0
    for mark in MARK.finditer(text := clean(text)):
        marked = unspaced(mark[1] or mark[2] or mark[3])
        if marked.startswith(PARTS):
            yield from section(name, text[start : mark.start()])
            name, start = marked, mark.end()
    yield from section(name, text[start:])


def unspaced(words: str) -> str:
    """`주    문` as `주문`; words of more than one syllable stay apart."""
    return "".join(words.split()) if all(len(word) == 1 for word in words.split()) else one_line(words)


def citation(record: Record) -> str:
    """How the ruling is cited: `대법원 2017. 12. 22. 선고 2016두38167 판결`; "" where a part is missing."""
    number, court = line_of(record, "사건번호"), line_of(record, "법원명")
    day = day_of(record, "선고일자", "종국일자")
    if not number or not day:
        return ""
    year, month, date = (int(part) for part in day.split("-"))
    written = f"{year}. {month}. {date}."
    if "헌" in number:
        return f"헌재 {written} {number}"
    form = line_of(record, "판결유형").partition(":")[0].strip() or "판결"
    return f"{court} {written} 선고 {number} {form}" if court else ""
