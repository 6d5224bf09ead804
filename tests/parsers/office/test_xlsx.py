import io
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from slm_factory.parsers.office.xlsx import parse
from slm_factory.parsers.parse_file import parse_bytes
from slm_factory.parsers.parsed import Parsed, Refused
from tests.parsers.builders import OPTIONS, zipped

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def related(**targets: str) -> str:
    """A part with relationships of these types."""
    items = "".join(
        f'<Relationship Id="{kind}" Type="{OFFICE}/{kind}" Target="{target}"/>'
        for kind, target in targets.items()
    )
    return f'<Relationships xmlns="{PACKAGE}">{items}</Relationships>'


def workbook(sheet: str, parts: Mapping[str, str | bytes] | None = None, sheets: str = "") -> bytes:
    """A workbook with the given XML between the tags of its one worksheet."""
    sheets = sheets or '<sheet name="표" r:id="worksheet"/>'
    return zipped(
        {
            "_rels/.rels": related(officeDocument="xl/workbook.xml"),
            "xl/workbook.xml": f'<book xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>{sheets}</sheets></book>',
            "xl/_rels/workbook.xml.rels": related(
                worksheet="/xl/worksheets/sheet1.xml", sharedStrings="sharedStrings.xml", styles="styles.xml"
            ),
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}">{sheet}</worksheet>',
            **(parts or {}),
        }
    )


def cell(place: str, text: str) -> str:
    return f'<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>'


def rows(*lines: str) -> str:
    return "<sheetData>" + "".join(f"<row>{line}</row>" for line in lines) + "</sheetData>"


def saved(book: openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def parts_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sheet_of(*lines: list[Any]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.active.title = "표"
    for line in lines:
        book.active.append(line)
    return book


def read(book: openpyxl.Workbook) -> Parsed:
    return parse(saved(book), OPTIONS)


def test_each_sheet_is_a_heading_in_order_and_hidden_ones_are_named_in_a_warning() -> None:
    book = sheet_of(["이름", "나이"], ["김", 3])
    book.create_sheet("안내").append(["읽어 보세요."])
    book.create_sheet("비밀").append(["숨은 글"])
    book["비밀"].sheet_state = "veryHidden"
    book.create_sheet("빈 것")
    found = read(book)
    assert found.markdown == "# 표\n\n| 이름 | 나이 |\n|---|---|\n| 김 | 3 |\n\n# 안내\n\n읽어 보세요.\n"
    assert found.warnings == ("hidden sheets left out: '비밀'",)


def test_merged_cells_are_repeated_in_what_they_span() -> None:
    book = sheet_of(
        ["2024년 실적", None, None],
        ["부서", "본사", None],
        [None, "1분기", "2분기"],
        ["총무", 1, 2],
        ["인사", 3, None],
    )
    for span in ("A1:C1", "A2:A3", "B2:C2", "B5:C5"):
        book.active.merge_cells(span)
    assert read(book).markdown == (
        "# 표\n\n## 2024년 실적\n\n| 부서 | 본사 / 1분기 | 본사 / 2분기 |\n|---|---|---|\n"
        "| 총무 | 1 | 2 |\n| 인사 | 3 | 3 |\n"
    )


def test_the_empty_rows_and_columns_under_merged_cells_divide_nothing() -> None:
    book = sheet_of(["성명", "김", None, None, "부서", "총무"], ["사유", "가족 행사", None, None, None, None])
    book.active["A6"], book.active["B6"] = "비고", "없음"
    for span in ("B1:D1", "B2:F5", "A2:A5", "B6:F6"):
        book.active.merge_cells(span)
    assert read(book).markdown == (
        "# 표\n\n| 성명 | 김 | 부서 | 총무 |\n|---|---|---|---|\n"
        "| 사유 | 가족 행사 | 가족 행사 | 가족 행사 |\n| 비고 | 없음 | 없음 | 없음 |\n"
    )


def test_a_merged_title_does_not_join_the_tables_side_by_side_below_it() -> None:
    book = sheet_of(["현황"], ["이름", "나이", None, "지역", "건수"], ["김", 3, None, "서울", 9])
    book.active.merge_cells("A1:E1")
    assert "| 이름 | 나이 |\n|---|---|\n| 김 | 3 |\n\n| 지역 | 건수 |" in read(book).markdown


def test_hidden_rows_and_columns_are_left_out_and_counted() -> None:
    book = sheet_of(["이름", "급여", "부서"], ["김", "비밀", "총무"], ["박", "비밀", "인사"])
    book.active.column_dimensions["B"].hidden = True
    book.active.row_dimensions[3].hidden = True
    found = read(book)
    assert found.markdown == "# 표\n\n| 이름 | 부서 |\n|---|---|\n| 김 | 총무 |\n"
    assert found.warnings == ("sheet '표': 1 hidden rows and 1 hidden columns left out",)


def test_a_merged_cell_shows_its_text_though_its_first_row_is_hidden() -> None:
    book = sheet_of(["부서", "이름"], ["총무", "김"], [None, "박"])
    book.active.merge_cells("A2:A3")
    book.active.row_dimensions[2].hidden = True
    assert "| 총무 | 박 |" in read(book).markdown


def test_values_are_shown_as_displayed() -> None:
    book = sheet_of(["비율", "금액", "날", "있음"], [0.155, -12345, datetime(2024, 3, 5, 14, 30), True])
    for place, code in {"A2": "0.0%", "B2": '#,##0"원"', "C2": "yyyy. m. d. h:mm"}.items():
        book.active[place].number_format = code
    assert "| 15.5% | -12,345원 | 2024-03-05 14:30 | TRUE |" in read(book).markdown


def test_formulas_show_their_last_value_and_those_never_calculated_are_counted() -> None:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        sheet = book.add_worksheet("표")
        sheet.write_row(0, 0, ["합계", "평균"])
        sheet.write_formula("A2", "=SUM(1,2)", value=3)
        sheet.write_formula("B2", "=1/0", value="#DIV/0!")
    assert "| 3 | #DIV/0! |" in parse(buffer.getvalue(), OPTIONS).markdown
    found = read(sheet_of(["합계", "값"], ["=SUM(1,2)", 5]))
    assert "|  | 5 |" in found.markdown
    assert found.warnings[0].startswith("sheet '표': 1 formulas were never calculated")


def test_runs_of_shared_strings_are_joined_without_phonetic_ones() -> None:
    runs = "<r><t>장애 </t></r><r><t>등급_x000D_</t></r><rPh><t>읽기</t></rPh>"
    strings = f'<sst xmlns="{MAIN}"><si>{runs}</si></sst>'
    data = workbook(rows('<c t="s"><v>0</v></c>'), {"xl/sharedStrings.xml": strings})
    assert parse(data, OPTIONS).markdown == "# 표\n\n장애 등급\n"


def test_a_workbook_with_mistakes_in_its_styles_is_read() -> None:
    book = sheet_of([0.5])
    book.active["A1"].number_format = "0%"
    parts = parts_of(saved(book))
    styles = parts["xl/styles.xml"]
    parts["xl/styles.xml"] = styles.replace(b"<font>", b'<font><color rgb="red"/></font><font>', 1)
    with pytest.raises(ValueError, match="stylesheet"):
        openpyxl.load_workbook(io.BytesIO(zipped(parts)))
    assert parse(zipped(parts), OPTIONS).markdown == "# 표\n\n50%\n"


def test_title_author_and_date_come_from_the_properties_or_the_head() -> None:
    book = sheet_of(["이름", "입사일"], ["김", "1999-01-01"])
    book.properties.title, book.properties.creator = "명부", "총무팀"
    book.properties.modified = datetime(2024, 3, 5)
    found = read(book)
    assert (found.title, found.meta["author"]) == ("명부", "총무팀")
    assert found.date == found.meta["modified"] != ""
    book.active.insert_rows(1)
    book.active["A1"] = "작성일: 2023. 7. 1."
    assert read(book).date == "2023-07-01"


def test_charts_and_comments_are_left_out_with_a_warning() -> None:
    book = sheet_of(["이름", "나이"], ["김", 3])
    book.active["A2"].comment = openpyxl.comments.Comment("확인 필요", "검토자")
    chart = openpyxl.chart.BarChart()
    chart.add_data(openpyxl.chart.Reference(book.active, min_col=2, min_row=1, max_row=2))
    book.active.add_chart(chart, "D1")
    found = read(book)
    assert "확인" not in found.markdown
    assert found.warnings == ("1 chart left out", "1 sheet with comments left out")


def test_a_stated_size_of_all_cells_costs_nothing() -> None:
    data = workbook(
        '<dimension ref="A1:XFD1048576"/><sheetData>'
        f'<row r="1">{cell("A1", "처음")}</row><row r="1048576">{cell("XFD1048576", "끝")}</row></sheetData>'
    )
    assert parse(data, OPTIONS).markdown == "# 표\n\n처음\n\n끝\n"


def test_merged_cells_that_span_everything_are_refused() -> None:
    lines = [cell(f"A{number}", "가") + cell(f"B{number}", "나") for number in range(1, 2001)]
    merged = '<mergeCell ref="A1:XFD1048576"/>' * 2000
    with pytest.raises(Refused, match="span too many"):
        parse(workbook(rows(*lines) + f"<mergeCells>{merged}</mergeCells>"), OPTIONS)


def test_one_long_string_shown_a_thousand_times_is_refused() -> None:
    strings = f'<sst xmlns="{MAIN}"><si><t>{"긴 글 " * 500}</t></si></sst>'
    data = workbook(rows(*['<c t="s"><v>0</v></c>'] * 1000), {"xl/sharedStrings.xml": strings})
    with pytest.raises(Refused, match="max_expanded_megabytes"):
        parse(data, replace(OPTIONS, max_expanded_bytes=1_000_000))


def test_a_thousand_names_for_one_sheet_show_it_once() -> None:
    data = workbook(rows(cell("A1", "한 번")), sheets='<sheet name="표" r:id="worksheet"/>' * 1000)
    assert parse(data, OPTIONS).markdown == "# 표\n\n한 번\n"


def test_a_document_type_is_refused() -> None:
    parts = {"xl/sharedStrings.xml": '<!DOCTYPE sst [<!ENTITY x "boom">]><sst><si><t>&x;</t></si></sst>'}
    with pytest.raises(Refused, match="document type"):
        parse(workbook(rows('<c t="s"><v>0</v></c>'), parts), OPTIONS)


@pytest.mark.parametrize("part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml"])
def test_damaged_parts_are_refused(part: str) -> None:
    parts = parts_of(saved(sheet_of(["이름", "나이"], ["김", 3])))
    with pytest.raises(Refused, match="damaged"):
        parse(zipped(parts | {part: parts[part][: len(parts[part]) // 2]}), OPTIONS)


def test_a_binary_workbook_is_refused_by_name() -> None:
    parts = {"_rels/.rels": related(officeDocument="xl/workbook.bin"), "xl/workbook.bin": b"\x83\x01"}
    with pytest.raises(Refused, match="xlsb"):
        parse(zipped(parts), OPTIONS)


def test_a_workbook_of_hidden_or_empty_sheets_is_refused() -> None:
    with pytest.raises(Refused, match="hidden"):
        parse(
            workbook(rows(cell("A1", "가")), sheets='<sheet name="표" state="hidden" r:id="worksheet"/>'),
            OPTIONS,
        )
    with pytest.raises(Refused, match="no text"):
        read(openpyxl.Workbook())


def test_macro_workbooks_are_read_too() -> None:
    assert parse_bytes(saved(sheet_of(["이름", "나이"], ["김", 3])), ".xlsm", OPTIONS)[0].format == "xlsx"
