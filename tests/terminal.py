"""A program at a terminal of 80 x 24, as a person has it: types lines, and reads until something is shown."""

import contextlib
import fcntl
import os
import pty
import select
import struct
import termios
import time
from collections.abc import Mapping, Sequence

SIZE = (24, 80)  # rows and columns


class Terminal:
    """A running program; `shown` holds what was printed since the last `until`."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.shown = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execvpe(command[0], command, environment)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *SIZE, 0, 0))

    def type(self, keys: str) -> None:
        """Sends keys as they are."""
        os.write(self.terminal, keys.encode())

    def until(self, wanted: str, seconds: float = 60.0) -> str:
        """Reads up to `wanted` and returns what came before it; what follows is left for the next call."""
        end = time.monotonic() + seconds
        while wanted.encode() not in self.shown:
            ready, _, _ = select.select([self.terminal], [], [], max(0, end - time.monotonic()))
            assert ready, f"{wanted!r} was not shown, but {self.shown.decode(errors='replace')}"
            new = os.read(self.terminal, 65536)
            if b"\x1b[6n" in new:  # where is the cursor?
                os.write(self.terminal, b"\x1b[1;1R")
            self.shown += new
        before, _, self.shown = self.shown.partition(wanted.encode())
        return before.decode(errors="replace")

    def exit_code(self) -> int:
        """How the program ended; what it still shows is read, so that it can."""
        with contextlib.suppress(OSError):  # the terminal is closed
            while os.read(self.terminal, 65536):
                pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
