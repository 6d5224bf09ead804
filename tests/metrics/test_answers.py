"""Key facts and exact match."""

import pytest

from slm_factory.metrics.answers import exact, key_facts


@pytest.mark.parametrize(
    ("reference", "question", "answer", "share"),
    [
        ("임계값은 1,500ms입니다.", "임계값은?", "1500 ms", 1.0),
        ("임계값은 1,500ms입니다.", "임계값은?", "1,500 밀리초로 정합니다", 1.0),
        ("25%입니다.", "비율은?", "250%입니다.", 0.0),
        ("25회입니다.", "횟수는?", "25분입니다.", 0.0),
        ("30분 이내에 보고합니다.", "언제 보고하나요?", "30초 안에 보고합니다.", 0.0),
        ("30분 이내에 보고합니다.", "언제 보고하나요?", "30분이내", 1.0),
        ("포트는 8080입니다.", "포트는?", "8080번 포트를 씁니다.", 1.0),
        ("포트는 8080입니다.", "포트는?", "18080입니다.", 0.0),
        ("0.5초", "간격은?", "0.50초 간격", 1.0),
        ("02-1234-5678로 전화합니다.", "당직 전화는?", "02-1234-5678", 1.0),
        ("02-1234-5678로 전화합니다.", "당직 전화는?", "02-1234-5679", 0.0),
        ("ops@naru.example로 보냅니다.", "어디로?", "OPS@naru.example입니다", 1.0),
        ("payment-api를 먼저 켜고 15분 기다립니다.", "순서는?", "payment-api를 켭니다.", 0.5),
        ("담당자는 김서연 팀장입니다.", "담당자는 누구인가요?", "김서연 팀장이 맡습니다.", 1.0),
        ("담당자는 김서연 팀장입니다.", "담당자는 누구인가요?", "이도윤 선임입니다.", 0.0),
        ("바람배송의 담당 팀은 배송팀입니다.", "바람배송의 담당 팀은?", "배송팀이 맡습니다.", 1.0),
        ("바람배송의 담당 팀은 배송팀입니다.", "바람배송의 담당 팀은?", "바람배송은 결제팀입니다.", 0.0),
        ("시험 주기는 두 달입니다.", "시험 주기는?", "두 달", 1.0),
        ("시험 주기는 두 달입니다.", "시험 주기는?", "석 주", 0.0),
        ("격리란 기기를 떼어 내는 조치를 말합니다.", "격리란?", "기기를 떼어 내는 조치입니다.", 1.0),
        ("격리란 기기를 떼어 내는 조치를 말합니다.", "격리란?", "저는 말로 안 됩니다.", 0.0),
        ("Logs are kept for 90 days.", "How long are logs kept?", "For 90 days.", 1.0),
        ("Logs are kept for 90 days.", "How long are logs kept?", "For 90 hours.", 0.0),
        ("Restart the broker.", "What should I do with the queue?", "You restart the broker", 1.0),
        ("Seoul office", "Where?", "busan office", 0.5),
        ("매일 14:30에 시작합니다.", "언제?", "14:30", 1.0),
    ],
)
def test_key_facts_are_the_share_of_the_references_terms(
    reference: str, question: str, answer: str, share: float
) -> None:
    assert key_facts(reference, question, answer) == pytest.approx(share)


def test_what_the_question_gives_away_earns_nothing() -> None:
    assert (
        key_facts("P1 장애는 15분 안에 알립니다.", "P1 장애는 언제 알리나요?", "P1 장애는 빨리 알립니다.")
        == 0.0
    )


def test_a_reference_that_only_repeats_the_question_has_no_key_facts() -> None:
    assert key_facts("백업합니다.", "백업하나요?", "네") is None


def test_decomposed_letters_are_the_same_letters() -> None:
    import unicodedata

    assert key_facts("김서연", "누구?", unicodedata.normalize("NFD", "김서연입니다")) == 1.0


def test_exact_forgives_spaces_case_and_the_final_mark_only() -> None:
    assert exact("매일 2시.", "매일2시") == 1.0
    assert exact("매일 2시.", "매일 3시.") == 0.0
