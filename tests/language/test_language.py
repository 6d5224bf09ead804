"""The locale chooses, every text is translated, and the compiled catalogue is the one in the sources."""

import gettext
import io
import re
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from docs import make_messages
from slm_factory import language
from slm_factory.language.choice import chosen

CATALOGUE = language.CATALOGUES / "ko/LC_MESSAGES/slm_factory.po"
# Of `%` and of `format`; braces that stand for themselves are doubled.
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[\d.]*[a-z]|(?<!\{)\{[\w:.,+%]*\}(?!\})")


@pytest.fixture(autouse=True)
def english_again():  # type: ignore[no-untyped-def]
    yield
    language.use("en")


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "ko_KR"}, "ko"),
        ({"LANG": "en_US.UTF-8", "LANGUAGE": "de:ko:en"}, "ko"),
        ({"LANG": "C", "LANGUAGE": "ko"}, "en"),
        ({"LANG": "C", "SLM_FACTORY_LANG": "ko"}, "ko"),
        ({"LANG": "ko_KR.UTF-8", "LANGUAGE": "ko", "SLM_FACTORY_LANG": "en"}, "en"),
        ({"LANG": "ko_KR.UTF-8", "SLM_FACTORY_LANG": "fr"}, "ko"),
    ],
)
def test_our_variable_chooses_else_the_locale_as_gettext_does(
    environment: dict[str, str], expected: str
) -> None:
    assert chosen(environment) == expected


def test_a_named_language_overrules_the_locale() -> None:
    assert language.use("ko", {"LANG": "en_US.UTF-8"}) == "ko"
    assert language._("Approve") == "승인"
    assert language.ngettext("%d pair", "%d pairs", 3) % 3 == "3쌍"
    assert language.use("en") == "en"
    assert language._("Approve") == "Approve"
    assert [language.ngettext("%d pair", "%d pairs", n) % n for n in (1, 2)] == ["1 pair", "2 pairs"]


def test_an_empty_text_stays_empty() -> None:
    language.use("ko")
    assert language._("") == ""  # gettext would give the catalogue's header


def test_every_text_is_translated_and_no_translation_is_left_over() -> None:
    """Help, errors and everything that is marked: whoever adds a text is told to translate it."""
    catalogue = make_messages.read(CATALOGUE)
    messages = [message for message in catalogue if message.id]
    known = {(message.context, first(message.id)) for message in messages}
    in_code = {(message.context, first(message.id)) for message in make_messages.messages() if message.id}
    assert known == in_code, "run `make messages`, translate, and run it again"
    for message in messages:
        texts = message.string if isinstance(message.string, tuple) else (message.string,)
        original = message.id if isinstance(message.id, str) else message.id[1]
        assert all(texts) and not message.fuzzy, message.id
        for text in texts:
            assert sorted(PLACEHOLDER.findall(text)) == sorted(PLACEHOLDER.findall(original)), text
    assert not catalogue.obsolete


def first(message: str | tuple[str, ...]) -> str:
    """A message, or the singular of one that counts."""
    return message if isinstance(message, str) else message[0]


def test_the_compiled_catalogue_says_what_the_source_says() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="ko")
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    committed = Path(CATALOGUE.with_suffix(".mo"))
    with committed.open("rb") as file:
        assert (
            gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
            == gettext.GNUTranslations(compiled)._catalog  # type: ignore[attr-defined]
        ), "run `make messages`"
