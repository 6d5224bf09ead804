import pytest

from slm_factory.parsers.parsed import Refused
from slm_factory.parsers.text.encodings import codec, decode

KOREAN = "펌프의 압력은 매주 월요일에 다시 확인하고 기록한다."
JAPANESE = "ポンプの圧力は毎週月曜日の朝に確認して記録してください。"
CHINESE = "每周一早上检查水泵的压力并记录下来，然后通知值班人员。"
FRENCH = "Le café est fermé jusqu'à l'été, répète le gérant."


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *(
            (KOREAN, name)
            for name in ("utf-8", "utf-8-sig", "cp949", "johab", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
        ),
        *((JAPANESE, name) for name in ("utf-8", "cp932", "euc_jp", "iso2022_jp", "utf-16")),
        *((CHINESE, name) for name in ("utf-8", "gb18030", "utf-16")),
        *((FRENCH, name) for name in ("utf-8", "cp1252", "utf-16-le")),
    ],
)
def test_short_texts_are_read_without_a_statement(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding))[0] == text


@pytest.mark.parametrize("name", ["홍길동", "똠방각하", "제1장 총칙"])
def test_the_prior_is_korean_even_for_single_words(name: str) -> None:
    assert decode(name.encode("cp949")) == (name, ())


def test_a_statement_decides_where_the_bytes_keep_to_it() -> None:
    assert decode(CHINESE.encode("gb18030"), "gb2312") == (CHINESE, ())
    assert decode(KOREAN.encode("cp949"), "utf-8") == (KOREAN, ())
    assert decode("똠방각하".encode("cp949"), "euc-kr") == ("똠방각하", ())


def test_a_statement_that_fits_any_bytes_decides_only_where_they_do_not_tell() -> None:
    assert decode(KOREAN.encode("cp949"), "iso-8859-1") == (KOREAN, ())
    assert decode("Łódź i żółw".encode("cp1250"), "windows-1250") == ("Łódź i żółw", ())


@pytest.mark.parametrize("name", ["punycode", "unicode_escape", "rot13", "utf-7", "idna", "", "\0"])
def test_what_is_no_encoding_of_text_cannot_be_stated(name: str) -> None:
    assert codec(name) == ""


def test_ascii_before_the_first_korean_letter_does_not_hide_it() -> None:
    text = "x = 1\n" * 100_000 + KOREAN
    assert decode(text.encode("cp949")) == (text, ())


def test_broken_bytes_are_replaced_and_counted() -> None:
    text, warnings = decode((KOREAN * 5).encode() + b"\xff\xff." + KOREAN.encode())
    assert text == KOREAN * 5 + "\ufffd\ufffd." + KOREAN
    assert warnings == ("2 bytes are not utf-8 and were replaced",)


@pytest.mark.parametrize("data", [bytes(range(256)) * 20, b"\x7fELF" + bytes(5000), b"\x01\x02\x03" * 500])
def test_binary_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(Refused, match="neither text"):
        decode(data)
