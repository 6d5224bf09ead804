"""Nothing in a document steers the terminal."""

import pytest

from slm_factory.review.visible import one_line, typed, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b]0;title\x07", "␛[31mred␛]0;title␇"),
        ("a\r\nb\tc\x7f", "a␍\nb c␡"),
        ("\x9b2J", "\ufffd2J"),
        ("admin\u202e txt", "admin\ufffd txt"),
        ("[bold]말[/bold]", "[bold]말[/bold]"),
    ],
)
def test_controls_are_shown_and_every_character_keeps_its_place(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert len(visible(text)) == len(one_line(text)) == len(text)


def test_one_line_has_no_line_breaks_of_any_kind() -> None:
    assert len(one_line("a\nb\u2028c\x85d\x0be").splitlines()) == 1


def test_an_input_field_gets_letters_in_one_form_and_no_controls() -> None:
    assert typed("\u1112\u1161\u11ab\x1b[2J\n") == "한[2J\n"
