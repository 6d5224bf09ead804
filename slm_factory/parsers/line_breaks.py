"""Broken lines of a page put together again: hyphens mended, Korean words that were cut in two joined."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping

KOREAN_EDGE = re.compile(r"[가-힣0-9]\Z")
HYPHENATED = re.compile(r"[A-Za-z]{2}[-\u2010]\Z")
NEIGHBOURS = re.compile(r"(?<=[가-힣0-9])( ?)(?=[가-힣])")
HYPHEN = re.compile(r"(?<![A-Za-z])[A-Za-z]+[-\u2010][A-Za-z]+")

# How much likelier (natural logarithm, rounded) than on average a syllable ends or begins a word: the 250
# most frequent syllables in 6 million characters of Korean statutes, judgments and software manuals. On
# other texts of these kinds the two numbers alone are right about 87% of neighbouring syllables.
ENDS = {
    -3: "감같객거것공규까넌네노니대되됩디따또레려마매메모므받방배변보불생습않양없었연예으입있참처"
    "최추취컨컴코테토통특파판평피필하함합현확활훈",
    -2: "값경관교국내다단달득명무바반발복비사선설소송실심아언오요원유임작정주증채청출클키포표프플학환회",
    -1: "개결계구권금급너능동들등래러료리립목문물미버번별부분산상성세속스시식신액업외용위자장재저"
    "적전점제종준직차초축치크타태택티행호",
    1: "가건고과그나라련록만서수여음이접진터한",
    2: "각두로면에의",
    3: "게는된될든른를및야와은을할",
}
BEGINS = {
    -3: "넌는능니델드득든러려력련령록료류률른를름립며므션습야었에였와용으은을음치칙택터트티",
    -2: "게고급너된라래로링면식우화",
    -1: "건과까다당도되될됩리무물브산서성세속송스액약언여역열의입장청체축타태하한할행환",
    1: "감공관구국내네단동두마목문반방보복비생선소수신양연영오유작재저전점접제조주증직처코테토통"
    "판포표프함형활후",
    2: "각값개경규그대데등디매바받발번변사설실아위종중취파평피호확",
    3: "같객것노따때또메모및배불않없예있참최추컴클특필",
}
ENDING = {syllable: weight for weight, syllables in ENDS.items() for syllable in syllables} | {
    "0": -2
}  # digits
BEGINNING = {syllable: weight for weight, syllables in BEGINS.items() for syllable in syllables}
# Particles and adverbs that end a word, unless a particle follows; their last syllables alone do not tell.
WHOLE = re.compile(
    r"(?:까지|부터|에서|에게|처럼|마다|반드시|다시|즉시|역시|혹시|모두|먼저|바로|서로|함께|같이|없이)\Z"
)
PARTICLE = re.compile(r"(?:[은는이가을를의도만로와과에나다]|[이라]며)(?:[ ,.]|\Z)")
SPACE_ODDS = -1.0  # natural logarithm: 28% of neighbouring syllables have a space between them
TAIL = 60  # characters; longer than a word
PRIOR_COUNTS = 4.0  # how many pairs of the document the numbers above are worth


class Joiner:
    """Joins broken lines of one document.

    Korean may be broken within a word. Most programs write the space that ends a line into the file; where
    a document has such spaces, they decide. Else it is decided (naive Bayes) by how often the syllable
    before the break ends a word and the one after it begins one, in general and within the lines of this
    document, where the two syllables may also stand side by side. A digit counts as a syllable.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self.before: Counter[tuple[str, bool]] = Counter()  # syllable, whether a space follows -> pairs
        self.after: Counter[tuple[str, bool]] = Counter()  # syllable, whether a space precedes -> pairs
        self.pairs: Counter[tuple[str, bool]] = (
            Counter()
        )  # two syllables, whether a space divides them -> pairs
        self.hyphenated: set[str] = set()
        spaced = total = 0
        for line in lines:
            total += 1
            spaced += line.endswith(" ")
            for match in NEIGHBOURS.finditer(line):
                first, last, is_divided = known(line[match.start() - 1]), line[match.end()], bool(match[1])
                self.before[first, is_divided] += 1
                self.after[last, is_divided] += 1
                self.pairs[first + last, is_divided] += 1
            self.hyphenated.update(word.lower() for word in HYPHEN.findall(line))
        self.trusts_spaces = spaced > total / 10

    def join(self, before: str, after: str) -> str:
        """The two lines as one."""
        text = before.rstrip()
        tail = text[-TAIL:]  # a paragraph may be long, and is joined line by line
        if HYPHENATED.search(tail) and after[:1].islower():
            return text + after if self.is_compound(tail, after) else text[:-1] + after
        if not (KOREAN_EDGE.search(tail) and re.match("[가-힣]", after)):
            return f"{text} {after}"
        if self.trusts_spaces:
            return before + after
        if WHOLE.search(tail) and not PARTICLE.match(after):
            return f"{text} {after}"
        first = known(text[-1])
        odds = log_odds(first, self.before, ENDING) + log_odds(after[0], self.after, BEGINNING)
        odds += math.log((self.pairs[first + after[0], True] + 1) / (self.pairs[first + after[0], False] + 1))
        return f"{text} {after}" if odds > SPACE_ODDS else text + after

    def is_compound(self, before: str, after: str) -> bool:
        """Whether the word that a line end cuts at its hyphen stands with that hyphen elsewhere."""
        word = re.search(r"[A-Za-z]+\W\Z", before), re.match("[A-Za-z]+", after)
        return bool(word[0] and word[1] and (word[0][0] + word[1][0]).lower() in self.hyphenated)


def known(syllable: str) -> str:
    """A syllable, or 0 for any digit."""
    return "0" if syllable.isdigit() else syllable


def log_odds(syllable: str, counts: Counter[tuple[str, bool]], weights: Mapping[str, int]) -> float:
    """How much likelier a space is than none beside `syllable`, as a natural logarithm."""
    share = 1 / (1 + math.exp(-SPACE_ODDS - weights.get(syllable, 0)))
    spaces = counts[syllable, True] + PRIOR_COUNTS * share
    return math.log(spaces / (counts[syllable, False] + PRIOR_COUNTS * (1 - share)))
