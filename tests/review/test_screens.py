"""The screens as text, beside those that people looked at, and whether every letter can be read.

`python -m tests.review.test_screens` writes tests/review/screens/*.txt anew; git diff shows what has changed.
"""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from textual.pilot import Pilot

from slm_factory.core.files import Row
from slm_factory.review.decisions import Decision
from slm_factory.review.keys import KEYS
from tests.review.sitting import make, open_screen, press, sit, text

SCREENS = Path(__file__).parent / "screens"
SMALL, LARGE = (80, 24), (140, 40)
LEGIBLE = 4.5  # WCAG 2.2, 1.4.3: contrast of text


@dataclass(frozen=True)
class Shot:
    """A screen after some keys."""

    name: str
    keys: tuple[str, ...]
    size: tuple[int, int] = SMALL


SHOTS = (
    Shot("first", ()),
    Shot("first-large", (), LARGE),
    Shot("decided", ("down", "a", "r", "3", "up", "up", "up")),
    Shot("markup", ("g", "5", "enter")),
    Shot("reject", ("r",)),
    Shot("edit", ("e", "8", "ctrl+s")),
    Shot("filter", ("f",)),
    Shot("values", ("f", "3")),
    Shot("sample-large", ("s", "enter", "a", "r", "1"), LARGE),
    Shot("bulk", ("A",)),
    Shot("help", ("question_mark",)),
    Shot("help-large", ("question_mark",), LARGE),
    Shot("nothing", ("slash", "nowhere", "enter")),
)
CONTESTED = (
    Decision(pair_id="a0", decision="approve", reviewer="lee", revision=1),
    Decision(pair_id="a0", decision="reject", reviewer="park", revision=1, reason="outdated"),
    Decision(pair_id="a2", decision="edit", reviewer="lee", answer="매달 점검합니다.", source="0" * 16),
)


def check(pair: Row, question: str, answer: str) -> list[str]:
    """A check that always finds something."""
    return ["number without evidence: 78"]


def shot(one: Shot, lang: str, is_light: bool = False) -> tuple[str, list[list[Segment]]]:
    """The screen as text and as styled segments."""
    make(*CONTESTED)
    app = open_screen(check, lang, is_light)
    seen: list[tuple[str, list[list[Segment]]]] = []

    async def steps(pilot: Pilot[None]) -> None:
        await press(pilot, *one.keys)
        seen.append((text(app), [list(strip) for strip in app.screen._compositor.render_strips()]))

    sit(app, steps, one.size)
    return seen[0]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("one", SHOTS, ids=lambda one: one.name)
def test_screen_is_the_one_that_was_looked_at(one: Shot, lang: str) -> None:
    shown, _ = shot(one, lang)
    assert shown == (SCREENS / f"{one.name}.{lang}.txt").read_text(encoding="utf-8")
    assert all(cell_len(line) <= one.size[0] for line in shown.splitlines())


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("is_light", [False, True], ids=["dark", "light"])
@pytest.mark.parametrize("one", [SHOTS[2], SHOTS[5], SHOTS[10]], ids=lambda one: one.name)
def test_every_letter_stands_out_from_its_ground(one: Shot, is_light: bool) -> None:
    shown, lines = shot(one, "en", is_light)
    faint = {
        (segment.text.strip(), round(contrast(segment), 1))
        for line in lines
        for segment in (boxed(line) if "╭" in shown else line)
        if any(letter.isalnum() for letter in segment.text) and contrast(segment) < LEGIBLE
    }
    assert not faint


def boxed(line: list[Segment]) -> Iterator[Segment]:
    """What of a line the border of a dialog encloses; behind it the screen is dimmed."""
    inside = False
    for segment in line:
        if "│" in segment.text:
            inside = not inside
        elif inside:
            yield segment


def contrast(segment: Segment) -> float:
    """The WCAG contrast of a segment's colours."""
    assert segment.style and segment.style.color and segment.style.bgcolor, segment
    colours = segment.style.color, segment.style.bgcolor
    high, low = sorted(map(luminance, reversed(colours) if segment.style.reverse else colours), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: Color) -> float:
    """Relative luminance (WCAG 2.2)."""
    red, green, blue = (part / 255 for part in colour.get_truecolor())
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in (red, green, blue)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_bar_of_keys_fits_80_columns(lang: str) -> None:
    bar = shot(SHOTS[0], lang)[0].splitlines()[-1]
    assert all(f"{key.shown} " in bar for key in KEYS if key.short) and "…" not in bar
    assert cell_len(bar) <= SMALL[0]


if __name__ == "__main__":
    os.chdir(tempfile.mkdtemp())
    SCREENS.mkdir(exist_ok=True)
    for each in SHOTS:
        for name in ("en", "ko"):
            (SCREENS / f"{each.name}.{name}.txt").write_text(shot(each, name)[0], encoding="utf-8")
