"""Held-out questions are found in other spelling, and siblings of them are not."""

import random

import pytest

from slm_factory.core.matching import loose, numbers, trigrams
from slm_factory.grounding.duplicates import jaccard
from slm_factory.grounding.held_out import NEAR, HeldOut
from slm_factory.grounding.meaning import differences

LONG = "나루결제 운영 서버에 접속하는 협력업체 직원의 접근 권한을 승인하는 사람은 누구인지 알려 주세요."


@pytest.mark.parametrize(
    "question",
    [
        "What is the limit of Alpha?",
        "what is limit of ALPHA ?!",
        "What is the  limit of Alpha",
    ],
)
def test_other_case_spacing_articles_and_punctuation_is_the_same_question(question: str) -> None:
    assert HeldOut(["What is the limit of Alpha?"]).has(question)


@pytest.mark.parametrize(
    "question",
    [
        LONG.replace("직원의", "직원이"),  # another particle
        LONG.replace("주세요.", "주세요"),
        f"혹시 {LONG}",
        LONG.replace("주세요.", "주시오."),
    ],
)
def test_a_long_question_with_another_frame_is_nearly_the_same(question: str) -> None:
    assert HeldOut([LONG]).has(question)
    assert not HeldOut([LONG.replace("승인", "거절")]).has(question)


@pytest.mark.parametrize(
    ("held_out", "question"),
    [
        ("2등급 장애의 복구 시간은 얼마인가요?", "3등급 장애의 복구 시간은 얼마인가요?"),
        (f"2호선 {LONG}", f"3호선 {LONG}"),
        (LONG, "나루결제의 서버 수는 몇 대인가요?"),
    ],
)
def test_questions_about_something_else_are_others(held_out: str, question: str) -> None:
    assert not HeldOut([held_out]).has(question)


def test_nothing_held_out_has_nothing() -> None:
    assert not HeldOut([]).has("What is the limit of Alpha?")
    assert not HeldOut([LONG]).has("")


def test_the_index_finds_what_a_comparison_with_every_question_finds() -> None:
    draw = random.Random(7)
    words = [f"{a}{b}" for a in "가나다라마바사" for b in "각난달람"] + ["3", "4"]
    held_out = [" ".join(draw.choices(words, k=draw.randint(6, 16))) for _ in range(150)]
    forms = {question: loose(question) for question in held_out}
    grams = {question: trigrams(form) for question, form in forms.items()}
    index = HeldOut(held_out)
    found = 0
    for question in held_out:
        tokens = question.split()
        tokens[draw.randrange(len(tokens))] = draw.choice(words)
        changed = " ".join(tokens)
        form = loose(changed)
        expected = any(
            forms[other] == form
            or (
                jaccard(grams[other], trigrams(form)) >= NEAR
                and numbers(other) == numbers(changed)
                and not differences(other, changed)
            )
            for other in held_out
        )
        assert index.has(changed) == expected
        found += expected
    assert 0 < found < 150  # both answers were put to the test
