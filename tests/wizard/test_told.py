"""What the wizard tells in every step, as it was looked at. `pytest --snapshot-update` writes it anew."""

from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from slm_factory import language
from slm_factory.cli import needs
from slm_factory.wizard import steps
from tests.wizard import sitting
from tests.wizard.sitting import Sitting

ANSWERS = (
    *("", "", "2", "y"),  # documents, what is read, teacher
    *("1", "5", "many", "b", "1", "5", "7", ""),  # student, options, back and on
    *("", "y", "n", "n", "What is Alpha?", ""),  # pairs, checks, review, service, questions
)


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_every_step_tells_what_was_looked_at(
    lang: str, workspace: Path, monkeypatch: pytest.MonkeyPatch, snapshot: SnapshotAssertion
) -> None:
    sitting.lay_out()
    for name in ("teacher", "student"):
        monkeypatch.setattr(needs, name, sitting.need_of)
    language.use(lang)
    screen = Sitting(answers=list(ANSWERS))
    steps.walk(screen, 0, lambda at: None)
    assert screen.answers == []
    assert screen.told == snapshot
