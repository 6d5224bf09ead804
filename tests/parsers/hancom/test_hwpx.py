import pytest

from slm_factory.parsers.hancom.hwpx import parse
from slm_factory.parsers.parsed import Options, Parsed, Refused
from tests.parsers.builders import HP, HS, OPTIONS, hwpx, text, zipped

OPF = "http://www.idpf.org/2007/opf/"


def content(metadata: str = "", items: str = "", spine: str = "") -> dict[str, str]:
    """The part that names the others, as a part."""
    body = f"{metadata}<opf:manifest>{items}</opf:manifest><opf:spine>{spine}</opf:spine>"
    return {"Contents/content.hpf": f'<opf:package xmlns:opf="{OPF}">{body}</opf:package>'}


def read(sections: list[str], parts: dict[str, str] | None = None) -> Parsed:
    return parse(hwpx([text(words) for words in sections], parts=parts), OPTIONS)


def test_all_sections_come_in_numeric_order() -> None:
    markdown = read([f"구역 {number}" for number in range(12)]).markdown
    assert markdown.split("\n\n") == [*(f"구역 {number}" for number in range(11)), "구역 11\n"]


def test_the_spine_orders_sections_and_those_it_forgets_follow() -> None:
    items = '<opf:item id="a" href="Contents/section2.xml"/><opf:item id="b" href="section0.xml"/>'
    spine = '<opf:itemref idref="a"/><opf:itemref idref="nothing"/><opf:itemref idref="b" linear="no"/>'
    assert read(["영", "일", "이"], content(items=items, spine=spine)).markdown == "이\n\n영\n\n일\n"


def test_names_with_backslashes_are_read() -> None:
    section = f'<hs:sec xmlns:hs="{HS}" xmlns:hp="{HP}">{text("글")}</hs:sec>'
    data = zipped({"Contents\\section0.xml": section, "Contents\\header.xml": "<head/>"})
    assert parse(data, OPTIONS).markdown == "글\n"


def test_title_author_and_day_come_from_the_package() -> None:
    metadata = """<opf:metadata><opf:title>점검 보고</opf:title><opf:meta name="creator">관제팀</opf:meta>
    <opf:meta name="ModifiedDate">2025-03-25T00:00:00Z</opf:meta></opf:metadata>"""
    parsed = read(["글"], content(metadata))
    assert (parsed.title, parsed.meta) == ("점검 보고", {"author": "관제팀", "modified": "2025-03-25"})


@pytest.mark.parametrize("title", ["", "3", "1111", "- 1 -"])
def test_a_title_that_only_counts_is_none(title: str) -> None:
    assert read(["글"], content(f"<opf:title>{title}</opf:title>")).title == ""


def test_encrypted_packages_are_refused_by_name() -> None:
    with pytest.raises(Refused, match="encrypted"):
        read(["글"], {"META-INF/manifest.xml": "<m><encryption-data/></m>"})


def test_damaged_packages_are_refused() -> None:
    for data in (b"PK\x03\x04", zipped({"Contents/section0.xml": "<a>"}), zipped({"Contents/a": ""})):
        with pytest.raises(Refused):
            parse(data, OPTIONS)


def test_a_damaged_part_costs_only_itself_and_is_named() -> None:
    parsed = read(["앞", "뒤"], {"Contents/section9.xml": "<a>"} | content("<opf:title>"))
    assert parsed.markdown == "앞\n\n뒤\n"
    assert [warning.split(" ")[0] for warning in parsed.warnings] == [
        "Contents/content.hpf",
        "Contents/section9.xml",
    ]


def test_entities_in_a_section_are_refused() -> None:
    section = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'
    with pytest.raises(Refused, match="entities"):
        parse(zipped({"Contents/section0.xml": section}), OPTIONS)


def test_a_package_that_expands_beyond_the_limit_is_refused() -> None:
    with pytest.raises(Refused, match="unsafe archive"):
        parse(hwpx([text("글" * 100)]), Options(max_pages=1, max_expanded_bytes=100))


def test_a_chart_is_a_table_of_its_data() -> None:
    def points(name: str, *values: str) -> str:
        texts = "".join(f'<c:pt idx="{i}"><c:v>{value}</c:v></c:pt>' for i, value in enumerate(values))
        return f"<c:{name}><c:strRef><c:strCache>{texts}</c:strCache></c:strRef></c:{name}>"

    series = f"<c:ser>{points('tx', '건수')}{points('cat', '1월', '2월')}{points('val', '3', '5')}</c:ser>"
    namespace = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    chart = f'<c:chartSpace xmlns:c="{namespace}"><c:chart>{series}</c:chart></c:chartSpace>'
    version = '<hp:case><hp:chart chartIDRef="Chart/chart1.xml"/></hp:case>'
    fallback = "<hp:default><hp:ole><hp:t>옛</hp:t></hp:ole></hp:default>"
    body = f"<hp:p><hp:run><hp:switch>{fallback}{version}</hp:switch></hp:run></hp:p>"
    parsed = parse(hwpx([body], parts={"Chart/chart1.xml": chart}), OPTIONS)
    assert parsed.markdown == "|  | 건수 |\n|---|---|\n| 1월 | 3 |\n| 2월 | 5 |\n"
