"""What changes between two texts that are meant to say the same."""

from slm_factory.core.quantities import Quantity, read
from slm_factory.grounding.names import named
from slm_factory.grounding.words import Support


def differences(original: str, other: str) -> list[str]:
    """Numbers with units, dates, amounts and names that one of the texts has and the other has not.

    Spelling does not count: 90분 is 1시간 30분, "two" is 2. In reading order, those of `original` first.
    """
    return list(dict.fromkeys([*missing(original, other), *missing(other, original)]))


def missing(text: str, other: str) -> list[str]:
    """The quantities and names of `text` that `other` has not."""
    given = read(other)
    letters = Support(other)
    found = [
        one.text
        for one in read(text)
        if not is_idle(one)
        and not any(one.agrees_with(two) or two.agrees_with(one) for two in given)
        and not (one.kind == "code" and letters.has_letters(one.text))
    ]
    return found + [name for name in named(text) if not letters.has_letters(name) and name not in found]


def is_idle(one: Quantity) -> bool:
    """Whether a number word only helps to speak: one of them, 한 번, 하루."""
    return one.is_spelled and one.value == 1
