"""Every word of the pages is translated, and the compiled catalogue is the one in the sources."""

import gettext
import io
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from slm_factory.metrics.slices import SLICES
from slm_factory.report import bilingual
from slm_factory.report.card import HEADLINES
from slm_factory.report.distributions import MARKS, PARTS
from slm_factory.report.labels import LABELS
from slm_factory.report.questions import TYPES
from stages.analyze import DECISIONS
from tests.language.test_language import PLACEHOLDER

CATALOGUE = bilingual.CATALOGUES / "ko/LC_MESSAGES/report.po"


def messages_in_sources() -> set[str]:
    """Every text that templates and labels mark for translation."""
    found = extract_from_dir(
        bilingual.PAGES.parent,
        method_map=[("**.py", "python"), ("**.html", "jinja2")],
        keywords={"_": None, "N_": None},
    )
    return {str(message) for _, _, message, _, _ in found}


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="ko")
    messages = [message for message in catalogue if message.id]
    assert {str(message.id) for message in messages} == messages_in_sources(), "run `make messages`"
    for message in messages:
        assert message.string and not message.fuzzy, message.id
        assert sorted(PLACEHOLDER.findall(str(message.string))) == sorted(
            PLACEHOLDER.findall(str(message.id))
        )
    assert not catalogue.obsolete


def test_the_compiled_catalogue_says_what_the_source_says() -> None:
    compiled = io.BytesIO()
    with CATALOGUE.open("rb") as file:
        write_mo(compiled, read_po(file, locale="ko"))
    compiled.seek(0)
    with Path(CATALOGUE.with_suffix(".mo")).open("rb") as file:
        assert (
            gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
            == gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
        ), "run `make messages`"


@pytest.mark.parametrize(
    "words",
    [TYPES, MARKS, PARTS, DECISIONS.values(), SLICES, (tells for _, tells in HEADLINES.values())],
)
def test_what_stages_write_has_a_translation(words: list[str]) -> None:
    assert set(words) <= LABELS


def test_a_reason_is_translated_and_what_it_speaks_of_is_escaped() -> None:
    said = bilingual.word("number without evidence: <b>7</b>")
    assert '<span class="ko" lang="ko">근거 없는 수</span>' in said
    assert said.endswith("</span>: &lt;b&gt;7&lt;/b&gt;")


@pytest.mark.parametrize("text", ["", "Data report", "지침 <1>", "pairs%(count)s"])
def test_a_text_of_the_user_stays_what_it_is(text: str) -> None:
    shown = bilingual.word(text)  # "Data report" is a text of the page, and no label
    assert shown == shown.__class__.escape(text)


def test_a_page_is_the_same_whatever_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = set()
    for language in ("ko_KR.UTF-8", "en_US.UTF-8", "C"):
        monkeypatch.setenv("LC_ALL", language)
        monkeypatch.setenv("LANGUAGE", language[:2])
        bilingual.catalogue.cache_clear()
        pages.add(str(bilingual.both("Data report")))
    assert pages == {
        '<span class="ko" lang="ko">데이터 보고서</span><span class="en" lang="en">Data report</span>'
    }
