"""A student's answer beside the reference, by rule."""

import unicodedata

from slm_factory.core.text import bare
from slm_factory.teachers.builtin.stems import is_supported, new_words, quantities, stems
from slm_factory.teachers.tasks import JudgeAnswer, JudgeInput

ENOUGH = 0.8  # share of the words that the reference adds to the question


def judge(task: JudgeInput) -> JudgeAnswer:
    """Whether the answer has all numbers and most words that the reference adds, and no other number."""
    known = f"{task.reference}\n{task.question}"
    for number, unit in quantities(task.reference):
        if not is_supported(number, unit, task.answer):
            return JudgeAnswer(is_correct=False, reason=f"{number}{unit} is missing")
    for number, unit in quantities(task.answer):
        if not is_supported(number, unit, known):
            return JudgeAnswer(is_correct=False, reason=f"{number}{unit} is not in the reference")
    new = new_words(task.reference, task.question)
    said = stems(task.answer)
    missing = [word for word in new if not any(other.startswith(word) for other in said)]
    if len(missing) > (1 - ENOUGH) * len(new):
        return JudgeAnswer(is_correct=False, reason=f"{unicodedata.normalize('NFC', missing[0])} is missing")
    if not new and not quantities(task.reference) and bare(task.answer) != bare(task.reference):
        return JudgeAnswer(is_correct=False, reason="the answer is not the reference")
    return JudgeAnswer(is_correct=True, reason="every number and name of the reference is there")
