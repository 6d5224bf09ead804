"""Pairs in other words, and pairs joined to a conversation, by rules that leave numbers and names alone."""

import re

from slm_factory.core.korean import Noun, casual, final_of
from slm_factory.core.matching import lot
from slm_factory.core.text import bare, normalize
from slm_factory.teachers.builtin.word import lowered
from slm_factory.teachers.tasks import (
    DialogueAnswer,
    DialogueInput,
    Language,
    ParaphraseAnswer,
    ParaphraseInput,
    Turn,
)

NIEUN = 4  # final consonant, as in `core.korean`
INDIRECT = ("지 알려 주시겠어요?", "지 말씀해 주세요.")  # after 인, 하는, 있는
# How a question ends, longest first, and what asks the same.
ENDINGS_KO: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("인지 알려 주세요.", ("인지 말씀해 주시겠어요?", "인지 알 수 있을까요?", "인지 가르쳐 주세요.")),
    ("인지 설명해 주세요.", ("인지 말씀해 주시겠어요?", "인지 알고 싶어요.")),
    ("인지 궁금합니다.", ("인지 알고 싶어요.", "인지 말씀해 주시겠어요?")),
    ("알려 주세요.", ("말씀해 주시겠어요?", "알려 주실 수 있나요?", "가르쳐 주세요.")),
    ("쉽게 말해 주세요.", ("쉽게 설명해 주시겠어요?", "쉽게 알려 줄래요?")),
    ("알려 줄래요?", ("알려 주실래요?", "말해 줄 수 있어요?")),
    ("설명해 줄래요?", ("설명해 주실래요?", "설명해 줄 수 있어요?")),
    ("확인하고 싶습니다.", ("확인해 주시겠어요?", "확인할 수 있을까요?")),
    ("궁금합니다.", ("궁금한데 알려 주시겠어요?", "궁금해요.")),
    ("알고 싶어요.", ("알려 주시겠어요?", "알려 줄래요?")),
    ("알고 싶습니다.", ("알려 주시겠어요?", "알고 싶어요.")),
    ("어떻게 되나요?", ("어떻게 됩니까?", "어떻게 되는지 알려 주시겠어요?")),
    ("아시나요?", ("알고 계시나요?", "알려 주실 수 있나요?")),
    ("인가요?", (*(f"인{indirect}" for indirect in INDIRECT), "일까요?")),
    ("입니까?", (*(f"인{indirect}" for indirect in INDIRECT), "일까요?")),
    ("아세요?", ("아시나요?", "알려 주실 수 있나요?")),
    ("뭐예요?", ("무엇인가요?", "뭔지 알려 주시겠어요?")),
    ("예요?", ("인가요?", "인지 알려 주시겠어요?")),
    ("이에요?", ("인가요?", "인지 알려 주시겠어요?")),
    ("습니까?", tuple(f"는{indirect}" for indirect in INDIRECT)),
    ("합니까?", tuple(f"하는{indirect}" for indirect in INDIRECT)),
    ("됩니까?", tuple(f"되는{indirect}" for indirect in INDIRECT)),
    ("나요?", tuple(f"는{indirect}" for indirect in INDIRECT)),
    ("해요?", ("하나요?", "하는지 알려 주시겠어요?")),
    ("돼요?", ("되나요?", "되는지 알려 주시겠어요?")),
    ("있어요?", ("있나요?", "있는지 알려 주시겠어요?")),
    ("주세요.", ("주시겠어요?", "주실 수 있나요?")),
)
# A request can open with 혹시, which does not fit 무엇일까요 or 어떻게 됩니까.
REQUEST_KO = re.compile(r"(?:주시겠어요|주실 수 있나요|알 수 있을까요|확인할 수 있을까요|계시나요)\?$")
# What stands before a question and changes nothing.
OPENERS_KO = re.compile(r"^(?:혹시 |처음이라 그러는데, |처음 들어서 그러는데, )")
OPENERS_EN = re.compile(r"^(?:so |i'm new here: |in simple words, )", re.IGNORECASE)
# What stands before the thing asked for ("What is" where a thing follows), and what asks for it as well.
OPENINGS_EN = re.compile(
    r"^(?:tell me|(?:can|could) you tell me|i(?: would|'d) like to know|do you know|please give me|"
    r"please explain|can you explain|any idea(?: of)?|remind me(?: of)?|"
    r"(?:what|who)(?: is| are|'s)(?= the .*(?: of |'s? )| .+'s? | (?:last )?step ))\s+",
    re.IGNORECASE,
)
ASKING_EN = ("Could you tell me {}?", "Please let me know {}.", "I want to know {}.", "May I ask for {}?")
# Direct questions, and the thing or clause that they ask for.
INDIRECT_EN: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(direct, re.IGNORECASE), asked)
    for direct, asked in (
        (r"^for ([^,]+), (?:what|who) (?:is|are) (the [^?]+|step \d+)$", r"\2 of \1"),
        (r"^(what|how) do i (.+)$", r"\1 to \2"),
        (r"^how many (\w+) does (.+) have$", r"how many \1 \2 has"),
        (r"^how many (\w+) are there (.+)$", r"how many \1 there are \2"),
        (r"^(how \w+|when|where) (is|are) (the [^?]+ of [^?]+)$", r"\1 \3 \2"),
        (r"^what is meant by (.+)$", r"what \1 means"),
        (r"^how (is|are) (.+) defined$", r"how \2 \1 defined"),
    )
)
CLAUSE_EN = re.compile(r"(?:what|how|who|when|where)\b", re.IGNORECASE)
OF_EN = re.compile(
    r"^The (?P<key>(?:(?! of )[a-z -])+?) of (?P<the>the )?(?P<subject>(?:(?! of )[^,:\"])+?) "
    r"(?P<verb>is|are) (?P<value>.+)$"
)

# The subject and what is asked of it: 나루결제의 / 서버 수 / 를 알려 주세요.
ATTRIBUTE_KO = re.compile(r"^(?P<subject>.+?)의 (?P<rest>.+)$")
KEY_KO = re.compile(
    r"^(?P<key>.+?)(?: 좀 알려| 말이에요|(?:은|는|이|가|을|를) "
    r"(?:알|설명|확인|궁금|쉽게|어떻게|무엇|뭐|얼마|몇|언제|어디|누구|어느|아시|아세))"
)
ATTRIBUTE_EN = re.compile(
    r"^(?:For (?P<before>[^,]+), (?P<question>.+)|"
    r"(?P<head>.+) (?:of|in) (?P<subject>\"[^\"]+\"|[^?\"]+?)(?P<mark>[?.]))$"
)
KEY_EN = re.compile(r"\bthe .+$")
LINKS_KO = ("그럼", "그리고", "그러면", "또")  # of the second, third, ... question


def paraphrase(task: ParaphraseInput) -> ParaphraseAnswer:
    """Up to `count` wordings with other frames around the same names and numbers; fewer where rules end."""
    question, answer = normalize(task.question), normalize(task.answer)
    questions = reworded_korean(question) if task.language == "ko" else reworded_english(question)
    other_answer = reworded_answer(answer, task.language)
    new = [text for text in dict.fromkeys(questions) if bare(text) != bare(question)]
    first = int(lot("paraphrase", question) * len(new))  # else all wordings of a fact would become one
    return ParaphraseAnswer(
        wordings=tuple(
            Turn(question=text, answer=other_answer) for text in [*new[first:], *new[:first]][: task.count]
        )
    )


def reworded_korean(question: str) -> list[str]:
    """The question with other endings, then requests with 혹시 before them."""
    changed: list[str] = []
    for ending, others in ENDINGS_KO:
        if question.endswith(ending):
            changed = [question[: -len(ending)] + other for other in others]
            break
    else:
        front = question.removesuffix("가요?")
        if front != question and front and "가" <= front[-1] <= "힣" and final_of(front) == NIEUN:
            changed = [front + indirect for indirect in INDIRECT]  # 어떤가요, 큰가요
    asked = [text for text in (*changed, question) if REQUEST_KO.search(text)]
    return changed + [f"혹시 {text}" for text in asked if not OPENERS_KO.match(text)]


def reworded_english(question: str) -> list[str]:
    """The question with another opening."""
    plain = OPENERS_EN.sub("", question).rstrip("?.")
    asked, openings = OPENINGS_EN.subn("", plain)
    if not openings:
        for direct, indirect in INDIRECT_EN:
            if direct.match(plain):
                asked, openings = direct.sub(indirect, plain), 1
                asked = lowered(asked)
                break
    if not openings:
        return [f"Quick question: {lowered(plain)}?"] if question.endswith("?") else []
    is_clause = CLAUSE_EN.match(asked) is not None
    return [asking.format(asked) for asking in ASKING_EN if not (is_clause and asking.startswith("May"))]


def reworded_answer(answer: str, language: Language) -> str:
    """The answer in 해요체, or with 's for "of" in English; unchanged where a rule would have to guess."""
    if language == "ko":
        return (casual(answer) or answer).replace("는 것이에요.", "는 거예요.")
    match = OF_EN.match(answer)
    if match is None:
        return answer
    owner = match["subject"] + ("'" if match["subject"].endswith("s") else "'s")
    opening = f"The {owner}" if match["the"] else owner[0].upper() + owner[1:]
    return f"{opening} {match['key']} {match['verb']} {match['value']}"


def dialogue(task: DialogueInput) -> DialogueAnswer:
    """The turns in order; a question leaves out what it shares with the question before it."""
    openers = OPENERS_KO if task.language == "ko" else OPENERS_EN
    plain = [openers.sub("", turn.question) for turn in task.turns]
    turns = list(task.turns[:1])
    for place, turn in enumerate(task.turns[1:], start=1):
        if task.language == "ko":
            question = followed_korean(plain[place], plain[place - 1], LINKS_KO[(place - 1) % len(LINKS_KO)])
        else:
            question = followed_english(plain[place], plain[place - 1])
        turns.append(Turn(question=question[:1].upper() + question[1:], answer=turn.answer))
    return DialogueAnswer(turns=tuple(turns))


def followed_korean(question: str, previous: str, link: str) -> str:
    """`question` as it follows `previous`: about the same subject, or the same about another one."""
    match, before = ATTRIBUTE_KO.match(question), ATTRIBUTE_KO.match(previous)
    if match is None or before is None:
        return question
    if match["subject"] == before["subject"]:
        return f"{link} {match['rest']}"
    key, key_before = KEY_KO.match(match["rest"]), KEY_KO.match(before["rest"])
    if key and key_before and key["key"] == key_before["key"]:
        return f"그럼 {Noun(match['subject']):은}요?"
    return question


def followed_english(question: str, previous: str) -> str:
    """`question` as it follows `previous`: about the same subject, or the same about another one."""
    match, before = ATTRIBUTE_EN.match(question), ATTRIBUTE_EN.match(previous)
    if match is None or before is None:
        return question
    subject = match["before"] or match["subject"]
    if subject == (before["before"] or before["subject"]):
        rest = match["question"] or match["head"] + match["mark"]
        return f"And {lowered(rest)}"
    keys = [KEY_EN.search(found["question"] or found["head"]) for found in (match, before)]
    if keys[0] and keys[1] and keys[0][0].rstrip("?.") == keys[1][0].rstrip("?."):
        return f"And what about {subject}?"
    return question
