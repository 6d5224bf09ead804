"""A progress bar for anything that takes more than two seconds; silent when nobody looks."""

import sys
from collections.abc import Generator, Iterable, Sized
from typing import TypeVar

from slm_factory.core import activity

Item = TypeVar("Item")


def track(items: Iterable[Item], description: str, total: int | None = None) -> Generator[Item, None, None]:
    """`items` as they are, with a bar on stderr that shows rate and remaining time if that is a terminal.

    Whoever watches this process's stage from elsewhere sees the count, too.
    """
    if total is None and isinstance(items, Sized):
        total = len(items)
    reporter = activity.current()
    if reporter:
        reporter.begin(description, total)
    for item in shown(items, description, total) if sys.stderr.isatty() else items:
        yield item
        if reporter:
            reporter.advance()


def shown(items: Iterable[Item], description: str, total: int | None) -> Iterable[Item]:
    """`items` with a bar on stderr."""
    from rich.console import Console
    from rich.progress import track as rich_track

    return rich_track(items, description, total=total, console=Console(stderr=True), transient=True)
