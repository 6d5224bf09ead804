"""A conversation remembers its turns while they fit, and is held at a real terminal."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slm_factory.ask.chat import HISTORY, Conversation
from slm_factory.ask.model import Model, TooLongError
from tests.conftest import REPOSITORY, set_params

SPOKEN = "tttttttt"  # how the noise begins
READY = "\x1b[?2004h"  # sent when a line is waited for: pasted text is to be marked


class Terminal:
    """A program at a terminal of 80 x 24: types lines, reads until something is shown."""

    def __init__(self, *arguments: str) -> None:
        self.shown = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            command = [sys.executable, "-m", "slm_factory", "ask", *arguments]
            os.execvpe(command[0], command, environment())
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))

    def type(self, keys: str) -> None:
        os.write(self.terminal, keys.encode())

    def until(self, wanted: str, seconds: float = 60.0) -> None:
        """Reads up to `wanted`; what is shown after it is left for the next call."""
        end = time.monotonic() + seconds
        while wanted.encode() not in self.shown:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"{wanted!r} was not shown, but {self.shown.decode(errors='replace')}"
            new = os.read(self.terminal, 65536)
            if b"\x1b[6n" in new:  # where is the cursor?
                os.write(self.terminal, b"\x1b[1;1R")
            self.shown += new
        self.shown = self.shown.partition(wanted.encode())[2]

    def exit_code(self) -> int:
        """How the program ended; what it still shows is read, so that it can."""
        with contextlib.suppress(OSError):  # the terminal is closed
            while os.read(self.terminal, 65536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(REPOSITORY), "TERM": "xterm", "LC_ALL": "C.UTF-8"}


@pytest.fixture
def terminal(workspace: Path, tiny: Path) -> Iterator[Terminal]:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    (workspace / ".dvc").mkdir()
    set_params(workspace, **{"quantize.context_tokens": 16384})
    opened = Terminal("--interactive", "--gguf", str(tiny), "--max-tokens", "8000")
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
