import csv
import io
import json
from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from slm_factory.parsers import law
from slm_factory.parsers.parse_file import parse_bytes
from slm_factory.parsers.parsed import RecordFields, Refused
from slm_factory.parsers.records.document import parse_csv, parse_json, parse_jsonl, parse_parquet
from slm_factory.parsers.records.field_map import Documents
from tests.parsers.builders import OPTIONS

ARTICLE = {"조문번호": "1", "조문여부": "조문", "조문제목": "목적", "조문내용": "제1조(목적) 나루를 정한다."}
BASICS = {"법령명_한글": "나루법", "시행일자": "20240101", "법종구분": {"content": "법률"}}
STATUTE = {"법령": {"기본정보": BASICS, "조문": {"조문단위": [ARTICLE]}}}


def written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def lines(*values: Any) -> bytes:
    return b"\n".join(value if isinstance(value, bytes) else written(value) for value in values)


def table(columns: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    parquet.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


def test_each_record_is_a_document_named_by_its_id_or_its_number() -> None:
    records = [{"id": "a-1", "title": "제목", "text": "본문", "date": 20250318, "score": 4}, {"text": "둘"}]
    first, second = parse_json(written(records), OPTIONS)
    assert (first.part, first.title, first.date, first.format) == ("a-1", "제목", "20250318", "json")
    assert first.markdown == "# 제목\n\n본문\n"
    assert first.meta == {"id": "a-1", "score": "4"}
    assert (second.part, second.markdown) == ("2", "둘\n")


def test_ids_that_occur_twice_are_made_unique() -> None:
    found = parse_json(written([{"id": name, "text": "글"} for name in ("a", "a (2)", "a", "a")]), OPTIONS)
    assert len({document.part for document in found}) == 4


def test_several_text_fields_are_sections_and_dots_reach_into_objects() -> None:
    options = replace(OPTIONS, records=RecordFields(text=("qa.question", "qa.answer"), title="head.name"))
    record = {"qa": {"question": "왜?", "answer": ["하나.", "둘."]}, "head": {"name": "이름", "lang": "ko"}}
    [found] = parse_json(written([record]), options)
    assert found.markdown == "# 이름\n\n## question\n\n왜?\n\n## answer\n\n하나.\n\n둘.\n"
    assert found.meta == {"head.lang": "ko"}


@pytest.mark.parametrize(
    "value",
    [
        {"n": 1, "items": [{"text": "글"}]},
        {"response": {"body": {"data": [{"text": "글"}], "codes": [{"c": 1}]}}},
    ],
)
def test_the_list_of_records_is_found_inside_an_object(value: Any) -> None:
    assert [(found.part, found.markdown) for found in parse_json(written(value), OPTIONS)] == [("1", "글\n")]


def test_an_object_alone_has_no_part() -> None:
    assert [found.part for found in parse_json(written({"id": 7, "text": "글"}), OPTIONS)] == [""]


def test_records_without_text_are_counted_and_nested_fields_named() -> None:
    [found] = parse_json(written([{"text": "글", "tree": [{"x": 1}]}, {"x": 1}, 3]), OPTIONS)
    assert found.warnings == (
        "2 records without text are left out", "fields with nested values are left out: tree",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("parse", "data"),
    [
        (parse_json, written([{"body": "글", "name": "n"}])),
        (parse_jsonl, lines({"body": "글", "name": "n"})),
        (parse_parquet, table({"body": ["글"], "name": ["n"]})),
    ],
)
def test_where_no_record_has_the_field_those_found_are_named(parse: Any, data: bytes) -> None:
    with pytest.raises(Refused, match=r"no record has a field text; .* params\.yaml \(found: body, name\)"):
        parse(data, OPTIONS)


def test_broken_lines_are_named_and_the_others_read() -> None:
    found = parse_jsonl(lines({"text": "하나"}, b"{broken", b"", {"text": "둘"}, b"[" * 100_000), OPTIONS)
    assert [(one.part, one.markdown) for one in found] == [("1", "하나\n"), ("4", "둘\n")]
    assert found[0].warnings == ("2 lines are no JSON and left out: 2, 5",)


def test_line_separators_inside_strings_do_not_end_a_line() -> None:
    assert parse_jsonl('{"text": "한 줄\u2028다음 줄"}'.encode(), OPTIONS)[0].markdown == "한 줄\n다음 줄\n"


def test_json_lines_and_one_object_are_read_under_each_others_suffix() -> None:
    assert len(parse_json(lines({"text": "하나"}, {"text": "둘"}), OPTIONS)) == 2
    assert len(parse_jsonl(json.dumps({"text": "하나"}, indent=1).encode(), OPTIONS)) == 1


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"text":' * 100_000, b"nothing", b'{"text": ' + b"9" * 5000 + b"}"]
)
def test_hostile_json_is_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="no JSON"):
        parse_json(data, OPTIONS)


def test_lists_in_lists_are_read_to_a_depth() -> None:
    nested: Any = "안쪽"
    for _ in range(500):
        nested = [nested]
    [found] = parse_json(written([{"text": [["글"]]}, {"text": nested}]), OPTIONS)
    assert (found.markdown, found.warnings) == ("글\n", ("1 records without text are left out",))


def test_law_records_need_no_field_map() -> None:
    [alone] = parse_json(written(STATUTE), OPTIONS)
    assert alone.title == "나루법" and alone.format == "law" and "나루법 제1조" in alone.markdown
    first, second = parse_jsonl(lines(STATUTE, STATUTE), OPTIONS)
    assert first.part != second.part and first.markdown == second.markdown == alone.markdown


def test_law_records_that_cannot_be_read_say_why(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(value: Any) -> None:
        raise Refused("a list of search results")

    monkeypatch.setattr(law, "read_record", refuse)
    with pytest.raises(Refused, match="a list of search results"):
        parse_json(written([STATUTE, STATUTE]), OPTIONS)
    [found] = parse_json(written([STATUTE, {"text": "글"}, STATUTE]), OPTIONS)
    assert found.warnings == ("2 law records are left out: a list of search results",)


def test_a_small_csv_file_leaves_large_ones_readable_to_others() -> None:
    parse_csv(b"a,b\n1,2\n", OPTIONS)
    assert len(next(csv.reader([f"{'x' * 10_000},y"]))[0]) == 10_000


def test_csv_rows_with_a_text_column_are_documents_and_no_cell_is_lost() -> None:
    data = 'id,text,title,title\n1,"하나,\n둘",제목,x,더\n2,,빈 글\n'.encode("cp949")
    [found] = parse_csv(data, OPTIONS)
    assert (found.part, found.markdown) == ("1", "# 제목\n\n하나,\n둘\n")
    assert set(found.meta.values()) == {"1", "x", "더"}
    assert found.warnings == ("1 records without text are left out",)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_other_csv_files_are_sheets_whatever_their_delimiter(delimiter: str) -> None:
    data = "\n".join(
        delimiter.join(row) for row in (["이름", "나이"], ["김", "3"], ["박", "4", "더"])
    ).encode()
    [found] = parse_csv(data, OPTIONS)
    assert found.markdown == "| 이름 | 나이 | C |\n|---|---|---|\n| 김 | 3 |  |\n| 박 | 4 | 더 |\n"


def test_commas_in_text_do_not_decide_the_delimiter() -> None:
    data = "이름;설명\n가;하나, 둘, 셋\n나;넷, 다섯\n다;여섯\n".encode()
    assert "| 가 | 하나, 둘, 셋 |" in parse_csv(data, OPTIONS)[0].markdown


def test_a_quote_that_is_never_closed_does_not_swallow_the_file() -> None:
    [found] = parse_csv('치수,수량\n"5 inch,2\n3 inch,4\n'.encode(), OPTIONS)
    assert '| "5 inch | 2 |\n| 3 inch | 4 |' in found.markdown and "never closed" in found.warnings[0]


def test_a_cell_of_any_length_is_read() -> None:
    assert len(parse_csv(b"a,b\n" + b"x" * 200_000 + b",1\n", OPTIONS)[0].markdown) > 200_000


def test_parquet_rows_are_documents_with_their_types_as_text() -> None:
    columns = {
        "id": ["a", "b"],
        "text": ["글", None],
        "day": [date(2024, 3, 5)] * 2,
        "deep": [{"x": 1.5}] * 2,
    }
    [found] = parse_parquet(table(columns | {"vector": [[0.1] * 300] * 2}), OPTIONS)
    assert (found.part, found.markdown) == ("a", "글\n")
    assert found.meta == {"id": "a", "day": "2024-03-05", "deep.x": "1.5"}
    assert found.warnings == (
        "1 records without text are left out", "fields with nested values are left out: vector",
    )  # fmt: skip


def test_one_string_repeated_a_million_times_is_refused() -> None:
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), ["x" * 10_000])
    with pytest.raises(Refused, match="max_expanded_megabytes"):
        parse_parquet(table({"text": column}), replace(OPTIONS, max_expanded_bytes=1_000_000))


def test_rows_without_text_are_counted_in_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Documents, "add")
    with pytest.raises(Refused, match="no record"):
        parse_parquet(table({"text": pa.nulls(10_000_000, pa.string())}), OPTIONS)


@pytest.mark.parametrize("cut", [8, 100, 300])
def test_a_damaged_parquet_file_is_refused(cut: int) -> None:
    whole = table({"text": ["글"] * 100})
    with pytest.raises(Refused):
        parse_parquet(whole[:cut] + whole[cut + 10 :], OPTIONS)


def test_dates_of_records_are_normalised() -> None:
    assert (
        parse_bytes(lines({"text": "글", "date": "2025. 3. 18."}), ".jsonl", OPTIONS)[0].date == "2025-03-18"
    )
