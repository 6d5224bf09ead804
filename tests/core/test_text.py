"""The normal form, the language and the refusal of a text."""

import unicodedata

import pytest

from slm_factory.core.text import is_refusal, language, normalize

REFUSALS = ("제공된 문서에서 확인할 수 없는 내용입니다.", "The documents do not say.")


def test_normalize_composes_hangul_and_collapses_white_space() -> None:
    assert normalize(unicodedata.normalize("NFD", " 복구\u00a0 목표\n시간\t")) == "복구 목표 시간"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("복구 목표 시간은 30분이다.", "ko"),
        ("kubectl get pods -n kube-system 명령으로 확인한다.", "ko"),
        ("The owner is the payment team.", "en"),
        (
            "The Naru payment system, called 나루 in Korean, approves the card payments of every merchant.",
            "en",
        ),
        ("2715", "en"),
        ("", "en"),
    ],
)
def test_language_goes_by_the_share_of_hangul(text: str, expected: str) -> None:
    assert language(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("제공된 문서에서 확인할 수 없는 내용입니다.", True),
        ("제공된 문서에서  확인할 수 없는 내용입니다", True),
        ("the documents do not say", True),
        ("The documents do not say. Please ask the team.", True),
        ("복구 목표 시간은 30분입니다.", False),
        ("The runbook warns that the documents do not say.", False),
        ("", False),
    ],
)
def test_refusal_counts_only_at_the_beginning(text: str, expected: bool) -> None:
    assert is_refusal(text, REFUSALS) is expected


def test_no_refusals_refuse_nothing() -> None:
    assert not is_refusal("무엇이든", ("",))
