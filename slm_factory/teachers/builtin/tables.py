"""Statements from tables: one per cell, or one per row where a table lists properties."""

import re
from collections.abc import Iterator

from slm_factory.teachers.builtin.markdown import Row, Table
from slm_factory.teachers.builtin.section import Section
from slm_factory.teachers.builtin.statement import CONTACT, EMPTY, Statement, attribute, is_key, is_value

# Row subjects that mean nothing without their table.
DEPENDENT = re.compile(
    r"^[\d\s.,:/~\-–%년월일시분초차회번위호#()]+(경|쯤|이후|이전|am|pm)?$"
    r"|^\d+\s?(단계|등급|급|minutes?|hours?|days?)$|^\d[\d,.]*\s?\S{0,3}\s?(이상|이하|미만|초과)"
    r"|^(합계|총계|계|평균|기타|전체|평일|주말|휴일|오전|오후|주간|야간|낮|밤|상|중|하|높음|보통|낮음"
    r"|정상|주의|심각|경고|긴급|총|total|other|all|average|high|medium|low|normal|warning|critical|weekdays?|weekends?)$",
    re.IGNORECASE,
)
ROW_NUMBER = re.compile(r"^(번호|순번|연번|no\.?|#)$", re.IGNORECASE)
KEY_HEADER = re.compile(r"^(항목|구분|키|속성|필드|이름|item|key|field|property|attribute)$", re.IGNORECASE)
VALUE_HEADER = re.compile(
    r"^(내용|값|설명|세부 ?내용|상세|value|description|details?|content)$", re.IGNORECASE
)
FIELD_WORD = re.compile(
    r"(담당자|전화|번호|주소|위치|시간|기간|이름|성명|일자|역할|도시|기한|금액|인원|이메일|부서)$"
)
# A column that says of what the others are: 나루결제 | 승인 시간 | 1.5초 is no limit of 나루결제 as such.
MEASURE_HEADER = re.compile(r"^((감시|측정|점검) ?)?(지표|항목)$|^(metric|measure|indicator)$", re.IGNORECASE)
GRADE_HEADER = re.compile(r"^(매우 )?(우수|양호|적정|보통|미흡|불량|탁월|상|중|하)$")
EVENT_HEADER = re.compile(r"^(상황|사건|경과|(주요 )?(상황|경과))$")
CLOCK = re.compile(r"\d\s?시|\d:\d\d")
POINTS = re.compile(r"(점수|배점)$")
# What stands beside the labels of a form that nobody filled in: more labels.
FORM_LABEL = re.compile(
    r"(번호|성명|^대표자|연락처|소재지|주소|제출 ?처|제출자|접수처|업체명|생년월일|직위|^구분|계약기간|자본금"
    r"|내용|E-?mail|fax( 번호)?)$",
    re.IGNORECASE,
)
FORM_SHARE = 0.2
MAX_NAME_CHARACTERS = 60


def table(block: Table, section: Section) -> Iterator[Statement]:
    """One statement per cell: the row's first cell is the subject, the column's header the property."""
    header = block.header.cells
    if len(header) < 2 or is_form(block):
        return
    if is_key_value_table(block):
        is_named = bool(KEY_HEADER.match(header[0])) or not any(header)
        for row in block.rows if is_named else (block.header, *block.rows):
            key, value = row.cells[:2]
            if is_key(key or "-") and is_value(value) and key != value:
                yield attribute(section.subject, key, value, row.line)
        return
    first = 1 if ROW_NUMBER.match(header[0]) and len(header) > 2 else 0
    names = [row.cells[first] for row in block.rows]
    is_measured = len(header) > first + 2 and bool(MEASURE_HEADER.match(header[first + 1]))
    for row in block.rows:
        name, start = row.cells[first], first + 1
        # Two columns name the row together.
        if is_measured or (names.count(name) > 1 and len(header) > first + 2):
            name, start = f"{name} {row.cells[start]}".strip(), start + 1
        if is_name(name):
            yield from row_statements(row, name, header, start, first, section)


def row_statements(
    row: Row, name: str, header: tuple[str, ...], start: int, first: int, section: Section
) -> Iterator[Statement]:
    """What the cells of one row from `start` on say of `name`."""
    topic = section.topic_of(header[first])
    for key, value in zip(header[start:], row.cells[start:], strict=True):
        if not key or not is_key(key) or not is_value(value) or GRADE_HEADER.match(key):
            continue
        # A column among several of one name, a merged cell, a field of a form.
        if header.count(key) > 1 or value in (name, key, row.cells[first]) or is_label(value):
            continue
        if POINTS.search(key) and re.fullmatch(r"[\d.]+", value):
            value = f"{value}점"
        if CLOCK.search(name) and DEPENDENT.match(name) and EVENT_HEADER.match(key):
            yield attribute(section.subject, f"{name}에 일어난 일", value, row.line)
        elif DEPENDENT.match(name):
            yield attribute(section.subject, f"{name} {key}", value, row.line)
        else:
            yield attribute(name, key if topic in key else f"{topic} {key}", value, row.line)


def is_name(text: str) -> bool:
    """Whether a row's first cell names something, and is no sentence or gap."""
    return not EMPTY.search(text) and len(text) <= MAX_NAME_CHARACTERS and not re.search(r"다\.?$|-{3}", text)


def is_form(block: Table) -> bool:
    """Whether a table is a form to be filled in: many of its values are names of fields."""
    values = [cell for row in block.rows for cell in row.cells[1:] if cell]
    labels = [cell for cell in values if is_label(cell)]
    has_gaps = any(EMPTY.search(cell) and "0000" in cell for cell in block.header.cells)
    return has_gaps or len(labels) > FORM_SHARE * len(values)


def is_label(text: str) -> bool:
    """Whether a cell is the name of a field, and no value."""
    return bool(FORM_LABEL.search(text)) and not any(map(str.isdigit, text)) and len(text.split()) < 3


def is_key_value_table(block: Table) -> bool:
    """Whether a table of two columns lists properties of one thing, with or without a header."""
    header = block.header.cells
    if len(header) != 2:
        return False
    if not any(header) or (KEY_HEADER.match(header[0]) and VALUE_HEADER.match(header[1])):
        return True
    keys = [row.cells[0] for row in block.rows]
    are_fields = sum(1 for key in keys if FIELD_WORD.search(key)) * 2 >= len(keys)
    return bool(CONTACT.match(header[1])) or (are_fields and bool(FIELD_WORD.search(header[0])))
