"""Files made to read other files, to fill memory or to run for ever are refused, or read like any other."""

import io
import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from bench.fuzz import texts
from bench.fuzz.packages import read_parts, write_archive
from bench.fuzz.seeds import MAKERS
from bench.fuzz.values import PIECES
from slm_factory.parsers.parse_file import parse_bytes
from slm_factory.parsers.parsed import Options, Parsed, Refused
from tests.parsers.builders import OPTIONS, pdf, zipped

TEXT_PART = {
    "docx": "word/document.xml",
    "pptx": "ppt/slides/slide1.xml",
    "xlsx": "xl/worksheets/sheet1.xml",
    "hwpx": "Contents/section0.xml",
}
BOMB = '<!DOCTYPE x [<!ENTITY a0 "aaaaaaaaaa">{}]>'.format(
    "".join(f'<!ENTITY a{level + 1} "{f"&a{level};" * 10}">' for level in range(7))
)


def archive(format_name: str) -> dict[str, bytes]:
    """The parts of a small document."""
    return dict(read_parts(MAKERS[format_name]()[0]))


def with_entity(xml: bytes, declarations: str) -> bytes:
    """The XML with declarations, and a reference to the entity a7 at the end of each Korean text."""
    body = xml.decode().partition("?>")[2] or xml.decode()
    attacked = re.sub("([가-힣;])</", r"\1&a7;</", body)  # openpyxl writes &#44032;
    assert attacked != body
    return f"{declarations}{attacked}".encode()


def read(data: bytes, suffix: str, options: Options = OPTIONS) -> list[Parsed] | str:
    """The documents, or why there are none; any other exception fails the test."""
    try:
        return parse_bytes(data, suffix, options)
    except Refused as refused:
        assert refused.reason.strip()
        return refused.reason


def words(result: list[Parsed] | str) -> str:
    """Everything that reached the reader."""
    return (
        result if isinstance(result, str) else json.dumps([vars(one) for one in result], ensure_ascii=False)
    )


@pytest.mark.parametrize("format_name", [*TEXT_PART, "law", "html", "md"])
@pytest.mark.parametrize("attack", ["file", "bomb", "parameter"])
def test_entities_are_never_resolved(format_name: str, attack: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("NEVER-READ", encoding="utf-8")
    (tmp_path / "evil.dtd").write_text(f'<!ENTITY a7 SYSTEM "{secret.as_uri()}">', encoding="utf-8")
    declarations = {
        "file": f'<!DOCTYPE x [<!ENTITY a7 SYSTEM "{secret.as_uri()}">]>',
        "bomb": BOMB,
        "parameter": f'<!DOCTYPE x [<!ENTITY % b SYSTEM "{(tmp_path / "evil.dtd").as_uri()}"> %b;]>',
    }[attack]
    if format_name in TEXT_PART:
        parts = archive(format_name)
        name = TEXT_PART[format_name]
        data = write_archive(parts | {name: with_entity(parts[name], declarations)})
    else:
        source = {"law": texts.STATUTE, "html": texts.HTML, "md": texts.HTML}[format_name]
        data = with_entity(source.encode(), declarations)
    result = read(data, ".xml" if format_name == "law" else f".{format_name}")
    assert "NEVER-READ" not in words(result)
    assert words(result).count("a" * 100) < 10


@pytest.mark.parametrize("format_name", TEXT_PART)
def test_an_archive_that_expands_beyond_the_limit_is_refused(format_name: str) -> None:
    parts = archive(format_name)
    limited = Options(max_pages=100, max_expanded_bytes=2**20)
    one_large = zipped(parts | {TEXT_PART[format_name]: parts[TEXT_PART[format_name]] + b" " * 2**21})
    many_small = zipped(parts | {f"media/{number}.bin": b"\0" * 2**14 for number in range(100)})
    for bomb in (one_large, many_small):
        assert len(bomb) < 2**18
        with pytest.raises(Refused, match=r"archive"):
            parse_bytes(bomb, f".{format_name}", limited)


@pytest.mark.parametrize("format_name", TEXT_PART)
def test_an_archive_that_lies_about_its_sizes_is_refused(format_name: str) -> None:
    name = TEXT_PART[format_name]
    parts = archive(format_name)
    bomb = zipped(parts | {name: parts[name] + b" " * 2**21})
    with zipfile.ZipFile(io.BytesIO(bomb)) as opened:
        size = opened.getinfo(name).file_size
    lying = bomb.replace(size.to_bytes(4, "little"), (1000).to_bytes(4, "little"))
    assert lying != bomb
    result = read(lying, f".{format_name}", Options(max_pages=100, max_expanded_bytes=2**20))
    assert isinstance(result, str)


@pytest.mark.parametrize("format_name", TEXT_PART)
@pytest.mark.parametrize(
    "name", ["../../outside.xml", "/tmp/outside.xml", "..\\..\\outside.xml", "C:\\outside.xml"]
)
def test_parts_with_names_outside_of_the_archive_are_refused(format_name: str, name: str) -> None:
    with pytest.raises(Refused, match="unsafe archive"):
        parse_bytes(zipped(archive(format_name) | {name: b"x"}), f".{format_name}", OPTIONS)


@pytest.mark.parametrize("format_name", ["docx", "pptx", "xlsx"])
def test_relationships_that_lead_outside_are_not_followed(format_name: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.xml"
    secret.write_text("<a>NEVER-READ</a>", encoding="utf-8")
    for target in (secret.as_uri(), str(secret), f"../../../../../../..{secret}"):
        parts = {
            name: part.replace(b'Target="', f'Target="{target}?'.encode()) if name.endswith(".rels") else part
            for name, part in archive(format_name).items()
        }
        assert "NEVER-READ" not in words(read(write_archive(parts), f".{format_name}"))


def recursive_form() -> bytes:
    """A page whose form draws itself twice, so that a naive reader draws it 2^depth times."""
    return b"""%PDF-1.4
1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj
2 0 obj <</Type/Pages/Kids[3 0 R]/Count 1>> endobj
3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources 5 0 R>> endobj
4 0 obj <</Length 6>> stream
/F Do
endstream endobj
5 0 obj <</XObject<</F 6 0 R>>/Font<</H 7 0 R>>>> endobj
6 0 obj <</Type/XObject/Subtype/Form/BBox[0 0 300 300]/Resources 5 0 R/Length 49>> stream
BT /H 12 Tf 50 50 Td (words) Tj ET /F Do /F Do
endstream endobj
7 0 obj <</Type/Font/Subtype/Type1/BaseFont/Helvetica>> endobj
trailer <</Root 1 0 R>>
"""


def test_a_form_that_draws_itself_ends() -> None:
    assert words(read(recursive_form(), ".pdf")).count("words") <= 10


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"/Kids[3 0 R]/Count 1", b"/Kids[2 0 R]/Count 1"),
        (b"/Kids[3 0 R]/Count 1", b"/Kids[3 0 R 2 0 R 3 0 R]/Count 3"),
        (b"/Count 1>>", b"/Count 2000000000>>"),
        (b"/Pages 2 0 R", b"/Pages 1 0 R"),
        (b"/Contents 4 0 R", b"/Contents[" + b"4 0 R " * 2000 + b"]"),
        (b"/MediaBox[0 0 300 300]", b"/MediaBox[0 0 1e30 1e30]"),
        (b"/MediaBox[0 0 300 300]", b"/MediaBox[0 0 %s 0]" % (b"9" * 60)),
        (b"/H 12 Tf", b"/H %s Tf" % (b"9" * 60)),
        (b"50 50 Td", b"%s -%s Td" % (b"9" * 60, b"9" * 60)),
        (b"50 50 Td", b"%s 0 0 %s 50 50 Tm" % (b"9" * 20, b"9" * 20)),
        (b"/Pages 2 0 R", b"/Pages 2 0 R/Outlines<</First 8 0 R>>"),
    ],
)
def test_pdf_objects_that_contain_themselves_or_lie_are_survived(old: bytes, new: bytes) -> None:
    outline = b"8 0 obj <</Title(a)/Next 8 0 R/First 8 0 R/Parent 8 0 R/Dest[3 0 R/Fit]>> endobj\ntrailer"
    assert old in recursive_form()
    data = recursive_form().replace(old, new).replace(b"trailer", outline)
    read(data, ".pdf")


def test_a_pdf_of_very_many_objects_is_read() -> None:
    data = pdf([[(60, 100, 12, "words")]])
    objects = b"".join(
        b"%d 0 obj <</A %d 0 R>> endobj\n" % (number, number + 1) for number in range(100, 200_000)
    )
    result = read(data.replace(b"xref", objects + b"xref", 1), ".pdf")
    assert "words" in words(result)


def test_a_pdf_over_the_page_limit_is_refused() -> None:
    with pytest.raises(Refused, match="pages"):
        parse_bytes(pdf([[]] * 11), ".pdf", Options(max_pages=10, max_expanded_bytes=2**20))


DEEP = 100_000


@pytest.mark.parametrize(
    ("suffix", "data"),
    [
        (".json", b"[" * DEEP),
        (".json", b"[" * DEEP + b"]" * DEEP),
        (".json", b'{"text":' * DEEP + b'"x"' + b"}" * DEEP),
        (
            ".json",
            json.dumps({"id": "a", "text": "x"}).replace('"x"', "[" * 900 + '"x"' + "]" * 900).encode(),
        ),
        (".jsonl", b'{"text": "x"}\n' + b'{"text":' * DEEP + b'"x"' + b"}" * DEEP),
        (".xml", "<법령>".encode() * DEEP + "</법령>".encode() * DEEP),
        (".xml", ("<법령><조문>" + "<항>" * 240 + "x" + "</항>" * 240 + "</조문></법령>").encode()),
        (".html", b"<html><body>" + b"<div>" * DEEP + b"words"),
        (".html", b"<html><body>" + b"<ul><li>" * 5000 + b"words"),
        (".html", b"<html><body>" + b"<table><tr><td>" * 3000 + b"words"),
        (".md", b">" * DEEP + b" words\n"),
        (".md", b"".join(b" " * level + b"- words\n" for level in range(1000))),
        (".md", b"[" * DEEP + b"words" + b"](" * DEEP),
        (".md", b"---\n" + b"[" * DEEP + b"\n---\nwords\n"),
        (".md", b"---\na: " + b"{a: " * 5000 + b"\n---\nwords\n"),
    ],
)
def test_deep_nesting_is_read_or_refused(suffix: str, data: bytes) -> None:
    read(data, suffix)


@pytest.mark.parametrize("format_name", TEXT_PART)
def test_deep_nesting_in_office_documents_is_read_or_refused(format_name: str) -> None:
    tag = {"docx": "w:sdt", "pptx": "p:grpSp", "xlsx": "row", "hwpx": "hp:subList"}[format_name]
    parts = archive(format_name)
    xml = parts[TEXT_PART[format_name]].decode()
    closing = {"docx": "</w:body>", "pptx": "</p:spTree>", "xlsx": "</sheetData>", "hwpx": "</hs:sec>"}[
        format_name
    ]
    assert closing in xml
    for depth in (100, 240, 5000):
        deep = xml.replace(closing, f"<{tag}>" * depth + f"</{tag}>" * depth + closing)
        read(write_archive(parts | {TEXT_PART[format_name]: deep.encode()}), f".{format_name}")


@pytest.mark.parametrize(
    "value",
    [
        *(
            "!!bool x",
            "!!int ''",
            "!!int x",
            "!!float x",
            "!!timestamp x",
            "!!binary zzzz=",
            "!!set {x}",
            "!!omap x",
        ),
        *(
            "!!python/object/apply:os.system [ls]",
            "!x y",
            "*missing",
            "&a [*a]",
            "&a {b: *a}",
            "{[]: x}",
            "? [x]",
        ),
        *(
            "0x" + "f" * 5000,
            "1" * 5000,
            "1" + ":59" * 3000,
            "1e999",
            "0000-00-00",
            "2001-01-01 00:00:00 +99:99",
        ),
    ],
)
def test_values_of_front_matter_that_break_readers_of_yaml_cost_at_most_it(value: str) -> None:
    [parsed] = parse_bytes(f"---\na: {value}\n---\n\n글\n".encode(), ".md", OPTIONS)
    assert "글" in parsed.markdown


LONG: dict[str, Callable[[int], bytes]] = {
    ".txt": lambda size: b"word " * (size // 5),
    ".md": lambda size: b"# " + b"a" * size,
    ".csv": lambda size: b"text,id\n" + b"a" * size + b",1\n",
    ".json": lambda size: json.dumps({"id": "a", "text": "a" * size}).encode(),
    ".jsonl": lambda size: json.dumps({"id": "a", "text": "a b|" * (size // 4)}).encode(),
    ".html": lambda size: b"<html><body><p>" + b"word " * (size // 5),
    ".eml": lambda size: b"Subject: a\n\n" + b"a" * size,
    ".xml": lambda size: texts.STATUTE.replace(
        "목적</조문제목>", "가" * (size // 3) + "</조문제목>"
    ).encode(),
}


@pytest.mark.parametrize("suffix", LONG)
def test_a_very_long_line_is_read_whole_or_refused(suffix: str) -> None:
    size = 2_000_000
    result = read(LONG[suffix](size), suffix)
    assert isinstance(result, str) or sum(len(one.markdown) for one in result) > size * 0.3


@pytest.mark.parametrize(
    ("suffix", "head"),
    [(".txt", ""), (".md", ""), (".csv", ""), (".html", "<html><body><p>"), (".eml", "Subject: a\n\n")],
)
def test_pieces_repeated_very_often_are_read_or_refused(suffix: str, head: str) -> None:
    for piece in PIECES:
        for text in (piece * 2000, f"x{piece * 2000}x", f"x{' ' * 2000}{piece}x"):
            read(f"{head}{text}".encode(), suffix)
