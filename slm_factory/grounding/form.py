"""What is wrong with the words of a pair by themselves: language, boilerplate, leaks, dangling references."""

import re

from slm_factory.core.matching import loose, squeezed, words
from slm_factory.core.text import HANGUL, LETTER, language, normalize
from slm_factory.grounding.orders import orders

# Only at the start of an answer: "a backup that was not provided in time" is a fact, not a refusal.
BOILERPLATE = re.compile(
    "|".join(
        (
            r"죄송|알겠습니다|인공지능|AI 언어|물론(?:입니다|이죠|이에요|[,!])|네[,!.] (?:알려|설명|"
            r"답변)|좋은 질문",
            r"(?:문서|본문|자료)(?:에서|에는) (?:확인할|찾을|알) 수 없",
            r"sorry\b|I(?:'m| am) sorry|I (?:cannot|can't|do not|don't) |as an AI\b|great question",
            r"(?:sure|certainly|of course)[,!]|here (?:is|are) the ",
            r"the (?:(?:provided|given) )?(?:document|text|passage|context)s? (?:do|does|did) not ",
        )
    ),
    re.IGNORECASE,
)
# What a prompt, a chat format or JSON leaves behind.
LEAKED = re.compile(
    "|".join(
        (
            r"=== ?[0-9a-f]{6,} ?===|</?think>|<\|[a-z_]+\|>|\[/?INST\]|^\s*```|```\s*$",
            r"[{\[]\s*\"[a-z_]+\"\s*:|\"(?:question|answer|evidence|statement|facts?|kind|wordings?)\"\s*:",
            r"^\s*(?:답변?|질문|정답|근거|문제|answer|question|response|output|assistant|user|"
            r"[QA])\s*\d*\s*[:：]",
            r"\[(?:문서|본문|자료|텍스트) ?(?:시작|끝)\]|\[(?:end|start|begin)(?: of)? (?:document|text|"
            r"context)\]",
            r"(?:표시|펜스) 사이의 (?:글|본문|텍스트)|between the (?:two )?marks\b|self-contained sentence",
            r"본문에서 글자 그대로|copied from the text letter by letter|audience\s*[:=]|question_wordings",
        )
    ),
    re.IGNORECASE,
)
AFTER_NOUN = r"(?=[^가-힣]|$|[은는이가을를의에와과도로만]|으로|처럼)"  # 표는 is the table, 표준 is none
TEXT_KO = (
    "문서|문단|본문|텍스트|지문|발췌문|글|보고서|자료|매뉴얼|설명서|안내문|안내서|공지|공고문|규정집|판결문|"
    "도표|표"
)
TEXT_EN = (
    "document|text|passage|excerpt|context|source|section|chapter|article|page|table|list|figure|leaflet|"
    "report|manual|extract|paragraph"
)
GIVEN_EN = r"(?:above|following|preceding|given|provided|supplied|present|current|aforementioned|attached)"
# "위" and "above" alone are too common ("단위", "above 90%"): only where they point at a text.
DANGLING = re.compile(
    "|".join(
        (
            rf"(?<![가-힣])(?:이|본|해당|위의?|윗|아래의?|다음|상기|앞|앞의|제공된|제시된|주어진|"
            rf"첨부된?|상단의?|하단의?|우측의?|좌측의?|"
            rf"위쪽|아래쪽|이전|앞선|방금) ?(?:{TEXT_KO}|절|그림){AFTER_NOUN}",
            r"(?<![가-힣])(?:상단|하단|위|아래|앞|별도의?) ?(?:표|글|내용|설명|본문|문서|"
            r"안내)[를을]? ?(?:참고|참조|보[면시]|확인하[면시])",
            rf"(?<![가-힣])(?:{TEXT_KO})(?:의 [가-힣]+)?(?:에|에서|에는|에서는|은|는|에 의하면|"
            rf"에 따르면|상)? ?"
            r"(?:언급(?:한|된|하)|명시(?:한|된|하)|서술(?:한|된|하)|기술(?:한|된)|기재된|소개(?:한|된)|"
            r"밝히|밝힌|말하는|설명하)",
            r"(?<![가-힣])(?:문서|문단|본문|텍스트|지문|발췌문|글|표|도표|안내문)(?:를|"
            r"을)? ?(?:참고하면|참조하면|보면|살펴보면|읽어 ?보면|근거로 하면)",
            r"(?:언급|설명|기술|서술|제시|명시|기재)(?:한|된|했|하였|되어 있)[던는은]? ?(?:바와 같이|"
            r"것처럼|것과 같이|대로|듯이)",
            r"(?<![가-힣])(?:위에|앞에|아래에|상기에|앞서|위와 같이|이상에서) ?(?:나온|나와|적힌|적은|"
            r"제시|언급|설명|기재|명시|소개)",
            rf"(?<![가-힣])(?:위의?|아래의?|다음|상기) ?(?:기준|항목|목록|내용|자료|조항|규정|사항|"
            rf"절차){AFTER_NOUN}",
            rf"(?<![가-힣])(?:해당|본|동) ?(?:조항|조문|항목){AFTER_NOUN}|(?<![가-힣])본 건(?=[은의에이을])",
            r"(?<![가-힣])(?:위에서|앞에서|앞서) ?(?:말한|말했|설명|언급|본|살펴|밝힌|정한)|"
            r"(?<![가-힣])상기한? ",
            rf"(?<![가-힣])(?:{TEXT_KO})(?:의 [가-힣]+ ?(?:부분|항목|절))?(?:에|에서|에는) "
            r"(?:나온|나와|나타난|나타나|적힌|적혀|언급된|언급된|제시된|명시된|설명된|있듯이|쓰인|쓰여)",
            r"^(?:문서|본문|텍스트|지문|발췌문)(?:에 따르면|에 의하면)",
            r"(?:위와|아래와|다음과) 같(?:습니다|다|아요)[.:]?$",
            rf"\b(?:this|the {GIVEN_EN}) (?:[a-z]+ )?(?:{TEXT_EN})\b",
            rf"\bthe (?:{TEXT_EN})(?: [a-z]+)? {GIVEN_EN}\b",
            r"\b(?:according to|based on|as (?:stated|described|mentioned|shown|noted|given|listed|"
            r"seen) in|from|per) the "
            r"(?:document|text|passage|excerpt|context|source|table|section|article|leaflet|"
            r"extract)\b(?! of )",
            r"\bthe (?:document|text|passage|excerpt|context|source|article|leaflet|extract|paragraph|"
            r"table)s? (?:also )?(?:mentions?|says?|states?|notes?|explains?|describes?|indicates?|"
            r"specif(?:y|ies)|shows?|lists?|"
            r"reads?|tells? us)\b",
            rf"\b(?:see|refer to|check|consult|as (?:per|in|seen in)|per) the (?:[a-z]+ )?(?:{TEXT_EN}|"
            rf"notes?|details?)s?\b(?: (?:and|or) [a-z]+)?(?: (?:above|below))?"
            r"(?=[\s)]*(?:[.,;)]|$))",
            rf"\b(?:{TEXT_EN}|notes?|details?|information|rules?|steps?|section|row|column|"
            rf"line)s? (?:above|below)\b(?! \d)",
            rf"\bin the (?:{GIVEN_EN} )?(?:document|text|passage|excerpt|context)\b(?! (?:of|field|box|"
            rf"editor|window|folder|library|store))",
            r"\b(?:mentioned|described|listed|shown|stated|given|noted|discussed|outlined|explained|see|"
            r"as) (?:above|below|here|earlier)\b",
            r"\b(?:mentioned|described|stated|noted) (?:earlier|previously|before)\b|\bas follows[.:]?$",
            r"\b(?:aforementioned|above-mentioned)\b",
        )
    ),
    re.IGNORECASE,
)
# Endings that turn a value into an answer; without them the value can be looked for in the question.
ENDING = re.compile(
    r"(?:입니다|이다|이에요|예요|합니다|한다|됩니다|된다|습니다|인가요?|입니까|은|는|이|가|을|를|의|에|"
    r"로|와|과)$"
)
# Words that only an English sentence has: names and commands in a Korean one bring none of them.
ENGLISH = re.compile(
    r"\b(?:the|is|are|was|were|be|been|of|to|in|on|at|by|for|with|from|and|or|not|it|its|that|this|has|"
    r"have|must|"
    r"should|can|will|which|who|when|after|before|they|he|she|you|an?)\b",
    re.IGNORECASE,
)
OTHER_SCRIPT = re.compile(r"[぀-ヿ㐀-鿿Ѐ-ӿ؀-ۿ]")  # kana, Han, Cyrillic, Arabic


def problems(question: str, answer: str, evidence: str, wanted: str) -> list[str]:
    """What is wrong with question and answer, whatever their source says; `wanted` is the language, ko
    or en."""
    found = []
    is_quoted = squeezed(answer.rstrip(".")) in squeezed(evidence)
    if not is_in_language(question, wanted) or not (is_in_language(answer, wanted) or is_quoted):
        found.append("language")
    if BOILERPLATE.match(answer):
        found.append("boilerplate")
    if LEAKED.search(answer) or LEAKED.search(question):
        found.append("leaked prompt text")
    if orders(question) or orders(answer):
        found.append("order to a model")
    if DANGLING.search(normalize(question)) or DANGLING.search(normalize(answer)):
        found.append("dangling reference")
    if gives_away(question, answer):
        found.append("question gives the answer away")
    return found


def question_problems(question: str, wanted: str) -> list[str]:
    """What is wrong with a question by itself."""
    found = [] if is_in_language(question, wanted) else ["language"]
    if LEAKED.search(question):
        found.append("leaked prompt text")
    return found + (["dangling reference"] if DANGLING.search(normalize(question)) else [])


def is_in_language(text: str, wanted: str) -> bool:
    """Whether `text` is in the language; names and commands in another do not count against a sentence."""
    letters = LETTER.findall(text)
    if len(OTHER_SCRIPT.findall(text)) > len(letters) / 2:
        return False
    if wanted == "en":
        return language(text) == "en"
    return bool(HANGUL.search(text)) and (language(text) == "ko" or len(ENGLISH.findall(text)) < 2)


def gives_away(question: str, answer: str) -> bool:
    """Whether every word of the answer, without its ending, stands in the question already."""
    asked = loose(question)
    stems = [ENDING.sub("", word) or word for word in words(answer)]
    return all(stem in asked for stem in stems)
