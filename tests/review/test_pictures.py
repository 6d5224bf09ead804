"""The main screens as pictures, colours included, beside those that people looked at.

`pytest tests/review/test_pictures.py --snapshot-update` draws them anew; git diff shows which have changed.
"""

from typing import Any

import pytest
from textual.pilot import Pilot

from tests.review.sitting import give, make, open_screen, press, ready
from tests.review.test_screens import CONTESTED, LARGE, SMALL, check

SHOTS = {
    "contested": ((), SMALL),
    "feedback": (("end",), SMALL),
    "edit": (("e", "8", "ctrl+s"), SMALL),
    "large": (("down", "down"), LARGE),
}


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("lang", ["en", "ko"])
@pytest.mark.parametrize("name", SHOTS)
def test_picture_is_the_one_that_was_looked_at(name: str, lang: str, snap_compare: Any) -> None:
    keys, size = SHOTS[name]
    make(*CONTESTED)
    asked = {"question": "알파 펌프는 얼마마다 점검해요?", "answer": "매일 점검합니다.", "rating": "down"}
    give(asked | {"correction": "30일마다 점검합니다."})

    async def steps(pilot: Pilot[None]) -> None:
        await ready(pilot)
        await press(pilot, *keys)

    assert snap_compare(open_screen(check, lang), run_before=steps, terminal_size=size)
