"""Names and things put in the place of those that the evidence has."""

import re
import unicodedata
from difflib import SequenceMatcher

from slm_factory.core.matching import WORD
from slm_factory.core.text import normalize
from slm_factory.grounding.claim import Claim, whole_chunk
from slm_factory.grounding.names import SURNAMES
from slm_factory.grounding.words import Support, Word, content, english_stem, korean_stem, without_quantities

WHO = re.compile(
    r"누구|누가|어디|어느|무엇|무슨|어떤 (?:사람|부서|팀|기관|곳|약|것|제품|세금|앱|도구|서버|장비)|"
    r"\b(?:who|whom|whose|which|where|what)\b(?! (?:happens|must|should|was the question))",
    re.IGNORECASE,
)
# Last syllables that tell of what kind a thing is: teams, offices, taxes, laws, posts.
KIND_END = frozenset("팀과부실국처청원소단사점관법세령장감역동층호차약제품")


def swapped(claim: Claim) -> list[str]:
    """Nouns put in the place of one of the evidence's, which the answer leaves unsaid.

    A noun from elsewhere in the chunk where a name or thing is asked for, or of the same kind as the unsaid
    one; a noun that the chunk does not have must be of the same kind (인사과 for 재무과). Either may stand
    between the same words instead.
    """
    whole = whole_chunk(claim.source)
    quoted = Support(claim.quoted, claim.question, *claim.near_cells)
    new = [word for word in content(claim.said) if word.is_noun and not quoted.has(word)]
    if not new:
        return []
    said = Support(claim.answer, claim.question, claim.context)
    unsaid = [word for word in content(claim.evidence) if word.is_noun and not said.has(word)]
    unsaid = [word for word in unsaid if not any(shares_root(word, other) for other in new)]
    is_asked = bool(WHO.search(claim.question)) and not is_named(claim)
    return [
        word.text
        for word in new
        if unsaid
        and not any(shares_root(word, other) for other in content(claim.evidence))
        and (
            is_put_in_place(word, unsaid, claim)
            or (not claim.support.has(word) and is_rival(word, unsaid, whole.has(word), is_asked))
        )
    ][:1]


def is_named(claim: Claim) -> bool:
    """Whether the answer gives a capitalised name of the evidence that the question does not have: then other
    words only add to it."""
    asked, said = Support(claim.question), Support(claim.answer)
    return any(
        word.start and word.text[0].isupper() and said.has(word) and not asked.has(word)
        for word in content(claim.evidence)
        if not word.is_korean
    )


def is_rival(word: Word, unsaid: list[Word], is_in_chunk: bool, is_asked: bool) -> bool:
    """Whether a new word can only be meant instead of an unsaid one."""
    if is_in_chunk:
        return (is_asked and word.weight == 1) or any(are_alike(word, other) for other in unsaid)
    return word.weight == 1 and any(
        len(word.stem) > 6 and last(word) in KIND_END and are_alike(word, other) for other in unsaid
    )


def last(word: Word) -> str:
    """The last syllable or letter of a word's stem."""
    return unicodedata.normalize("NFC", word.stem)[-1]


def shares_root(one: Word, other: Word) -> bool:
    """Whether two words are forms of one: exclude and exclusion, 말리다 and 마르다."""
    if one.is_korean != other.is_korean:
        return False
    if one.is_korean:
        return len(one.stem) <= 5 and len(other.stem) <= 5 and one.stem[:2] == other.stem[:2]
    return len(one.stem) > 4 and one.stem[:5] == other.stem[:5]


def is_put_in_place(word: Word, unsaid: list[Word], claim: Claim) -> bool:
    """Whether a word stands in the answer between the words that an unsaid word stands between in the
    evidence."""
    mine, theirs = stems(claim.said), stems(without_quantities(claim.evidence))
    for tag, i, j, k, end in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if tag != "replace" or j - i > 3 or end - k > 3:
            continue
        is_framed = (
            mine[max(i - 2, 0) : i] == theirs[max(k - 2, 0) : k] and mine[j : j + 2] == theirs[end : end + 2]
        )
        around = len(mine[max(i - 2, 0) : i]) + len(mine[j : j + 2])
        if (
            is_framed
            and around >= 3
            and word.stem in mine[i:j]
            and {other.stem for other in unsaid} & set(theirs[k:end])
        ):
            return True
    return False


def stems(text: str) -> list[str]:
    """The stems of all words of a text, in order."""
    return [
        korean_stem(word) if "가" <= word[0] <= "힣" else english_stem(word)
        for word in WORD.findall(normalize(text).casefold())
    ]


def are_alike(one: Word, other: Word) -> bool:
    """Whether two words name things of one kind: both Latin names, or Korean names that end alike (세,
    팀, 센터)."""
    if one.is_korean != other.is_korean:
        return False
    if not one.is_korean:
        return all(word.text[0].isupper() for word in (one, other)) or all(
            map(has_digit, (one.text, other.text))
        )
    names = [unicodedata.normalize("NFC", word.stem) for word in (one, other)]
    if all(len(name) == 3 and name[0] in SURNAMES for name in names):
        return True
    return names[0][-1] == names[1][-1]


def has_digit(text: str) -> bool:
    """Whether a digit stands in `text`."""
    return any(letter.isdigit() for letter in text)
