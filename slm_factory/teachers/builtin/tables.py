"""Statements from tables: one per cell, or one per row where a table lists properties."""

import re
from collections.abc import Iterator

from slm_factory.teachers.builtin.markdown import Table
from slm_factory.teachers.builtin.section import Section
from slm_factory.teachers.builtin.statement import CONTACT, EMPTY, Statement, attribute, is_key, is_value

# Row subjects that mean nothing without their table.
DEPENDENT = re.compile(
    r"^[\d\s.,:/~\-–%년월일시분초차회번위호#()]+(경|쯤|이후|이전|am|pm)?$"
    r"|^\d+\s?(단계|등급|급|minutes?|hours?|days?)$"
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


def table(block: Table, section: Section) -> Iterator[Statement]:
    """One statement per cell: the row's first cell is the subject, the column's header the property."""
    header = block.header.cells
    if len(header) < 2:
        return
    if is_key_value_table(block):
        is_named = bool(KEY_HEADER.match(header[0])) or not any(header)
        for row in block.rows if is_named else (block.header, *block.rows):
            if is_key(row.cells[0] or "-") and is_value(row.cells[1]):
                yield attribute(section.subject, row.cells[0], row.cells[1], row.line)
        return
    first = 1 if ROW_NUMBER.match(header[0]) and len(header) > 2 else 0
    names = [row.cells[first] for row in block.rows]
    for row in block.rows:
        name, start = row.cells[first], first + 1
        if names.count(name) > 1 and len(header) > first + 2:  # two columns name the row together
            name, start = f"{name} {row.cells[start]}".strip(), start + 1
        for key, value in zip(header[start:], row.cells[start:], strict=True):
            if EMPTY.match(name) or not key or not is_key(key) or not is_value(value):
                continue
            if DEPENDENT.match(name):
                yield attribute(section.subject, f"{name} {key}", value, row.line)
            else:
                yield attribute(name, key, value, row.line)


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
