"""The words of a text that say something, as stems that meet across endings: no morphological analyser
needed.

Korean stems are compared in jamo, so 알립니다 and 알린다 share 알리; English ones lose their usual suffixes.
"""

import functools
import re
import unicodedata
from dataclasses import dataclass

from slm_factory.core.quantities import read
from slm_factory.core.text import normalize
from slm_factory.grounding import vocabulary

HANGUL_RUN = re.compile(r"[가-힣]+")
LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:['’&./_:+#-]*[A-Za-z0-9]+)*")
TOKEN = re.compile(rf"(?P<ko>{HANGUL_RUN.pattern})|(?P<en>{LATIN_WORD.pattern})")


def jamo(text: str) -> str:
    """`text` in decomposed jamo (NFD), in lower case."""
    return unicodedata.normalize("NFD", text.casefold())


PARTICLE_JAMO = sorted((jamo(p) for p in vocabulary.PARTICLES), key=len, reverse=True)
ENDING_JAMO = sorted((jamo(e) for e in vocabulary.ENDINGS), key=len, reverse=True)

EVERY = jamo("마다")
LIGHT_KO = frozenset(map(jamo, vocabulary.LIGHT_KO))
LIGHT_EN = frozenset(vocabulary.LIGHT_EN)
VERBS = tuple(map(jamo, ("하였", "되었", "하", "되", "했", "됐", "시키")))  # that make a noun a verb
IRREGULAR = {form: verb for verb, *forms in map(str.split, vocabulary.IRREGULAR.split(",")) for form in forms}
SUFFIX = re.compile(
    r"(?:izations?|isations?|ations?|itions?|ments?|nesses|ness|ingly|edly|ings?|ied|ies|iers?|ers?|ors?|ed|es|"
    r"ly|al|ion|ions|e|s|y)$"
)
AUXILIARY = re.compile(r"[않없있][가-힣]{0,3}$|못[하한합해했][가-힣]*$|싶[가-힣]*$")
TENTHS_ENOUGH = 0.75  # share of a Korean stem's jamo that must stand in the other text from its beginning on


@dataclass(frozen=True, slots=True)
class Word:
    """A content word: as written, and its stem (jamo for Hangul)."""

    text: str
    stem: str
    start: int
    is_korean: bool
    # 1 for a noun, by its ending, half for a verb made of one, 0 for native verbs and everyday English
    weight: float

    @property
    def is_noun(self) -> bool:
        """Whether it names a thing or, as 확인하다 does, an act."""
        return self.weight > 0


@functools.lru_cache(maxsize=20_000)
def content(text: str) -> tuple[Word, ...]:
    """The words of `text` that say something, in order; numbers, light words and single syllables are
    left out."""
    found = []
    for match in TOKEN.finditer(normalize(text)):
        if match["ko"]:
            before = match.string[match.start() - 1] if match.start() else ""
            if before.isdigit() or before == "%":
                continue  # a unit, or a particle behind a number
            stem = korean_stem(match[0])
            if len(unicodedata.normalize("NFC", stem)) < 2 or is_light(match[0], stem):
                continue
            if jamo(match[0]) in PARTICLE_AND_ENDINGS or AUXILIARY.match(match[0]):
                continue
            found.append(Word(match[0], stem, match.start(), True, noun_weight(match[0], stem)))
        else:
            lower = match[0].casefold().removesuffix("'s").removesuffix("’s")
            before = match.string[match.start() - 1] if match.start() else ""
            if before.isdigit() or lower in LIGHT_EN or len(lower) < 2:
                continue
            stem = english_stem(lower)
            found.append(Word(match[0], stem, match.start(), False, float(stem not in EVERYDAY_EN)))
    return tuple(found)


@functools.lru_cache(maxsize=50_000)
def is_light(word: str, stem: str) -> bool:
    """Whether the Korean word belongs to the frame of a sentence."""
    return stem in LIGHT_KO or jamo(word) in LIGHT_KO or particle_stem(word) in LIGHT_KO


def particle_stem(word: str) -> str:
    """A Korean word in jamo without its longest particle."""
    whole = jamo(word)
    for particle in PARTICLE_JAMO:
        if whole.endswith(particle) and len(whole) - len(particle) >= 2:
            return whole[: len(whole) - len(particle)]
    return whole


@functools.lru_cache(maxsize=50_000)
def korean_stem(word: str) -> str:
    """A Korean word in jamo without particles and endings; two syllables' worth of jamo stay."""
    stem = jamo(word)
    if len(word) > 3 and stem.endswith(EVERY):  # whose last syllable is an ending, too
        return stem.removesuffix(EVERY)
    for endings in (ENDING_JAMO, PARTICLE_JAMO):
        for ending in endings:
            if stem.endswith(ending) and len(stem) - len(ending) >= (2 if len(ending) > 5 else 4):
                stem = stem[: len(stem) - len(ending)]
                break
    for verb in VERBS:
        if stem.endswith(verb) and len(stem) - len(verb) >= 4:
            return stem[: len(stem) - len(verb)]
    return stem


@functools.lru_cache(maxsize=50_000)
def english_stem(word: str) -> str:
    """An English word in lower case without its usual suffixes; four letters stay."""
    word = IRREGULAR.get(word, word)
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "su":
        word = word[:-1]
    for _ in range(2):
        shorter = SUFFIX.sub("", word)
        if len(shorter) < 3 or shorter == word or (len(shorter) < 4 and len(word) < 6):
            break
        word = shorter
    if len(word) > 3 and word[-1] == word[-2]:  # stopp, cancell
        word = word[:-1]
    return word


EVERYDAY_EN = frozenset(map(english_stem, vocabulary.EVERYDAY_EN))
# 확인하여, 발송된: a noun made a verb
MADE_OF_NOUN = re.compile(
    r"^[가-힣]{2,}?(?:하|한|할|함|합|해|했|되|된|될|됨|됩|됐|돼|시키|시킨|시켜|시킵|받)[가-힣]*$"
)
VERBAL_TAIL = re.compile(
    r"(?:고|면|며|지|야|다|라|서|니|던|게|려|록|[^이]므로|거나|는데|지만|도|다가|었기|았기|였기|겠기|했기|음을|함을|든지|[^이]면서|[여려져겨켜쳐아어]|..[둔킨낸쓴든])$|[았었였겠]|습니"
)
NOUN_PARTICLE = re.compile(
    r"(?:을|를|이|가|은|는|의|에|에서|에게|으로|로|와|과|만|까지|부터|보다|나|란|처럼|마다|들|에는|에서는|으로는|입니다|이며|이고|이므로|이라|이어야|인)$"
)
# Last syllables of the stems of native verbs: before 는, 은, 을 and 기 they make no noun.
VERB_FINAL = frozenset(
    "오가나쓰있없맞들주보지리내서키치르우추기두놓넣빼받찾쌓묶끊막걸열닫팔벌풀물알살울놀끌밀이둔든"
)


def noun_weight(word: str, stem: str) -> float:
    """1 where a Korean word looks like a noun, a half for a verb made of one (확인하다), 0 for a native
    verb."""
    if MADE_OF_NOUN.match(word):
        return 0.5
    return float(looks_like_noun(word, stem))


def looks_like_noun(word: str, stem: str) -> bool:
    """Whether a Korean word has the particle of a noun, or neither particle nor ending."""
    syllables = unicodedata.normalize("NFC", stem)
    if match := NOUN_PARTICLE.search(word):
        is_verb = match[0] in ("는", "은", "을", "인", "나") and word[: match.start()][-1:] in VERB_FINAL
        return not is_verb and len(word) - len(match[0]) >= 2
    if word.endswith("도"):
        return not re.search(r"[라아어해져려켜여]도$", word)
    return len(syllables) == len(word) and not VERBAL_TAIL.search(word)


PARTICLE_AND_ENDINGS = frozenset([*PARTICLE_JAMO, *ENDING_JAMO])


NO_LETTER = re.compile(r"[\W_]+")
PART_MARK = re.compile(r"[^a-z0-9]+")


def without_quantities(text: str) -> str:
    """`text`, normalised line by line, with 0 for each of its quantities: number words are no content."""
    plain = "\n".join(normalize(line) for line in text.split("\n"))
    for one in read(text):
        plain = plain.replace(one.text, "0", 1)
    return plain


class Support:
    """Texts in which words are looked for."""

    def __init__(self, *texts: str) -> None:
        self.plain = normalize(" ".join(texts)).casefold()

    @functools.cached_property
    def letters(self) -> str:
        """The letters and digits of the texts, without anything between them."""
        return NO_LETTER.sub("", self.plain)

    @functools.cached_property
    def jamo(self) -> str:
        """The same in jamo."""
        return unicodedata.normalize("NFD", self.letters)

    @functools.cached_property
    def stems(self) -> frozenset[str]:
        """The stems of the Latin words, whole and in their parts."""
        found = {match[0].removesuffix("'s") for match in LATIN_WORD.finditer(self.plain)}
        parts = {part for word in found for part in PART_MARK.split(word) if part}
        return frozenset(map(english_stem, found | parts))

    def has(self, word: Word) -> bool:
        """Whether the word stands here, in this or another form, or as its parts."""
        if not word.is_korean:
            parts = [part for part in re.split(r"[^a-z0-9]+", word.stem) if len(part) > 1]
            return word.stem in self.stems or all(
                english_stem(part) in self.stems or part in LIGHT_EN for part in parts
            )
        return self.has_stem(word.stem) or self.has_parts(word)

    def has_stem(self, stem: str) -> bool:
        """Whether a Korean stem, or most of it from its beginning, stands here."""
        enough = max(3, -int(-len(stem) * TENTHS_ENOUGH // 1))
        return stem in self.jamo or stem[:enough] in self.jamo

    def has_parts(self, word: Word) -> bool:
        """Whether a Korean compound stands here in two parts: 전환시작 as 전환을 시작."""
        syllables = unicodedata.normalize("NFC", word.stem)
        return any(
            jamo(syllables[:cut]) in self.jamo and jamo(syllables[cut:]) in self.jamo
            for cut in range(2, len(syllables) - 1)
        )

    def has_letters(self, text: str) -> bool:
        """Whether `text` stands here letter for letter; spaces, marks and case do not count."""
        return NO_LETTER.sub("", normalize(text).casefold()) in self.letters
