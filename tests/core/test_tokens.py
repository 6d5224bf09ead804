"""tokens estimates what teachers' tokenizers count, adds up over spans, and takes any text."""

import random

import pytest

from slm_factory.core.tokens import TokenCounts, estimate

# The greatest of the counts of o200k, Llama 3, Qwen and Gemma.
COUNTED = {
    "나루결제 장애가 나면 담당자는 10분 안에 상황실에 알리고, 예비 시스템으로 전환할지를 30분 안에 결정한다. "
    "전환한 뒤에는 결제 승인율이 99.5% 이상인지 확인하고 기록한다.": 74,
    "When the queue grows beyond 10,000 messages, restart the consumers one by one and watch the lag. "
    "If it does not shrink within fifteen minutes, page the database team.": 39,
    "| 시스템 | 담당 부서 | 복구 목표 |\n|---|---|---|\n| 나루결제 | 결제운영팀 | 30분 |\n"
    "| 푸른다리 | 연동개발팀 | 4시간 |\n| 여울창고 | 데이터팀 | 24시간 |\n": 72,
    "제15조(장애의 보고) ① 운영자는 제3조제2항 각 호의 장애를 발견하면 지체 없이 책임자에게 보고하여야 한다. "
    "② 제1항의 보고에는 발생 시각, 영향 범위 및 조치 내용이 포함되어야 한다.": 70,
    "```yaml\nreplicas: 3\nimage: registry.example.com/naru-pay:2.14.1\nresources:\n  limits:\n"
    "    memory: 512Mi\n    cpu: 500m\n```\nkubectl rollout restart deployment/naru-pay -n payments\n": 68,
    "第十條 會社는 定款으로 定하는 바에 따라 理事會의 決議로 社債를 發行할 수 있다. "
    "株主總會의 承認을 받아야 한다.": 52,
    "2024-03-18 09:12:45 ERROR 504 upstream timed out (110: Connection timed out) while reading response "
    'header, client: 10.0.12.7, request: "GET /api/v2/orders?id=48213 HTTP/1.1"': 79,
}
ALPHABET = "가나 漢字 abcXYZ 019 \n\n|-#*.,()「①é😀\t"


@pytest.mark.parametrize(("text", "counted"), COUNTED.items())
def test_the_estimate_is_at_most_five_percent_under_and_a_quarter_over(text: str, counted: int) -> None:
    assert 0.95 * counted <= estimate(text) <= 1.25 * counted


@pytest.mark.parametrize("seed", range(20))
def test_a_span_costs_what_its_text_alone_costs(seed: int) -> None:
    source = random.Random(seed)
    text = "".join(source.choices(ALPHABET, k=60))
    counts = TokenCounts(text)
    for start in range(60):
        for end in range(start, 61):
            assert counts.between(start, end) == estimate(text[start:end])


@pytest.mark.parametrize("seed", range(20))
def test_reach_is_the_longest_span_that_costs_no_more(seed: int) -> None:
    source = random.Random(seed)
    text = "".join(source.choices(ALPHABET, k=80))
    counts = TokenCounts(text)
    for position, tokens in [(0, 1), (5, 0), (10, 12), (40, 30), (80, 3)]:
        end = counts.reach(position, tokens)
        assert counts.between(position, end) <= tokens
        assert end == len(text) or counts.between(position, end + 1) > tokens
        start = counts.reach_back(position, tokens)
        assert counts.between(start, position) <= tokens
        assert start == 0 or counts.weight(start - 1, position) > (tokens - 2) * 100


def test_what_a_position_brings_along_counts_in_every_span_that_holds_it() -> None:
    counts = TokenCounts("가나다라", {1: 50})
    assert counts.between(0, 4) == estimate("가나다라") + 50
    assert counts.between(1, 2) == estimate("나") + 50
    assert counts.between(2, 4) == estimate("다라")
    assert counts.reach(0, 10) == 1


def test_nothing_costs_nothing_and_no_text_is_refused() -> None:
    assert estimate("") == 0
    assert estimate("\ud800\U0010ffff\x00") > 0
    assert estimate("-" * 1000) < 100 < estimate("가" * 100)
