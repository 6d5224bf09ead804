"""A conversation remembers its turns while they fit, and is held at a real terminal."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slm_factory.ask.chat import HISTORY, Conversation
from slm_factory.ask.model import Model, TooLongError
from tests.conftest import REPOSITORY, set_params
from tests.terminal import Terminal

SPOKEN = "tttttttt"  # how the noise begins
READY = "\x1b[?2004h"  # sent when a line is waited for: pasted text is to be marked


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def terminal(workspace: Path, tiny: Path) -> Iterator[Terminal]:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    (workspace / ".dvc").mkdir()
    set_params(workspace, **{"quantize.context_tokens": 16384})
    words = ["ask", "--interactive", "--gguf", str(tiny), "--max-tokens", "8000"]
    opened = Terminal([sys.executable, "-m", "slm_factory", *words], environment())
    yield opened
    os.close(opened.terminal)


def test_a_second_question_is_asked_with_the_first(model: Model) -> None:
    conversation = Conversation(model, 10)
    first, _ = conversation.ask("hello", len)
    second, forgotten = conversation.ask("hello", len)
    assert second.prompt_tokens > 2 * first.prompt_tokens
    assert forgotten == 0 and [turn.question for turn in conversation.turns] == ["hello", "hello"]
    conversation.clear()
    assert conversation.ask("hello", len)[0].prompt_tokens == first.prompt_tokens


def test_the_oldest_turns_are_forgotten_when_the_context_is_full(model: Model) -> None:
    conversation = Conversation(model, 20)
    forgotten = [conversation.ask(f"{number}" * 150, len)[1] for number in range(4)]
    assert forgotten == [0, 0, 1, 1]
    assert [turn.question[0] for turn in conversation.turns] == ["2", "3"]
    assert conversation.used < 512


def test_a_question_that_never_fits_costs_no_memory_of_what_was_said(model: Model) -> None:
    conversation = Conversation(model, 10)
    conversation.ask("hello", len)
    used = conversation.used
    with pytest.raises(TooLongError):
        conversation.ask("x" * 600, len)
    assert (len(conversation.turns), conversation.used) == (1, used)


@pytest.mark.slow
def test_at_a_terminal_ctrl_c_stops_an_answer_and_ctrl_d_leaves(terminal: Terminal) -> None:
    for keys, reply in (
        ("", "/help lists commands"),
        ("/nonsense\r", "There is no command /nonsense"),
        ("/clear\r", "Forgotten."),
        ("안녕하세요?\r", SPOKEN),
        ("\x03", "this question is not remembered"),
    ):
        terminal.type(keys)
        terminal.until(reply)
        if reply != SPOKEN:
            terminal.until(READY)  # what is typed earlier is lost
    terminal.type("\x04")
    assert terminal.exit_code() == 0
    assert "+안녕하세요?" in HISTORY.read_text(encoding="utf-8")
