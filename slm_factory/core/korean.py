"""Korean particles and verb endings that fit what stands before them: Hangul, digits, Latin letters, symbols.

The rules are those of the National Institute of Korean Language: a particle follows the *sound* of the word
before it, and a word in parentheses does not count. `Noun` puts particles into templates: `"{key:은} ..."`.
"""

import re
import unicodedata
from typing import Literal

Sound = Literal["vowel", "rieul", "consonant"]

# particle after a consonant, after a vowel
PARTICLES: dict[str, tuple[str, str]] = {
    "은": ("은", "는"),
    "이": ("이", "가"),
    "을": ("을", "를"),
    "과": ("과", "와"),
    "으로": ("으로", "로"),
    "이란": ("이란", "란"),
    "이다": ("이다", "다"),
    "이라고": ("이라고", "라고"),
    "이나": ("이나", "나"),
    "이에요": ("이에요", "예요"),
}

SYLLABLES = ord("가")
FINALS = 28  # final consonants per vowel, "none" included
NIEUN, RIEUL, BIEUP, SSANG_SIOT = 4, 8, 17, 20

# 영 일 이 삼 사 오 육 칠 팔 구
DIGITS: dict[str, Sound] = {
    **dict.fromkeys("2459", "vowel"),
    **dict.fromkeys("178", "rieul"),
    **dict.fromkeys("036", "consonant"),
}
# A digit that ends a Latin name is read in English: S3 is 에스쓰리, IPv6 is 아이피브이식스.
ENGLISH_DIGITS: dict[str, Sound] = {
    **dict.fromkeys("234568", "vowel"),
    **dict.fromkeys("0179", "consonant"),
}
# 10 십, 100 백, 1000 천, 10,000 만, 10^8 억, 10^12 조: only 조 ends in a vowel.
VOWEL_ZEROS = range(12, 16)
LETTERS: dict[str, Sound] = {"l": "rieul", "r": "rieul", "m": "consonant", "n": "consonant"}  # 엘, 알, 엠, 엔
SYMBOLS: dict[str, Sound] = {**dict.fromkeys("%℃℉°㎡㎥€+@&", "vowel"), "‰": "rieul", "#": "consonant"}
# Read as words after a number; other units end in the same sound as their last letter's name.
UNITS: dict[str, Sound] = {
    **dict.fromkeys(("m", "km", "cm", "mm", "nm", "l", "ml", "dl"), "vowel"),
    **dict.fromkeys(("g", "kg", "mg", "min"), "consonant"),
    "px": "rieul",
}
# Words whose Korean spelling does not follow from their last letters.
WORDS: dict[str, Sound] = {"github": "vowel", "hub": "vowel", "group": "consonant", "zip": "consonant"}

CLOSING = "\"'”’`*_\\」』》〉>]})）】.,!?:;~…"
PARENTHESIS = re.compile(r"\s*[(（\[][^()（）\[\]]*[)）\]]$")


class Noun(str):
    """A string whose format specification is a particle: `f"{Noun('API'):을}"` is `API를`."""

    def __format__(self, specification: str) -> str:
        return str(self) + (particle(self, specification) if specification else "")


def particle(word: str, name: str) -> str:
    """The form of the particle `name` (a key of `PARTICLES`) after `word`; both forms after an unknown sound.

    Raises:
        KeyError: no such particle.
    """
    after_consonant, after_vowel = PARTICLES[name]
    ending = sound(word)
    if ending is None:
        return f"{after_consonant}({after_vowel})"
    takes_vowel_form = ending == "vowel" or (ending == "rieul" and name == "으로")
    return after_vowel if takes_vowel_form else after_consonant


def sound(word: str) -> Sound | None:
    """What `word` ends in when read aloud in Korean; None for scripts without a rule here (Hanja, kana)."""
    text = unicodedata.normalize("NFC", word).strip()
    outside = PARENTHESIS.sub("", text)
    text = (outside or text).rstrip(CLOSING + " ")
    if not text:
        return None
    last = text[-1]
    if "가" <= last <= "힣":
        final = (ord(last) - SYLLABLES) % FINALS
        return "vowel" if final == 0 else "rieul" if final == RIEUL else "consonant"
    if last in SYMBOLS:
        return SYMBOLS[last]
    if last in DIGITS:
        return number_sound(text)
    if last.isascii() and last.isalpha():
        return latin_sound(text)
    return None


def number_sound(text: str) -> Sound:
    """The final sound of the number that ends `text`, as it is read: 30 삼십, 1.0 일 점 영, S3 에스쓰리."""
    if re.search(r"[A-Za-z]\d$", text):
        return ENGLISH_DIGITS[text[-1]]
    match = re.search(r"\d[\d,.]*$", text)
    number = match.group().replace(",", "") if match else text[-1]
    zeros = len(number) - len(number.rstrip("0"))
    if "." in number or not zeros or zeros == len(number):
        return DIGITS[number[-1]]
    return "vowel" if zeros in VOWEL_ZEROS else "consonant"


def latin_sound(text: str) -> Sound:
    """The final sound of the Latin word at the end of `text`: a unit of a number, an abbreviation, a word."""
    match = re.search(r"(\d\s*)?([A-Za-z]+)$", text)
    assert match is not None  # the caller saw a Latin letter at the end
    number, word = match.groups()
    lower = word.lower()
    if number and lower in UNITS:
        return UNITS[lower]
    if lower in WORDS:
        return WORDS[lower]
    if word[-1].isupper() or len(word) == 1 or number:
        return LETTERS.get(lower[-1], "vowel")
    return english_word_sound(lower)


def english_word_sound(word: str) -> Sound:
    """The final sound of an English word in Korean spelling (레디스, 슬랙, 서버, 포털), by its last letters.

    Follows the loanword rules: l, m, n, ng stay finals; k, p, t, b do so after one short vowel; the rest
    takes a vowel.
    """
    if re.search(r"(l|le)$", word):
        return "rieul"
    if re.search(r"([mn]|[aeiou][mn]e|ng|gn)$", word):
        return "consonant"
    if re.search(r"([aeiou]ck|(^|[^aeiou])[aeiou](k|p|pp|t|tt|b|c)|ook|[aiy]pe)$", word):
        return "consonant"
    return "vowel"


def polite(sentence: str) -> str | None:
    """A sentence without its full stop in 합쇼체 (정한다: 정합니다); None where it does not end in a verb."""
    text = unicodedata.normalize("NFC", sentence).strip().rstrip(".")
    if text.endswith("니다"):
        return text
    asked = re.search(r"(으)?(?:십시오|시오|세요)$", text)
    if asked:
        stem = text[: asked.start()]
        if not stem.strip() or not "가" <= stem[-1] <= "힣":
            return None
        return stem + "습니다" if asked.group(1) else with_final(stem, BIEUP) + "니다"
    if not re.search(r"[가-힣]다$", text):
        return None
    stem = text[:-1]
    final = final_of(stem)
    if stem.endswith("는") and len(stem) > 1 and "가" <= stem[-2] <= "힣" and final_of(stem[:-1]):
        return stem[:-1] + "습니다"
    if final in (0, NIEUN, RIEUL):
        return with_final(stem, BIEUP) + "니다"
    return stem + "습니다"


def adnominal(sentence: str) -> str | None:
    """A sentence in the present as the front of a noun (정한다: 정하는); None where it is past or no verb."""
    text = polite(sentence)
    if text is None or text.endswith("입니다"):
        return None
    if text.endswith("습니다"):
        stem = text[: -len("습니다")]
        is_past = final_of(stem) == SSANG_SIOT and not stem.endswith("있")
        return None if is_past else stem + "는"
    return with_final(text[: -len("니다")], 0) + "는"


def casual(sentence: str) -> str | None:
    """A sentence in 합쇼체 as 해요체 (30분이에요.); None for verbs whose stem the spelling does not tell."""
    text = sentence.strip().rstrip(".")
    if text.endswith("입니다"):
        noun = text[: -len("입니다")]
        return f"{Noun(noun):이에요}."
    for formal, informal in (
        ("합니다", "해요"),
        ("됩니다", "돼요"),
        ("있습니다", "있어요"),
        ("없습니다", "없어요"),
        ("같습니다", "같아요"),
        ("립니다", "려요"),
        ("깁니다", "겨요"),
        ("킵니다", "켜요"),
    ):
        if text.endswith(formal):
            return text[: -len(formal)] + informal + "."
    return None


def final_of(text: str) -> int:
    """The number of the final consonant of the last syllable; 0 for none."""
    return (ord(text[-1]) - SYLLABLES) % FINALS


def with_final(text: str, final: int) -> str:
    """`text` with the final consonant `final` (0 for none) in its last syllable."""
    return text[:-1] + chr(ord(text[-1]) - final_of(text) + final)
