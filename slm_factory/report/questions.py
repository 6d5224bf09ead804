"""What kind of answer a question asks for, told by its words: Korean and English."""

import re

from slm_factory.core.text import normalize

# Narrow before wide: "몇 시" before "몇", "how many" before "how". What asks politely without a question word
# ("알려 주세요", "please name") is a request.
KOREAN = (
    ("when", r"언제|며칠|몇\s?(?:시(?!간)|월|년도|일에|요일)|시각[은이]|날짜[는가]"),
    ("how much", r"얼마|몇|어느 정도"),
    ("why", r"왜|이유|까닭|원인"),
    ("who", r"누가|누구|누굴|담당자는|책임자는"),
    ("where", r"어디"),
    ("how", r"어떻게(?!\s*되)|어떡|방법[은이을]|절차[는가를]|어떤 (?:순서|방식|방법)"),
    ("what", r"무엇|무슨|뭐|뭔|뭘|어떤|어느|어떻게\s*되"),
    ("request", r"알려|궁금|설명|확인하고|말씀|말해|아시나|아십니|알고 싶|부탁|찾고"),
    ("yes or no", r"(?:까|나|가|죠|지|니|어|요)요?\s*\?$"),
)
ENGLISH = (
    ("when", r"\bwhen\b|\bwhat (?:time|date|day|year)\b"),
    ("how much", r"\bhow (?:many|much|long|often|far|fast|large|big|old|high|soon|frequently)\b"),
    ("why", r"\bwhy\b|\bwhat (?:is|was|are|were) the (?:reason|cause)|\bwhat caus"),
    ("who", r"\bwho(?:m|se)?\b"),
    ("where", r"\bwhere\b"),
    ("how", r"\bhow\b"),
    ("what", r"\bwhat\b|\bwhich\b"),
    (
        "request",
        r"^(?:please|tell|give|name|list|describe|explain|show|state)\b|\bi (?:would|need|want)\b"
        r"|\byou (?:know|tell|give|name|list|describe|explain|show)\b",
    ),
    (
        "yes or no",
        r"^(?:is|are|was|were|do|does|did|can|could|may|must|shall|should|will|would|has|have|had)\b",
    ),
)
WITHOUT_WORD = ("request", "yes or no")
TYPES = (*(name for name, _ in KOREAN), "other")

RULES = {
    language: [(name, re.compile(pattern)) for name, pattern in rules]
    for language, rules in (("ko", KOREAN), ("en", ENGLISH))
}
# "When the queue is full, what happens?" asks what.
OPENING_CLAUSE = re.compile(r"^(?:when|where|if|after|before|while|once)\b[^,?]*,\s*")


def type_of(question: str, language: str) -> str:
    """One of `TYPES`."""
    text = normalize(question).casefold()
    if language == "en":
        text = OPENING_CLAUSE.sub("", text)
    found = [(name, match.start()) for name, rule in RULES[language] if (match := rule.search(text))]
    asking = [entry for entry in found if entry[0] not in WITHOUT_WORD]
    if language == "en" and asking:  # the first word counts: "what happens when ..." asks what
        return min(asking, key=lambda entry: entry[1])[0]
    return found[0][0] if found else "other"
