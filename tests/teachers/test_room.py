"""A chunk gets what the context leaves beside the longest prompt and the answer."""

import shutil
import sys
from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.core.tokens import estimate
from slm_factory.teachers.calls import TOKENS_PER_MESSAGE
from slm_factory.teachers.prompted import messages_of, read_prompt
from slm_factory.teachers.room import FIELDS, chunk_room
from slm_factory.teachers.tasks import FixedQuestion, GenerateInput, Language, ScoreInput, TaskInput, Turn
from tests.conftest import REPOSITORY
from tests.teacher_settings import teacher_settings

PROMPTS = REPOSITORY / "prompts"
LLM = teacher_settings(backend="ollama", model="m")


def test_rules_read_without_a_context() -> None:
    assert chunk_room(teacher_settings(context_tokens=512), PROMPTS) == sys.maxsize


def test_the_default_context_has_room_for_the_default_chunk() -> None:
    assert chunk_room(LLM, PROMPTS) > 1000


def test_room_grows_with_the_context_and_shrinks_with_the_answer() -> None:
    larger = LLM.model_copy(update={"context_tokens": LLM.context_tokens + 100})
    assert chunk_room(larger, PROMPTS) == chunk_room(LLM, PROMPTS) + 100
    longer = LLM.model_copy(update={"max_tokens": LLM.max_tokens + 100})
    assert chunk_room(longer, PROMPTS) == chunk_room(LLM, PROMPTS) - 100


def test_a_prompt_that_was_made_longer_leaves_less_room(tmp_path: Path) -> None:
    shutil.copytree(PROMPTS, tmp_path / "prompts")
    prompt = tmp_path / "prompts" / "en" / "generate.md"
    prompt.write_text("An example. " * 400 + prompt.read_text(encoding="utf-8"), encoding="utf-8")
    assert chunk_room(LLM, tmp_path / "prompts") < chunk_room(LLM, PROMPTS) - 500


def test_too_small_a_context_is_two_lines_with_both_numbers() -> None:
    with pytest.raises(UserError, match=r"4096.*leaves 0 tokens.*4096") as error:
        chunk_room(LLM.model_copy(update={"context_tokens": 4096}), PROMPTS)
    assert "raise teacher.context_tokens" in error.value.hint


def test_missing_prompts_are_the_users_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="git checkout"):
        chunk_room(LLM, tmp_path)


def tasks(language: Language, text: str) -> list[TaskInput]:
    """Both tasks with a whole chunk, filled as generously as `FIELDS` says."""
    title = (
        "개인정보 처리방침 및 침해사고 대응 절차에 관한 규정"
        if language == "ko"
        else "Incident response handbook"
    )
    questions = tuple(
        FixedQuestion(category="원인", question="이 사고가 일어난 까닭은 무엇입니까?") for _ in range(20)
    )
    generate = GenerateInput(
        text=text,
        title=title,
        headings=(title,) * 3,
        language=language,
        audiences=("expert", "plain"),
        question_wordings=5,
        answer_wordings=5,
        max_facts=40,
        max_abstentions=1,
        questions=questions,
    )
    turn = Turn(
        question="결제 대기열이 5,000건을 넘으면 누구에게 몇 분 안에 알려야 합니까?",
        answer="결제 대기열이 5,000건을 넘으면 플랫폼팀 당직자에게 10분 안에 전화로 알립니다.",
    )
    evidence = "결제 대기열이 5,000건을 넘으면 플랫폼팀 당직자에게 10분 안에 알린다. " * 3
    return [generate, ScoreInput(source=text, evidence=evidence, pairs=(turn,) * 10, language=language)]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_chunk_of_that_size_fits_in_every_prompt(language: Language) -> None:
    room = chunk_room(LLM, PROMPTS)
    text = "가나다라 마바사아 " * 2000
    while estimate(text) > room:
        text = text[: len(text) * room // estimate(text) - 1]
    assert estimate(text) > room - 50
    domains = [file.read_text(encoding="utf-8") for file in (PROMPTS / language / "domain").glob("*.md")]
    for name, task in zip(FIELDS, tasks(language, text), strict=True):
        template = read_prompt(PROMPTS / language / f"{name}.md", name)  # type: ignore[arg-type]
        messages = messages_of(template, task, max(domains, key=estimate))
        prompt = sum(estimate(message["content"]) + TOKENS_PER_MESSAGE for message in messages)
        assert prompt + LLM.max_tokens <= LLM.context_tokens, name
