"""The reading of what a model wrote: wrapped, misspelt, broken in part, cut."""

import json
from typing import Any

import pytest

from slm_factory.teachers.prompted import schema_of
from slm_factory.teachers.reading import parse
from slm_factory.teachers.tasks import (
    Audience,
    GenerateAnswer,
    GenerateInput,
    Mark,
    ScoreAnswer,
    ScoreInput,
    Turn,
)

MARK = {"faithfulness": 5, "completeness": 4, "usefulness": 3, "reason": "fine"}
GOOD = json.dumps({"marks": [MARK]})
WORDINGS = [{"audience": "expert", "questions": ["Q?"], "answers": ["A."]}]
FACT = {"kind": "fact", "category": "", "statement": "S.", "evidence": "E", "wordings": WORDINGS}


def marks(text: str, pairs: int = 1) -> ScoreAnswer:
    turns = (Turn(question="Q", answer="A"),) * pairs
    task = ScoreInput(source="S", evidence="E", pairs=turns, language="en")
    answer = parse("score", text, schema_of("score", task))
    assert isinstance(answer, ScoreAnswer)
    return answer


def facts(*stated: Any, audiences: tuple[Audience, ...] = ("expert",)) -> GenerateAnswer:
    return facts_in(json.dumps({"facts": stated}, ensure_ascii=False), audiences)


def facts_in(
    text: str, audiences: tuple[Audience, ...] = ("expert",), is_cut: bool = False
) -> GenerateAnswer:
    counts = {"question_wordings": 1, "answer_wordings": 1, "max_facts": 9, "audiences": audiences}
    task = GenerateInput.model_validate(
        {"text": "T", "title": "T", "headings": (), "language": "ko", **counts}
    )
    answer = parse("generate", text, schema_of("generate", task), is_cut=is_cut)
    assert isinstance(answer, GenerateAnswer)
    return answer


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"```json\n{GOOD}\n```",
        f"Here is {{my}} view: {GOOD} Hope this helps!",
        f'<think>maybe {{"marks": []}} or {GOOD.replace("5", "1")}</think>{GOOD}',
        f"so {GOOD.replace('5', '1')}</think>{GOOD}",
        GOOD.replace("5", '"5"'),
        f'{{"result": {GOOD}}}',
        GOOD.replace("}]}", ', "confidence": 1}]}'),
        GOOD.replace("}]}", "},]}"),
        GOOD.replace("}]}", "}]"),
        GOOD.replace('"', "'"),
        GOOD.replace('"faithfulness"', "faithfulness"),
    ],
)
def test_reading_sees_through_what_models_wrap_around_json_and_do_to_it(text: str) -> None:
    assert marks(text) == ScoreAnswer(marks=(Mark.model_validate(MARK),))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I would say four.", "no JSON object"),
        (GOOD.replace("5", "9"), "faithfulness: Input should be less than or equal to 5"),
        (GOOD.replace('"reason"', '"why"'), "reason: Field required"),
        (GOOD[:-12], "Unterminated string"),
        ('{"marks": []}', "0 of them for 1 pairs"),
        (json.dumps({"marks": [MARK, MARK]}), "2 of them for 1 pairs"),
        (GOOD.replace("5", '"4/5"'), "faithfulness"),
    ],
)
def test_what_is_no_answer_is_never_read_as_one(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        marks(text)


def test_marks_keep_the_order_of_their_pairs() -> None:
    given = [{**MARK, "reason": str(number)} for number in range(3)]
    assert [mark.reason for mark in marks(json.dumps({"marks": given}), 3).marks] == ["0", "1", "2"]


def test_unescaped_quotes_inside_a_text_stay_part_of_it() -> None:
    text = json.dumps({"facts": [FACT]}).replace("S.", '그는 "장애"라고 하였다.')
    assert facts_in(text).facts[0].statement == '그는 "장애"라고 하였다.'


def test_the_answer_wins_over_the_shape_quoted_before_it() -> None:
    assert len(facts_in(f'I shall write {{"facts": []}}. {json.dumps({"facts": [FACT]})}').facts) == 1


def test_broken_facts_are_left_out_with_their_reason_and_the_good_ones_stay() -> None:
    broken = {key: value for key, value in FACT.items() if key != "evidence"}
    answer = facts(FACT, broken, "no fact", {**FACT, "wordings": []})
    assert len(answer.facts) == 1
    assert [reason.split(":")[0] for reason in answer.left_out] == ["fact 2", "fact 3", "fact 4"]
    assert "evidence: Field required" in answer.left_out[0]


def test_an_answer_without_one_readable_fact_is_unreadable() -> None:
    with pytest.raises(ValueError, match="fact 1: object"):
        facts("no fact")
    with pytest.raises(ValueError, match="no JSON object with facts"):
        facts_in('{"fact": []}')
    assert facts_in('{"facts": []}').facts == ()


def test_kinds_that_nobody_knows_are_facts() -> None:
    answer = facts({**FACT, "kind": "Definition "}, {**FACT, "kind": "trivia"}, {**FACT, "kind": None})
    assert [fact.kind for fact in answer.facts] == ["definition", "fact", "fact"]


def test_wordings_of_the_only_audience_may_stand_in_the_fact_itself() -> None:
    flat = {key: value for key, value in FACT.items() if key != "wordings"}
    flat |= {"questions": ["Q?"], "answers": ["A."]}
    assert facts(flat).facts == facts(FACT).facts
    with pytest.raises(ValueError, match="wordings: Field required"):
        facts(flat, audiences=("expert", "plain"))


def test_a_cut_answer_is_not_mended_to_a_shorter_one() -> None:
    whole = json.dumps({"facts": [FACT, FACT]})
    for length in (len(whole) - 20, len(whole) - 3):
        with pytest.raises(ValueError, match="column"):
            facts_in(whole[:length], is_cut=True)
    with pytest.raises(ValueError, match="column"):
        facts_in(whole[: len(whole) - 20])  # the server did not say so, but the last fact is half there
