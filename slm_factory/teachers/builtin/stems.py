"""Words and numbers to compare by: stems in jamo, so 정한다 and 정합니다 meet, numbers with units."""

import re
import unicodedata

from slm_factory.core.text import normalize

NUMBER = re.compile(r"(\d[\d,]*(?:[.:]\d+)*)\s?(%|[A-Za-z]+|[가-힣]+)?")
LARGE_UNIT = re.compile(r"^[백천만억조]")
WORD = re.compile(r"[^\W_]+(?:[-.@'’][^\W_]+)*")
# Particles and verb endings, longest first; ㅂ and ㄴ are final consonants that belong to the ending.
ENDING_WORDS = """
    입니다 이에요 습니다 입니까 인가요 에서는 이라고 이다 예요 는다 에서 에는 에게 까지 부터 으로 라고 이란
    ㅂ니다 ㄴ다 다 란 은 는 이 가 을 를 의 에 로 와 과 도 요 며 고 's ’s
"""
FINALS = str.maketrans("ㅂㄴ", "ᆸᆫ")
ENDINGS = [unicodedata.normalize("NFD", ending).translate(FINALS) for ending in ENDING_WORDS.split()]
# The frame of an answer: says nothing about the document.
FRAME_WORDS = """
    것 일 할 하는 바로 말하 말해요 설명하면 말씀드리면 있 있어요 되어 모두 이루어져 이라고 라고 단계 수 네
    the a an is are to of in for by as we mean means has have there all its it and defined meaning number
    action procedure you can be that this with on at do does from or yes short sure simple words
    정하고 정한 정한다 보면 내용 규정 쉽게 쓰여 돼 되어 적혀 일어난 거예요 말하면
"""
# The frame of a question.
ASKING_WORDS = """
    무엇 뭐 뭘 누구 언제 어디 얼마 몇 명 어떻게 어떤 알려 말해 설명해 주세요 줄래요 궁금합니다
    확인하고 싶습니다 싶어요 알고 혹시 아시나요 아세요 되나요 하나요 인지 좀 처음이라 그러는데 말이에요 무슨
    what who which how many much tell me i would like to know please give for so could i'd i'm new here
    any idea remind did about
"""


def quantities(text: str) -> list[tuple[str, str]]:
    """The numbers of `text` without thousands separators, each with its unit ("" for none)."""
    found = []
    for number, word in NUMBER.findall(normalize(text).casefold()):
        unit = unicodedata.normalize("NFC", stem(word, least=0))
        found.append((number.replace(",", ""), "" if word in FRAME_WORDS.split() else unit))
    return found


def is_supported(number: str, unit: str, text: str) -> bool:
    """Whether `text` has the number with the same unit; a number without a unit fits any."""
    for other, other_unit in quantities(text):
        is_part = LARGE_UNIT.match(unit) and (unit.startswith(other_unit) or other_unit.startswith(unit))
        if number == other and (unit == other_unit or not unit or not other_unit or is_part):
            return True
    return False


def new_words(answer: str, question: str) -> list[str]:
    """The stems of the words that `answer` adds to `question`; frame words and numbers are left out."""
    asked = set(stems(question))
    return [
        word for word in stems(answer) if word not in asked and word not in FRAME and not word[0].isdigit()
    ]


def stems(text: str) -> list[str]:
    """The words of `text` in lower case as stems, without particles that stand alone (after a bracket)."""
    words = WORD.findall(normalize(text).casefold())
    return [stem(word) for word in words if unicodedata.normalize("NFD", word) not in ENDINGS]


def stem(word: str, least: int = 2) -> str:
    """`word` in jamo (NFD) without its particle or verb ending; at least `least` jamo stay."""
    jamo = unicodedata.normalize("NFD", word)
    for ending in ENDINGS:
        if jamo.endswith(ending) and len(jamo) - len(ending) >= least:
            return jamo[: len(jamo) - len(ending)]
    return jamo


def is_in(stem_of_word: str, text: str) -> bool:
    """Whether the stem stands anywhere in `text`."""
    return stem_of_word in unicodedata.normalize("NFD", text.casefold())


# Down here because it needs `stem`.
FRAME = frozenset(stem(word) for word in FRAME_WORDS.split())
ASKING = frozenset(stem(word) for word in ASKING_WORDS.split())
