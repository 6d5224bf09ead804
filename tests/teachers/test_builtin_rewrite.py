"""Paraphrases keep numbers and names; conversations keep answers and drop a subject only where it repeats."""

import asyncio

import pytest

from slm_factory.core.matching import loose, numbers
from slm_factory.grounding.meaning import differences
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
)
from slm_factory.teachers.teacher import TeacherFailure


def wordings(question: str, answer: str, language: Language = "ko", count: int = 3) -> tuple[Turn, ...]:
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
    made = wordings("나루결제의 서버 수를 알려 주세요.", "나루결제의 서버 수는 24대입니다.", count=9)
    assert {wording.question for wording in made} == {
        "나루결제의 서버 수를 말씀해 주시겠어요?",
        "나루결제의 서버 수를 알려 주실 수 있나요?",
        "나루결제의 서버 수를 가르쳐 주세요.",
        "혹시 나루결제의 서버 수를 말씀해 주시겠어요?",
        "혹시 나루결제의 서버 수를 알려 주실 수 있나요?",
    }
    assert {wording.answer for wording in made} == {"나루결제의 서버 수는 24대예요."}


def test_wordings_of_one_fact_become_different_ones() -> None:
    asked = ("Tell me {}.", "I would like to know {}.", "Do you know {}?", "Please give me {}.")
    things = [f"the {key} of the queue" for key in ("owner", "lifetime", "limit", "size", "name")]
    made = {wordings(ask.format(thing), "1", "en", 1)[0].question for ask in asked for thing in things}
    assert len(made) > 10  # of 20 questions about five things; always the first frame would give 5


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("장애가 무엇인지 궁금합니다.", "장애가 무엇인지 알고 싶어요."),
        ("장애란 뭐예요?", "장애란 무엇인가요?"),
        ("복구에는 얼마나 걸리나요?", "복구에는 얼마나 걸리는지 알려 주시겠어요?"),
        ("복구는 언제 시작해요?", "복구는 언제 시작하나요?"),
        ("등급은 어떤가요?", "등급은 어떤지 알려 주시겠어요?"),
        ("등급은 무엇이에요?", "등급은 무엇인가요?"),
        ("등급은 어디에 적혀 있습니까?", "등급은 어디에 적혀 있는지 알려 주시겠어요?"),
        ("복구를 비교해 주세요.", "복구를 비교해 주시겠어요?"),
        ("복구 시각 좀 알려 줄래요?", "복구 시각 좀 알려 주실래요?"),
        ("복구 시각을 알고 싶어요.", "복구 시각을 알려 주시겠어요?"),
        ("등급", None),
    ],
)
def test_korean_questions_end_in_another_way(question: str, other: str | None) -> None:
    made = [wording.question for wording in wordings(question, "네.", count=9)]
    assert other in made if other else made == []


@pytest.mark.parametrize(
    ("question", "other"),
    [
        ("What is the lifetime of the queue?", "Could you tell me the lifetime of the queue?"),
        ("Tell me what a queue is.", "Could you tell me what a queue is?"),
        ("For the queue, what is the lifetime?", "Could you tell me the lifetime of the queue?"),
        ("What do I do in step 2 of the drill?", "Could you tell me what to do in step 2 of the drill?"),
        ("How many steps does the drill have?", "Could you tell me how many steps the drill has?"),
        (
            "How long is the lifetime of the queue?",
            "Could you tell me how long the lifetime of the queue is?",
        ),
        ("What is meant by a queue?", "Could you tell me what a queue means?"),
        ("I'm new here: what is step 1 of the drill?", "Could you tell me step 1 of the drill?"),
        ("Any idea of the drill's owner?", "Could you tell me the drill's owner?"),
        ("What is the drill's owner?", "May I ask for the drill's owner?"),
        ("What is the drill?", "Quick question: what is the drill?"),
        ("So why did the queue grow?", "Quick question: why did the queue grow?"),
        ("Why did the queue grow?", "Quick question: why did the queue grow?"),
    ],
)
def test_english_questions_open_in_another_way(question: str, other: str) -> None:
    assert other in [wording.question for wording in wordings(question, "Yes.", "en", count=9)]


@pytest.mark.parametrize(
    ("answer", "other"),
    [
        ("The lifetime of the queue is 48 hours.", "The queue's lifetime is 48 hours."),
        ("The owner of payment tools is Kim.", "Payment tools' owner is Kim."),
        ("The end of the list of the queues is open.", "The end of the list of the queues is open."),
        ('The end of "Drain" is near.', 'The end of "Drain" is near.'),
        ("In all, the drill has 3 steps.", "In all, the drill has 3 steps."),
    ],
)
def test_english_answers_say_of_or_nothing_else(answer: str, other: str) -> None:
    assert wordings("What is it?", answer, "en", count=1)[0].answer == other


@pytest.mark.parametrize("form", templates.QUESTIONS_KO)
def test_every_korean_template_can_be_paraphrased(form: str) -> None:
    for template in templates.QUESTIONS_KO[form]:
        question = template.split("}")[-1]
        asked = f"결제 30분{question}"
        made = wordings(asked, "결제는 30분입니다.", count=2)
        assert made, asked
        assert all(loose(wording.question) != loose(asked) for wording in made)
        assert all(numbers(wording.question) == numbers(asked) for wording in made)


@pytest.mark.parametrize(
    "value", ["870기가바이트", "24대", "4테라바이트", "30분", "92%", "14시 2분", "naru-db2"]
)
def test_a_paraphrase_keeps_every_kind_of_value(value: str) -> None:
    (made,) = wordings("값은 얼마인가요?", f"값은 {value}입니다.", count=1)
    assert made.answer != f"값은 {value}입니다."
    assert differences(f"값은 {value}입니다.", made.answer) == []


def test_a_quoted_name_stays_whole() -> None:
    assert conversation(
        "en",
        ('How many steps are there in "Clear the list of letters"?', "5 steps."),
        ('Tell me the number of owners of "Clear the list of letters".', "Two."),
        ('What is step 2 of "Clear the list of letters"?', "Wait."),
    )[1:] == ["And tell me the number of owners.", "And what is step 2?"]


def test_no_more_paraphrases_than_asked_for() -> None:
    assert len(wordings("시간은 얼마인가요?", "30분입니다.", count=1)) == 1
    assert wordings("시간은 얼마인가요?", "30분입니다.", count=0) == ()


def test_a_question_leaves_out_what_it_shares_with_the_one_before() -> None:
    assert conversation(
        "ko",
        ("나루결제의 담당 팀은 어디인가요?", "결제팀입니다."),
        ("나루결제의 서버 수를 알려 주세요.", "24대입니다."),
        ("혹시 나루결제의 언어를 아시나요?", "자바입니다."),
        ("물결정산의 언어가 궁금합니다.", "코틀린입니다."),
        ("처음이라 그러는데, 물결정산의 서버 수는 몇 대예요?", "5대입니다."),
        ("샘물회원의 서버 수 좀 알려 줄래요?", "9대입니다."),
        ("샘물회원은 어떤 시스템인가요?", "회원을 관리하는 시스템입니다."),
    ) == [
        "나루결제의 담당 팀은 어디인가요?",
        "그럼 서버 수를 알려 주세요.",
        "그리고 언어를 아시나요?",
        "그럼 물결정산은요?",
        "또 서버 수는 몇 대예요?",
        "그럼 샘물회원은요?",
        "샘물회원은 어떤 시스템인가요?",
    ]
    assert conversation(
        "en",
        ("Who is the owner of the gateway?", "The payment team."),
        ("What is the lifetime of the gateway?", "13 months."),
        ("For the gateway, what is the issuer?", "Mossgate."),
        ("What is the lifetime of the portal?", "90 days."),
        ("Tell me the lifetime of the queue.", "2 days."),
        ("I'm new here: why did the queue grow?", "Nobody listened."),
    ) == [
        "Who is the owner of the gateway?",
        "And what is the lifetime?",
        "And what is the issuer?",
        "What is the lifetime of the portal?",
        "And what about the queue?",
        "Why did the queue grow?",
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
            evidence="- 목표: 3분",
            pairs=(Turn(question="목표는?", answer="3분입니다."),),
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
