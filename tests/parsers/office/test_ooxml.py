import io
import warnings

import docx
import pytest

from slm_factory.parsers.office.docx import parse
from slm_factory.parsers.parsed import Refused
from tests.parsers.builders import OPTIONS, word_parts, wp, zipped

STRICT = {
    "http://schemas.openxmlformats.org/wordprocessingml/2006/main": "http://purl.oclc.org/ooxml/wordprocessingml/main",
    "http://schemas.openxmlformats.org/officeDocument/2006/relationships": (
        "http://purl.oclc.org/ooxml/officeDocument/relationships"
    ),
}


def changed(parts: dict[str, str], name: str, old: str, new: str) -> bytes:
    assert old in parts[name]
    return zipped(parts | {name: parts[name].replace(old, new)})


def test_strict_documents_are_read() -> None:
    parts = word_parts(wp("엄격한 글"), {"styles": "<w:styles></w:styles>"})
    for old, new in STRICT.items():
        parts = {name: text.replace(old, new) for name, text in parts.items()}
    assert parse(zipped(parts), OPTIONS).markdown == "엄격한 글\n"


@pytest.mark.parametrize(
    "content_type",
    ["application/vnd.ms-word.document.macroEnabled.main+xml", "application/xml"],
)
def test_macro_enabled_and_misnamed_documents_are_read(content_type: str) -> None:
    plain = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
    data = changed(word_parts(wp("글")), "[Content_Types].xml", plain, content_type)
    assert parse(data, OPTIONS).markdown == "글\n"


def test_relationships_to_missing_parts_are_ignored() -> None:
    parts = word_parts(wp("글"), {"styles": "<w:styles></w:styles>"})
    del parts["word/styles.xml"]
    assert parse(zipped(parts), OPTIONS).markdown == "글\n"


def test_names_with_backslashes_and_other_capitals_are_found() -> None:
    parts = {name.replace("/", "\\"): text for name, text in word_parts(wp("글")).items()}
    parts["word\\Document.xml"] = parts.pop("word\\document.xml")
    assert parse(zipped(parts), OPTIONS).markdown == "글\n"


def test_a_damaged_part_is_read_as_far_as_possible_and_named() -> None:
    parts = word_parts(wp("앞 글") + wp("뒤 글"))
    parsed = parse(zipped(parts | {"word/document.xml": parts["word/document.xml"][:-60]}), OPTIONS)
    assert parsed.markdown.startswith("앞 글\n")
    assert parsed.warnings == ("damaged XML, read as far as possible: word/document.xml",)


def test_utf_16_parts_are_read() -> None:
    parts: dict[str, str | bytes] = dict(word_parts(wp("글")))
    document = '<?xml version="1.0" encoding="UTF-16"?>' + str(parts["word/document.xml"])
    assert parse(zipped(parts | {"word/document.xml": document.encode("utf-16")}), OPTIONS).markdown == "글\n"


def test_a_document_type_is_refused() -> None:
    parts = word_parts(wp("글"))
    bomb = '<!DOCTYPE x [<!ENTITY a "b">]>' + parts["word/document.xml"]
    for part in (bomb, bomb.encode("utf-16")):
        with pytest.raises(Refused, match="document type"):
            parse(zipped({**parts, "word/document.xml": part}), OPTIONS)


def test_a_document_without_a_body_or_main_part_is_refused() -> None:
    parts = word_parts(wp("글"))
    with pytest.raises(Refused, match="no body"):
        parse(zipped(parts | {"word/document.xml": "<x/>"}), OPTIONS)
    del parts["word/document.xml"]
    with pytest.raises(Refused, match="main part"):
        parse(zipped(parts), OPTIONS)


def test_properties_of_programs_and_their_templates_are_not_the_documents() -> None:
    document = docx.Document()
    document.add_paragraph("글")
    buffer = io.BytesIO()
    document.save(buffer)
    parsed = parse(buffer.getvalue(), OPTIONS)
    assert (parsed.title, parsed.date, parsed.meta) == ("", "", {})


def test_the_same_bytes_give_the_same_result_without_properties() -> None:
    data = zipped(word_parts(wp("글")))
    assert parse(data, OPTIONS) == parse(data, OPTIONS)
    assert parse(data, OPTIONS).date == ""


def test_a_name_that_comes_twice_is_read_once() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parse(zipped(word_parts(wp("글"))), OPTIONS).markdown == "글\n"
