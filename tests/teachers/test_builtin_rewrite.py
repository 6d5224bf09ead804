"""Paraphrases keep numbers and names; conversations keep answers and drop a subject only where it repeats."""

import asyncio

import pytest

from slm_factory.core.matching import loose, numbers
from slm_factory.teachers.builtin import templates
from slm_factory.teachers.builtin.teacher import BuiltinTeacher, solve
from slm_factory.teachers.tasks import (
    DialogueAnswer,
    DialogueInput,
    GenerateInput,
    Language,
    ParaphraseAnswer,
    ParaphraseInput,
    ScoreInput,
    TaskInput,
    Turn,
    Wording,
)
from slm_factory.teachers.teacher import TeacherFailure


def wordings(question: str, answer: str, language: Language = "ko", count: int = 3) -> tuple[Wording, ...]:
    answered = solve(ParaphraseInput(question=question, answer=answer, language=language, count=count))
    assert isinstance(answered, ParaphraseAnswer)
    return answered.wordings


def conversation(language: Language, *turns: tuple[str, str]) -> list[str]:
    given = tuple(Turn(question=question, answer=answer) for question, answer in turns)
    answered = solve(DialogueInput(title="", language=language, turns=given))
    assert isinstance(answered, DialogueAnswer)
    assert [turn.answer for turn in answered.turns] == [turn.answer for turn in given]
    return [turn.question for turn in answered.turns]


def test_korean_paraphrases_change_frame_and_register() -> None:
    assert wordings("나루결제의 서버 수를 알려 주세요.", "나루결제의 서버 수는 24대입니다.") == (
        Wording(question="나루결제의 서버 수를 말씀해 주시겠어요?", answer="나루결제의 서버 수는 24대예요."),
        Wording(
            question="나루결제의 서버 수를 알려 주실 수 있나요?", answer="나루결제의 서버 수는 24대예요."
        ),
        Wording(question="나루결제의 서버 수를 가르쳐 주세요.", answer="나루결제의 서버 수는 24대예요."),
    )


def test_english_paraphrases_change_the_opening() -> None:
    first = wordings("What is the lifetime of the queue?", "The lifetime of the queue is 48 hours.", "en")[0]
    assert first.question == "Could you tell me the lifetime of the queue?"
    assert first.answer == "In short, the lifetime of the queue is 48 hours."


@pytest.mark.parametrize("form", templates.QUESTIONS_KO)
def test_every_korean_template_can_be_paraphrased(form: str) -> None:
    for template in templates.QUESTIONS_KO[form]:
        question = template.split("}")[-1]
        asked = f"결제 30분{question}"
        made = wordings(asked, "결제는 30분입니다.", count=2)
        assert made, asked
        assert all(loose(wording.question) != loose(asked) for wording in made)
        assert all(numbers(wording.question) == numbers(asked) for wording in made)


def test_no_more_paraphrases_than_asked_for() -> None:
    assert len(wordings("시간은 얼마인가요?", "30분입니다.", count=1)) == 1
    assert wordings("시간은 얼마인가요?", "30분입니다.", count=0) == ()


def test_a_question_about_the_same_subject_drops_it() -> None:
    assert conversation(
        "ko",
        ("나루결제의 담당 팀은 어디인가요?", "결제팀입니다."),
        ("나루결제의 서버 수를 알려 주세요.", "24대입니다."),
        ("물결정산의 서버 수를 알려 주세요.", "5대입니다."),
    ) == [
        "나루결제의 담당 팀은 어디인가요?",
        "그럼 서버 수를 알려 주세요.",
        "물결정산의 서버 수를 알려 주세요.",
    ]
    assert conversation(
        "en",
        ("Who is the owner of the gateway?", "The payment team."),
        ("What is the lifetime of the gateway?", "13 months."),
        ("For the gateway, what is the issuer?", "Mossgate."),
        ("What is the lifetime of the portal?", "90 days."),
    ) == [
        "Who is the owner of the gateway?",
        "And what is the lifetime?",
        "And what is the issuer?",
        "What is the lifetime of the portal?",
    ]


@pytest.mark.parametrize(
    "task",
    [
        GenerateInput(
            text="- 목표: 3분",
            title="결제",
            headings=(),
            language="ko",
            question_wordings=4,
            answer_wordings=2,
            max_facts=5,
        ),
        ScoreInput(
            source="- 목표: 3분",
            question="목표는?",
            answer="3분입니다.",
            evidence="- 목표: 3분",
            language="ko",
        ),
        ParaphraseInput(question="목표는 얼마인가요?", answer="3분입니다.", language="ko", count=1),
    ],
)
def test_an_answer_travels_as_json_and_comes_back_as_its_type(task: TaskInput) -> None:
    teacher = BuiltinTeacher()
    request = teacher.request(task)
    raw = asyncio.run(teacher.answer(request))
    assert teacher.read(task, raw) == solve(task)
    assert request["teacher"] == "builtin"
    assert request == BuiltinTeacher().request(task)


def test_an_answer_that_does_not_fit_is_a_failure() -> None:
    task = ParaphraseInput(question="목표는?", answer="3분", language="ko", count=1)
    with pytest.raises(TeacherFailure, match="unreadable answer"):
        BuiltinTeacher().read(task, {"wordings": "none"})
