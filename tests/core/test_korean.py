"""Particles follow the sound of the word before them; endings change register and keep the verb."""

import unicodedata

import pytest

from slm_factory.core.korean import Noun, adnominal, casual, particle, polite


@pytest.mark.parametrize(
    ("word", "name", "expected"),
    [
        # Hangul
        ("결제팀", "은", "은"),
        ("나루결제", "은", "는"),
        ("담당자", "이", "가"),
        ("승인", "이", "이"),
        ("절차", "을", "를"),
        ("임계값", "을", "을"),
        ("서버", "과", "와"),
        ("백업", "과", "과"),
        ("서울", "으로", "로"),
        ("들꽃센터", "으로", "로"),
        ("상황실", "으로", "로"),
        ("팀", "으로", "으로"),
        ("장애", "이란", "란"),
        ("예비 전환", "이란", "이란"),
        ("서버", "이다", "다"),
        ("시스템", "이다", "이다"),
        ("도구", "이라고", "라고"),
        ("도구", "이에요", "예요"),
        # digits and units, as they are read
        ("30분", "은", "은"),
        ("2715", "은", "는"),
        ("3340", "은", "은"),
        ("1", "으로", "로"),
        ("3", "을", "을"),
        ("6", "이", "이"),
        ("10", "이", "이"),
        ("100", "을", "을"),
        ("1,000", "은", "은"),
        ("10,000", "으로", "으로"),
        ("1000000000000", "은", "는"),  # 조
        ("0", "이", "이"),
        ("1.5", "은", "는"),
        ("1.0", "은", "은"),
        ("070-0000-4821", "으로", "로"),
        ("5%", "을", "를"),
        ("10kg", "을", "을"),
        ("3km", "은", "는"),
        ("20 GB", "이", "가"),
        ("500ms", "을", "를"),
        ("25℃", "은", "는"),
        # Latin letters: abbreviations by letter names, words by their Korean spelling
        ("API", "을", "를"),
        ("DB", "이", "가"),
        ("URL", "으로", "로"),
        ("URL", "은", "은"),
        ("VPN", "이", "이"),
        ("RAM", "을", "을"),
        ("DNS", "과", "와"),
        ("SQL", "이란", "이란"),
        ("Redis", "은", "는"),
        ("Kafka", "이", "가"),
        ("Slack", "을", "을"),
        ("Docker", "으로", "로"),
        ("Jenkins", "은", "는"),
        ("portal", "으로", "로"),
        ("node", "을", "를"),
        ("pipeline", "을", "을"),
        ("script", "은", "는"),
        ("web", "은", "은"),
        ("GitHub", "은", "는"),
        ("IPv6", "은", "는"),
        ("S3", "을", "를"),
        ("AES-256", "으로", "으로"),
        # brackets, quotes and marks do not count
        ("물결정산(정산)", "은", "은"),
        ("정산(물결 시스템)", "은", "은"),
        ("나루(결제 시스템)", "은", "는"),
        ("(정산)", "이", "이"),
        ("“백업”", "을", "을"),
        ("`서버`", "을", "를"),
    ],
)
def test_particle_follows_the_sound_of_the_word(word: str, name: str, expected: str) -> None:
    assert particle(word, name) == expected


def test_both_forms_are_written_after_an_unknown_script() -> None:
    assert particle("決濟", "은") == "은(는)"


def test_decomposed_hangul_takes_the_same_particle() -> None:
    assert particle(unicodedata.normalize("NFD", "팀"), "은") == "은"


def test_unknown_particle_is_an_error() -> None:
    with pytest.raises(KeyError):
        particle("팀", "마저")


def test_noun_takes_its_particle_in_a_template() -> None:
    assert (
        "{subject:은} {key:이} {value}입니다.".format(
            subject=Noun("Redis"), key=Noun("담당 팀"), value=Noun("저장팀")
        )
        == "Redis는 담당 팀이 저장팀입니다."
    )


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("복구 책임자를 정한다.", "복구 책임자를 정합니다"),
        ("백업을 내려받는다.", "백업을 내려받습니다"),
        ("상황실을 연다.", "상황실을 엽니다"),
        ("접속을 끊는다.", "접속을 끊습니다"),
        ("기록이 있다.", "기록이 있습니다"),
        ("전원을 끄지 않는다", "전원을 끄지 않습니다"),
        ("서버를 재시작하십시오.", "서버를 재시작합니다"),
        ("버튼을 누르세요.", "버튼을 누릅니다"),
        ("파일을 받으십시오.", "파일을 받습니다"),
        ("결과를 보고합니다.", "결과를 보고합니다"),
        ("복구 책임자 지정", None),
    ],
)
def test_polite_keeps_the_verb(sentence: str, expected: str | None) -> None:
    assert polite(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("복구 책임자를 정한다.", "복구 책임자를 정하는"),
        ("백업을 내려받는다.", "백업을 내려받는"),
        ("상황실을 연다.", "상황실을 여는"),
        ("계정을 잠근다.", "계정을 잠그는"),
        ("결과를 보고하였다.", None),
        ("도구이다.", None),
    ],
)
def test_adnominal_is_the_present_form_before_a_noun(sentence: str, expected: str | None) -> None:
    assert adnominal(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("목표 시간은 30분입니다.", "목표 시간은 30분이에요."),
        ("서버 수는 24대입니다.", "서버 수는 24대예요."),
        ("결과를 보고합니다.", "결과를 보고해요."),
        ("시작을 알립니다.", "시작을 알려요."),
        ("상황실을 엽니다.", None),
    ],
)
def test_casual_changes_only_endings_it_is_sure_of(sentence: str, expected: str | None) -> None:
    assert casual(sentence) == expected
