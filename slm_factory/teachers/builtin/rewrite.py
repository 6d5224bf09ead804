"""Pairs in other words, and pairs joined to a conversation, by rules that leave numbers and names alone."""

import re

from slm_factory.core.korean import casual
from slm_factory.core.text import bare, normalize
from slm_factory.teachers.builtin.word import lowered
from slm_factory.teachers.tasks import (
    DialogueAnswer,
    DialogueInput,
    Language,
    ParaphraseAnswer,
    ParaphraseInput,
    Turn,
    Wording,
)

# How a question ends, longest first, and what asks the same.
ENDINGS_KO: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("인지 알려 주세요.", ("인지 말씀해 주시겠어요?", "인지 알 수 있을까요?", "인지 가르쳐 주세요.")),
    ("인지 설명해 주세요.", ("인지 말씀해 주시겠어요?", "인지 알고 싶어요.")),
    ("인지 궁금합니다.", ("인지 알고 싶어요.", "인지 말씀해 주시겠어요?")),
    ("알려 주세요.", ("말씀해 주시겠어요?", "알려 주실 수 있나요?", "가르쳐 주세요.")),
    ("설명해 주세요.", ("설명해 주시겠어요?", "설명해 주실 수 있나요?")),
    ("확인하고 싶습니다.", ("확인해 주시겠어요?", "확인할 수 있을까요?")),
    ("궁금합니다.", ("궁금한데 알려 주시겠어요?", "궁금해요.")),
    ("어떻게 되나요?", ("어떻게 됩니까?", "어떻게 되는지 알려 주시겠어요?")),
    ("아시나요?", ("알고 계시나요?", "알려 주실 수 있나요?")),
    ("인가요?", ("인지 알려 주시겠어요?", "인지 말씀해 주세요.", "일까요?")),
    ("입니까?", ("인지 알려 주시겠어요?", "인지 말씀해 주세요.", "일까요?")),
    ("하나요?", ("합니까?", "하는지 알려 주시겠어요?")),
    ("있나요?", ("있습니까?", "있는지 알려 주시겠어요?")),
)
# What stands before the thing asked for ("What is" where "the" follows), and what asks for it as well.
OPENINGS_EN = re.compile(
    r"^(?:tell me|can you tell me|i would like to know|do you know|please give me|please explain|"
    r"can you explain|(?:what|who) (?:is|are)(?= the | step ))\s+",
    re.IGNORECASE,
)
ASKING_EN = ("Could you tell me {}?", "Please let me know {}.", "I want to know {}.", "May I ask for {}?")
SUBJECT_KO = re.compile(r"^(?:혹시 )?(?P<subject>.+?)의 (?P<rest>.+)$")
SUBJECT_EN = re.compile(
    r"^(?:For (?P<before>[^,]+), (?P<question>.+)|(?P<head>.+?) (?:of|in) (?P<subject>[^?]+?)(?P<mark>[?.]))$"
)


def paraphrase(task: ParaphraseInput) -> ParaphraseAnswer:
    """Up to `count` wordings with other frames around the same names and numbers; fewer where rules end."""
    question, answer = normalize(task.question), normalize(task.answer)
    questions = reworded_korean(question) if task.language == "ko" else reworded_english(question)
    other_answer = reworded_answer(answer, task.language)
    new = [text for text in dict.fromkeys(questions) if bare(text) != bare(question)]
    return ParaphraseAnswer(
        wordings=tuple(Wording(question=text, answer=other_answer) for text in new[: task.count])
    )


def reworded_korean(question: str) -> list[str]:
    """The question with other endings, then with 혹시 before it."""
    for ending, others in ENDINGS_KO:
        if question.endswith(ending):
            front = question[: -len(ending)]
            changed = [front + other for other in others]
            break
    else:
        changed = []
    polite = [
        f"혹시 {text}" for text in (*changed, question) if text.endswith("?") and not text.startswith("혹시")
    ]
    return changed + polite


def reworded_english(question: str) -> list[str]:
    """The question with another opening; questions that open otherwise get a "please"."""
    asked, openings = OPENINGS_EN.subn("", question.rstrip("?."))
    # "May I ask for" takes a thing, not a clause.
    is_clause = re.match(r"(what|how|who|when|where)\b", asked) is not None
    if openings:
        return [asking.format(asked) for asking in ASKING_EN if not (is_clause and asking.startswith("May"))]
    return (
        [f"Please tell me: {lowered(question)}", f"One question: {lowered(question)}"]
        if question.endswith("?")
        else []
    )


def reworded_answer(answer: str, language: Language) -> str:
    """The answer in 해요체, or with an opening in English; unchanged where a rule would have to guess."""
    if language == "ko":
        return casual(answer) or answer
    return f"In short, {lowered(answer)}"


def dialogue(task: DialogueInput) -> DialogueAnswer:
    """The turns in order; a question about the subject of the turn before no longer names it."""
    turns: list[Turn] = []
    previous = ""
    for turn in task.turns:
        shorten = followed_korean if task.language == "ko" else followed_english
        turns.append(Turn(question=shorten(turn.question, previous), answer=turn.answer))
        previous = turn.question
    return DialogueAnswer(turns=tuple(turns))


def followed_korean(question: str, previous: str) -> str:
    """`question` as it follows `previous`: 그럼 and the rest, where both ask about the same thing."""
    match = SUBJECT_KO.match(question)
    before = SUBJECT_KO.match(previous)
    if match is None or before is None or match["subject"] != before["subject"]:
        return question
    return f"그럼 {match['rest']}"


def followed_english(question: str, previous: str) -> str:
    """`question` as it follows `previous`: And with the rest, where both ask about the same thing."""
    match, before = SUBJECT_EN.match(question), SUBJECT_EN.match(previous)
    if match is None or before is None:
        return question
    subject = match["before"] or match["subject"]
    if subject != (before["before"] or before["subject"]):
        return question
    rest = match["question"] or match["head"] + match["mark"]
    return f"And {lowered(rest)}"
