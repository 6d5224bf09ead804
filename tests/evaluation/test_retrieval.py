"""The search for passages, and the prompt they are put into."""

from pathlib import Path

from slm_factory.evaluation.retrieval import Prompts, Search, fitted
from tests import rows
from tests.conftest import REPOSITORY

CHUNKS = [
    rows.chunk(headings=["결제 장애"], text="결제 지연 임계값은 1,500ms이다.", language="ko"),
    rows.chunk(headings=["백업"], text="백업은 매일 새벽에 수행한다. 담당은 운영팀이다.", language="ko"),
    rows.chunk(headings=["Limits", "Alpha"], text="The limit is 7 bar."),
]


def test_the_passage_is_found_whatever_particles_the_question_has() -> None:
    assert Search(CHUNKS).find("백업을 누가 담당하나요?", 1) == [
        "백업\n백업은 매일 새벽에 수행한다. 담당은 운영팀이다."
    ]


def test_headings_are_searched_and_shown_too() -> None:
    assert Search(CHUNKS).find("What about Alpha?", 3) == ["Limits > Alpha\nThe limit is 7 bar."]


def test_a_question_that_shares_no_word_finds_nothing() -> None:
    assert Search(CHUNKS).find("zebra", 3) == []
    assert Search([]).find("백업", 3) == []


def test_the_prompt_holds_question_and_passages_in_the_question_s_language() -> None:
    prompts = Prompts(REPOSITORY / "prompts")
    korean = prompts.fill("언제?", "ko", ["하나", "둘"])
    assert "하나\n\n둘" in korean and korean.endswith("질문: 언제?")
    assert prompts.fill("When?", "en", ["one"]).endswith("Question: When?")
    assert prompts.fill("언제?", "ko", []) == "언제?"


def test_a_price_in_a_document_is_no_placeholder(tmp_path: Path) -> None:
    assert "$5 and ${x}" in Prompts(REPOSITORY / "prompts").fill("When?", "en", ["$5 and ${x}"])


def fit(passages: list[str], room: int) -> str:
    """The conversation's only text, in which at most `room` characters fit."""
    messages = fitted(
        lambda found: [{"role": "user", "content": "|".join([*found, "?"])}],
        passages,
        lambda messages: len(messages[0]["content"]) <= room,
    )
    return messages[0]["content"]


def test_as_many_of_the_best_passages_stand_in_the_prompt_as_fit() -> None:
    assert fit(["aaaa", "bbbb", "cccc"], 12) == "aaaa|bbbb|?"
    assert fit(["a" * 100, "b"], 40) == "a" * 31 + "|?"
    assert fit(["a"], 1) == "?"
