"""The sentence templates of the embedded teacher, by form of statement: eight questions, four answers each.

Every template names subject and key, and is used for all facts of its form, so that a wording kept out of
training for one fact is trained on others. Articles of statutes are Korean only. `{subject:은}` takes the
particle that fits (`core.korean.Noun`).
"""

Templates = tuple[str, ...]

QUESTIONS_KO: dict[str, Templates] = {
    "attribute": (
        "{of} {key:은} {asked}인가요?",
        "{of} {key:을} 알려 주세요.",
        "{of} {key:이} 어떻게 되나요?",
        "혹시 {of} {key:을} 아시나요?",
        "{of} {key:이} {asked}인지 알려 주세요.",
        "{of} {key:이} 궁금합니다.",
        "{of} {key:을} 확인하고 싶습니다.",
        "{of} {key:은} {asked}입니까?",
    ),
    "definition": (
        "{subject:이란} {what}인가요?",
        "{subject:은} {what}인가요?",
        "{subject:이} {what}인지 알려 주세요.",
        "{subject:을} 설명해 주세요.",
        "{subject}에 대해 알려 주세요.",
        "{subject:은} 어떤 {head}인가요?",
        "{subject:이} {what}인지 궁금합니다.",
        "{subject:이} {what}인지 설명해 주세요.",
    ),
    "step": (
        "{subject}의 {key:은} 무엇인가요?",
        "{subject}의 {key}에서는 무엇을 하나요?",
        "{subject}의 {key:을} 알려 주세요.",
        "{subject}의 {key}에서 할 일은 무엇인가요?",
        "{subject}의 {key:이} 어떻게 되나요?",
        "{subject}에서 {key:은} 어떤 일인가요?",
        "{subject}의 {key:이} 궁금합니다.",
        "{subject}의 {key}에서 하는 일을 설명해 주세요.",
    ),
    "count": (
        "{subject:은} 모두 몇 단계인가요?",
        "{subject}의 단계 수를 알려 주세요.",
        "{subject:은} 몇 단계로 이루어져 있나요?",
        "{subject}의 단계 수가 어떻게 되나요?",
        "{subject:이} 모두 몇 단계인지 알려 주세요.",
        "{subject}의 단계 수가 궁금합니다.",
        "{subject}의 단계 수를 확인하고 싶습니다.",
        "{subject:은} 모두 몇 단계입니까?",
    ),
    "article": (
        "{subject:은} 무엇을 정하고 있나요?",
        "{subject}의 내용을 알려 주세요.",
        "{subject}의 내용은 무엇인가요?",
        "{subject}에는 어떻게 되어 있나요?",
        "{subject:이} 정한 내용이 궁금합니다.",
        "{subject}의 내용을 확인하고 싶습니다.",
        "{subject:은} 어떤 규정인가요?",
        "{subject}의 규정을 설명해 주세요.",
    ),
}
ANSWERS_KO: dict[str, Templates] = {
    "attribute": (
        "{of} {key:은} {value}입니다.",
        "{about} {key:이} {value}입니다.",
        "{of} {key:을} 말씀드리면 {value}입니다.",
        "{of} {key:은} 바로 {value}입니다.",
    ),
    "clause": (
        "{of} {key:은} ‘{value}’입니다.",
        "{of} {key:을} 말씀드리면 ‘{value}’입니다.",
        "{about} {key:이} ‘{value}’입니다.",
        "{of} {key:은} ‘{value}’라고 되어 있습니다.",
    ),
    "definition": (
        "{subject:은} {value}입니다.",
        "{subject:이란} {value:을} 말합니다.",
        "{subject:을} 설명하면 {value}입니다.",
        "{subject:은} {value:이라고} 할 수 있습니다.",
    ),
    "step": (
        "{subject}의 {key}에서는 {polite}.",
        "{subject}의 {key:은} {adnominal} 것입니다.",
        "{subject}의 {key}에서 할 일은 {adnominal} 것입니다.",
        "{subject}에서 {key:은} {adnominal} 일입니다.",
    ),
    "named step": (
        "{subject}의 {key:은} {value}입니다.",
        "{subject}의 {key}에서 할 일은 {value}입니다.",
        "{subject}에서 {key:은} {value}입니다.",
        "{subject}의 {key}에서 하는 일은 {value}입니다.",
    ),
    "count": (
        "{subject:은} 모두 {value}입니다.",
        "{subject:은} 모두 {value}로 이루어져 있습니다.",
        "{subject}의 단계 수를 말씀드리면 {value}입니다.",
        "{subject}의 단계 수는 모두 {value}입니다.",
    ),
    "article": (
        "{subject:은} “{value}”라고 정하고 있습니다.",
        "{subject:을} 보면 “{value}”라고 되어 있습니다.",
        "{subject}의 내용은 “{value}”입니다.",
        "{subject}에는 “{value}”라고 적혀 있습니다.",
    ),
    "abstain": ("{of} {key:은} 적혀 있지 않습니다.",) * 4,
}
QUESTIONS_EN: dict[str, Templates] = {
    "attribute": (
        "{asked} {verb} the {key} of {subject}?",
        "Tell me the {key} of {subject}.",
        "For {subject}, {asked_low} {verb} the {key}?",
        "Can you tell me the {key} of {subject}?",
        "{asked} {verb} {owner} {key}?",
        "I would like to know the {key} of {subject}.",
        "Do you know the {key} of {subject}?",
        "Please give me the {key} of {subject}.",
    ),
    "definition": (
        "What {be} {subject}?",
        "Tell me what {subject} {be}.",
        "Can you explain what {subject} {be}?",
        "What is meant by {subject}?",
        "How {be} {subject} defined?",
        "I would like to know what {subject} {be}.",
        "Do you know what {subject} {be}?",
        "Please explain what {subject} {be}.",
    ),
    "step": (
        "What is {key} of {subject}?",
        "Tell me {key} of {subject}.",
        "For {subject}, what is {key}?",
        "Can you tell me {key} of {subject}?",
        "What do I do in {key} of {subject}?",
        "I would like to know {key} of {subject}.",
        "Do you know {key} of {subject}?",
        "Please explain {key} of {subject}.",
    ),
    "count": (
        "How many steps does {subject} have?",
        "Tell me the number of steps in {subject}.",
        "How many steps are there in {subject}?",
        "Can you tell me the number of steps in {subject}?",
        "What is the number of steps in {subject}?",
        "I would like to know the number of steps in {subject}.",
        "Do you know how many steps {subject} has?",
        "Please give me the number of steps in {subject}.",
    ),
}
ANSWERS_EN: dict[str, Templates] = {
    "attribute": (
        "The {key} of {subject} {verb} {value}.",
        "{owner} {key} {verb} {value}.",
        "For {subject}, the {key} {verb} {value}.",
        "As for {subject}, its {key} {verb} {value}.",
    ),
    "clause": (
        "The {key} of {subject}: {value}.",
        "{owner} {key}: {value}.",
        "For {subject}, the {key} {verb}: {value}.",
        "The {key} of {subject} {verb}: {value}.",
    ),
    "definition": (
        "{subject} {be} {value}.",
        "{subject} {be} defined as {value}.",
        "By {subject} we mean {value}.",
        "The meaning of {subject} is {value}.",
    ),
    "step": (
        "{key} of {subject} is to {value}.",
        "In {key} of {subject}, {value}.",
        "For {subject}, {key} is to {value}.",
        "The action in {key} of {subject} is to {value}.",
    ),
    "named step": (
        "{key} of {subject} is: {value}.",
        "In {key} of {subject}: {value}.",
        "For {subject}, {key} is: {value}.",
        "The action in {key} of {subject} is: {value}.",
    ),
    "count": (
        "{subject} has {value}.",
        "There are {value} in {subject}.",
        "The procedure {subject} has {value}.",
        "In all, {subject} has {value}.",
    ),
    "abstain": ("The {key} of {subject} is not stated.",) * 4,
}
STATEMENTS_KO: dict[str, str] = {
    "attribute": "{of} {key:은} {value}이다.",
    "clause": "{of} {key:은} ‘{value}’이다.",
    "definition": "{subject:은} {value}이다.",
    "step": "{subject}의 {key}에서는 {value}.",
    "named step": "{subject}의 {key:은} {value}이다.",
    "count": "{subject:은} 모두 {value}이다.",
    "article": "{subject:은} “{value}”라고 정한다.",
    "abstain": "{of} {key:은} 적혀 있지 않다.",
}
STATEMENTS_EN: dict[str, str] = {form: answers[0] for form, answers in ANSWERS_EN.items()}
