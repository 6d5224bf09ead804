"""Finished sentences find their template, and what stood in its fields stands in the translation."""

import re
from string import Formatter

import pytest

from slm_factory import language
from slm_factory.language.sentences import CONTEXT, fields, sentence

KOREAN = re.compile("[가-힣]")
COMMAND = re.compile(r"^(?:cd|cp|dvc|export|git|pip|slm-factory|\{program\}) ")


def test_fields_are_what_the_template_leaves_open() -> None:
    assert fields("{path}, line {number}, is bad", "a, b.txt, line 3, is bad") == {
        "path": "a, b.txt",
        "number": "3",
    }
    assert fields("{path} is bad", "a.txt is good") is None
    assert fields("nothing here", "nothing here") == {}


def test_a_template_matches_the_whole_text_with_its_braces() -> None:
    assert fields('{{"a": {value}}}', '{"a": 1}') == {"value": "1"}
    assert fields("{name} is bad", "x is bad, very") is None


def test_a_field_that_comes_twice_has_one_value() -> None:
    assert fields("{name} or {name}", "a or a") == {"name": "a"}
    assert fields("{name} or {name}", "a or b") is None


def test_a_sentence_keeps_its_values_in_translation() -> None:
    language.use("ko")
    assert sentence("data/x.parquet does not exist") == "data/x.parquet이(가) 없습니다"


def test_a_reason_within_a_sentence_is_translated_too() -> None:
    language.use("ko")
    told = sentence("a/b.pdf will be skipped: the PDF is encrypted; save it without a password")
    assert told == "a/b.pdf은(는) 건너뜁니다: 암호가 걸린 PDF입니다. 암호 없이 저장하세요"


def test_what_no_template_knows_stays_as_it_is() -> None:
    language.use("ko")
    assert sentence("Zwölf Boxkämpfer {jagen} Viktor") == "Zwölf Boxkämpfer {jagen} Viktor"


def test_english_stays_english() -> None:
    assert sentence("data/x.parquet does not exist") == "data/x.parquet does not exist"


@pytest.mark.parametrize("name", [name for name in language.LANGUAGES if name != "en"])
def test_every_template_finds_itself_again_with_any_values(name: str) -> None:
    """Values that hold no blank are never translated, so the fields of a translation must be those given."""
    language.use(name)
    for template, translation in language.in_context(CONTEXT).items():
        names = [field for _, field, _, _ in Formatter().parse(template) if field]
        values = {field: f"<{number}>" for number, field in enumerate(names)}
        assert fields(template, template.format(**values)) == values
        told = translation.format(**values)
        assert all(value in told for value in values.values()), template
        assert KOREAN.search(told) or told == template.format(**values), template
