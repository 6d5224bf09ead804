"""ROUGE, BLEU and chrF."""

import pytest

from slm_factory.metrics import words
from slm_factory.metrics.overlap import overlap


def test_equal_korean_texts_score_one_everywhere() -> None:
    scores = overlap(["복구 목표 시간은 4시간입니다."], ["복구 목표 시간은 4시간입니다."])
    assert {name: round(values[0], 6) for name, values in scores.items()} == dict.fromkeys(
        ["rouge_1", "rouge_2", "rouge_l", "bleu", "chrf"], 1.0
    )


def test_a_contradiction_that_shares_a_number_does_not_score_one() -> None:
    scores = overlap(["25번 서버를 끕니다."], ["점검은 매월 25일입니다."])
    assert all(values[0] < 0.6 for values in scores.values())


def test_particles_do_not_hide_a_common_noun() -> None:
    assert overlap(["서버가"], ["서버를"])["rouge_1"][0] == pytest.approx(0.5)


def test_rows_keep_their_order_and_none_give_none() -> None:
    assert overlap(["가", "나다"], ["나다", "나다"])["chrf"][1] == pytest.approx(1.0)
    assert overlap([], []) == {"rouge_1": [], "rouge_2": [], "rouge_l": [], "bleu": [], "chrf": []}


def test_without_kiwi_syllables_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "kiwi", lambda: None)
    words.morphemes.cache_clear()
    assert words.tokens("DB 서버, 25대!") == ["db", "서", "버", "25", "대"]
    words.morphemes.cache_clear()
