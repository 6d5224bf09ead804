from slm_factory.parsers.office.docx import parse
from tests.parsers.builders import OPTIONS, word, wp


def level(depth: int, form: str, text: str, more: str = "") -> str:
    return (
        f'<w:lvl w:ilvl="{depth}"><w:start w:val="1"/><w:numFmt w:val="{form}"/>{more}'
        f'<w:lvlText w:val="{text}"/></w:lvl>'
    )


def numbering(levels: str, lists: str = '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>') -> str:
    return f'<w:numbering><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>{lists}</w:numbering>'


def item(text: str, depth: int = 0, number: int = 1) -> str:
    return wp(text, f'<w:numPr><w:ilvl w:val="{depth}"/><w:numId w:val="{number}"/></w:numPr>')


def lines(body: str, **parts: str) -> list[str]:
    return [line for line in parse(word(body, parts), OPTIONS).markdown.split("\n") if line]


def test_levels_show_the_numbers_above_them_and_start_again() -> None:
    levels = level(0, "decimal", "%1.") + level(1, "ganada", "%2.") + level(2, "decimalEnclosedCircle", "%3")
    body = item("a") + item("b", 1) + item("c", 2) + item("d", 2) + item("e", 1) + item("f") + item("g", 1)
    assert lines(body, numbering=numbering(levels)) == [
        "1. a",
        "    가. b",
        "        ① c",
        "        ② d",
        "    나. e",
        "2. f",
        "    가. g",
    ]


def test_a_label_that_is_no_list_in_markdown_stands_at_the_margin() -> None:
    levels = level(0, "decimal", "%1.") + level(1, "decimal", "(%2)")
    assert lines(item("a") + item("b", 1), numbering=numbering(levels)) == ["1. a", "(1) b"]


def test_lists_of_one_abstract_numbering_count_on_until_one_starts_anew() -> None:
    lists = "".join(
        f'<w:num w:numId="{number}"><w:abstractNumId w:val="0"/>{override}</w:num>'
        for number, override in (
            (1, ""),
            (2, ""),
            (3, '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride>'),
        )
    )
    body = "".join(item("x", 0, number) for number in (1, 2, 3, 3, 1))
    found = lines(body, numbering=numbering(level(0, "decimal", "%1."), lists))
    assert found == ["1. x", "2. x", "5. x", "6. x", "7. x"]


def test_an_override_may_change_how_a_level_looks() -> None:
    override = f'<w:lvlOverride w:ilvl="0">{level(0, "chosung", "%1)")}</w:lvlOverride>'
    lists = f'<w:num w:numId="1"><w:abstractNumId w:val="0"/>{override}</w:num>'
    found = lines(item("x"), numbering=numbering(level(0, "decimal", "%1."), lists))
    assert found == ["ㄱ) x"]


def test_a_level_may_never_start_again_and_may_write_digits_only() -> None:
    levels = level(0, "upperRoman", "%1.") + level(
        1, "decimal", "%1.%2.", '<w:lvlRestart w:val="0"/><w:isLgl/>'
    )
    body = item("a") + item("b", 1) + item("c") + item("d", 1)
    assert lines(body, numbering=numbering(levels))[-1].strip() == "2.2. d"


def test_an_empty_paragraph_of_a_list_takes_a_number() -> None:
    body = item("a") + item("<w:r/>") + item("c")
    assert lines(body, numbering=numbering(level(0, "decimal", "%1."))) == ["1. a", "3. c"]


def test_styles_and_the_styles_they_are_based_on_number_paragraphs() -> None:
    styles = (
        '<w:styles><w:style w:type="paragraph" w:styleId="A"><w:pPr><w:numPr>'
        '<w:numId w:val="1"/></w:numPr></w:pPr></w:style>'
        '<w:style w:type="paragraph" w:styleId="B"><w:basedOn w:val="A"/></w:style></w:styles>'
    )
    levels = level(0, "decimal", "제%1조", '<w:pStyle w:val="A"/>')
    levels += level(1, "decimalEnclosedCircle", "%2", '<w:pStyle w:val="B"/>')
    body = wp("목적", '<w:pStyle w:val="A"/>') + wp("내용", '<w:pStyle w:val="B"/>')
    body += wp("밖", '<w:pStyle w:val="B"/><w:numPr><w:numId w:val="0"/></w:numPr>')
    assert lines(body, numbering=numbering(levels), styles=styles) == ["제1조 목적", "① 내용", "밖"]


def test_a_list_style_stands_for_the_numbering_it_names() -> None:
    styles = (
        '<w:styles><w:style w:type="numbering" w:styleId="L"><w:name w:val="L"/><w:pPr><w:numPr>'
        '<w:numId w:val="2"/></w:numPr></w:pPr></w:style></w:styles>'
    )
    abstract = (
        '<w:numbering><w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="L"/></w:abstractNum>'
        f'<w:abstractNum w:abstractNumId="1">{level(0, "decimal", "%1)")}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num></w:numbering>'
    )
    assert lines(item("x"), numbering=abstract, styles=styles) == ["1) x"]


def test_a_numbered_heading_keeps_its_number() -> None:
    body = wp("범위", '<w:outlineLvl w:val="1"/><w:numPr><w:numId w:val="1"/></w:numPr>')
    assert lines(body, numbering=numbering(level(0, "decimal", "%1."))) == ["## 1. 범위"]


def test_korean_names_of_styles_are_headings_and_cycles_of_styles_end() -> None:
    styles = (
        '<w:styles><w:style w:type="paragraph" w:styleId="1"><w:name w:val="제목 2"/>'
        '<w:basedOn w:val="2"/></w:style><w:style w:type="paragraph" w:styleId="2"><w:name w:val="x"/>'
        '<w:basedOn w:val="1"/></w:style></w:styles>'
    )
    body = wp("가", '<w:pStyle w:val="1"/>') + wp("나", '<w:pStyle w:val="2"/>')
    assert lines(body, styles=styles) == ["## 가", "## 나"]
