"""The console that commands print on, which keeps every word of Korean, and a sign that they work."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def console(**options: Any) -> "Console":
    """A rich console that colours no numbers by itself."""
    from rich.console import Console

    count_cells()
    return Console(highlight=False, **options)


@contextmanager
def working(text: str) -> Iterator[None]:
    """Shows on stderr, if that is a terminal, that something goes on whose length nobody can tell."""
    if not sys.stderr.isatty():
        yield
        return
    with console(stderr=True).status(f"{text} ..."):
        yield


def count_cells() -> None:
    """Makes rich strip the blank at the end of a wrapped line by cells.

    rich (15.0) counts characters there, of which one of Korean takes two cells: where a line of a table just
    fits, but not the blank behind it, its last word is cut.
    """
    from rich.text import Text

    Text.rstrip_end = rstrip_end  # type: ignore[method-assign]


def rstrip_end(self: "Text", size: int) -> None:
    """Removes blanks at the end of a text, as far as it is wider than `size` cells."""
    blanks = len(self.plain) - len(self.plain.rstrip())
    excess = min(blanks, self.cell_len - size)
    if excess > 0:
        self.right_crop(excess)
