"""Orders to a model: planted in a document, or leaked from a prompt into a pair."""

import re

# Each names whom it orders about ("your", "previous", a prompt, a chat's marks): "ignore the alarm" and
# "기존 규칙은 따르지 않는다" are sentences of manuals and statutes.
ORDER = re.compile(
    "|".join(
        (
            r"\b(?:ignore|disregard|forget|override)\b(?: \w+){0,3}? (?:your|previous|prior|earlier|preceding"
            r"|above)\b(?: \w+){0,2}? (?:instructions?|prompts?|rules|orders|guidelines|directions)\b",
            r"\b(?:reveal|print|repeat|output|show)\b(?: \w+){0,2}? "
            r"(?:system prompt|your (?:prompt|rules|instructions))\b",
            r"\byou are (?:now|no longer) (?:a|an|the)\b",
            r"(?:이전|앞선|앞의|위의|너의|당신의|지금까지의) ?(?:모든 ?)?"
            r"(?:지시|지침|명령|규칙|프롬프트)(?:사항)?[을를은는]? ?(?:모두 |전부 |다 )?(?:무시|잊)",
            r"(?:너는|넌|당신은) (?:이제|지금부터|더 이상)",
            r"(?:시스템 ?)?프롬프트[을를] ?(?:그대로 |모두 )?(?:출력|공개|보여|말해)",
            r"<\|\w+\|>|\[/?INST\]|<</?SYS>>",
        )
    ),
    re.IGNORECASE,
)


def orders(text: str) -> list[str]:
    """The orders to a model that stand in `text`, as they are written; mostly none."""
    return [match[0] for match in ORDER.finditer(text)]
