"""How answers are shown: in columns where there is room, with right numbers, and never as commands."""

import pytest
from rich.console import Console

from slm_factory.ask.model import Answer
from slm_factory.ask.show import Shown, beside, percentile, rate, total


def answer(model: str, text: str, seconds: float = 1.0, ended: str = "stop") -> Answer:
    return Answer(model, text, ended, 9, 30, seconds / 2, seconds, 60.0, 5_000_000)


def drawn(width: int) -> list[str]:
    console = Console(width=width, record=True, file=None)
    with console.capture() as captured:
        console.print(beside([answer("base", "모르겠습니다."), answer("tuned", "15분입니다.")], width))
    return captured.get().splitlines()


def test_two_answers_stand_side_by_side_in_80_columns() -> None:
    title, text, *_ = drawn(80)
    assert title.split() == ["base", "tuned"]
    assert text.split() == ["모르겠습니다.", "15분입니다."]


def test_they_stand_one_under_the_other_where_columns_would_be_narrow() -> None:
    lines = drawn(60)
    assert lines[:2] == ["base", "모르겠습니다."]
    assert lines.index("tuned") > 2 and "15분입니다." in lines


def test_the_total_tells_median_slowest_twentieth_and_rate() -> None:
    answers = [answer("tuned", "", seconds) for seconds in [0.1] * 19 + [2.0]]
    told = total(answers)
    assert told.startswith("tuned: 20 answers, median 0.10 s, 95% within 0.10 s; first token 0.05 s")
    assert f"600 tokens, {600 / 3.9:,.0f} per second" in told
    assert rate([]) == 0.0


@pytest.mark.parametrize(("share", "value"), [(0.5, 2), (0.95, 4), (0.25, 1), (1.0, 4)])
def test_percentiles_are_values_that_were_measured(share: float, value: int) -> None:
    assert percentile([4, 1, 3, 2], share) == value


def test_what_a_model_says_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Shown().answers([answer("tuned", "[red]a[/red]\x1b[2J")])
    assert capsys.readouterr().out == "[red]a[/red]␛[2J\n"


def test_an_answer_that_was_cut_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Shown().answers([answer("tuned", "a", ended="length")])
    assert "cut by --max-tokens" in capsys.readouterr().err
