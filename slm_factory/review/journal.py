"""The decisions of one sitting: changed, undone, saved, and joined with what others wrote meanwhile."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from slm_factory.review import decisions
from slm_factory.review.decisions import Decision, Decisions

Lines = tuple[Decision, ...]
Change = dict[str, tuple[Lines, Lines]]  # before and after, by pair_id
Stamp = tuple[int, int, int]  # inode, time of the last change, bytes
NO_FILE: Stamp = (0, 0, 0)
LOCKS = Path(".dvc/tmp")


@dataclass(frozen=True)
class Saved:
    """What a visit to the file found or left there."""

    decisions: Decisions
    stamp: Stamp
    theirs: frozenset[str]  # pair_ids on which others changed the file since it was last read


class Journal:
    """Decisions in memory beside their file, with undo.

    `prepare` and the call that it returns are apart so that the file is read and written on another thread
    while the screen goes on; `settle` brings the result back.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        read = visit(path, {}, {}, NO_FILE, writes=False)
        self.decisions = dict(read.decisions)
        self.saved = read
        self.sent = read.decisions  # what the last `prepare` was given
        self.done: list[Change] = []
        self.undone: list[Change] = []

    def change(self, after: dict[str, Lines]) -> list[str]:
        """The pairs that this changed: sets the lines of pairs, an empty tuple for none."""
        made = {
            pair_id: (self.decisions.get(pair_id, ()), lines)
            for pair_id, lines in after.items()
            if self.decisions.get(pair_id, ()) != lines
        }
        if made:
            self.done.append(made)
            self.undone.clear()
            self.set_lines({pair_id: lines for pair_id, (_, lines) in made.items()})
        return list(made)

    def undo(self) -> list[str]:
        """The pairs that this changed: takes the last change back, except where others wrote since."""
        return self.turn(self.done, self.undone, lambda change: change)

    def redo(self) -> list[str]:
        """Makes the change again that was undone last; returns the pairs that this changed."""
        return self.turn(self.undone, self.done, lambda change: (change[1], change[0]))

    def turn(
        self,
        source: list[Change],
        target: list[Change],
        order: Callable[[tuple[Lines, Lines]], tuple[Lines, Lines]],
    ) -> list[str]:
        """Moves a change from `source` to `target`, setting the first lines of `order` for the second."""
        if not source:
            return []
        change = source.pop()
        target.append(change)
        wanted = {pair_id: order(lines) for pair_id, lines in change.items()}
        free = {
            pair_id: lines
            for pair_id, (lines, current) in wanted.items()
            if self.decisions.get(pair_id, ()) == current
        }
        self.set_lines(free)
        return list(free)

    def set_lines(self, lines: dict[str, Lines]) -> None:
        for pair_id, value in lines.items():
            if value:
                self.decisions[pair_id] = value
            else:
                self.decisions.pop(pair_id, None)

    @property
    def is_saved(self) -> bool:
        """Whether the file holds what is in memory, as far as we know."""
        return self.decisions == self.saved.decisions

    def has_news(self) -> bool:
        """Whether the file is another one than we last saw."""
        return stamp_of(self.path) != self.saved.stamp

    def prepare(self) -> Callable[[], Saved]:
        """A call that joins and writes the decisions as they are now; it touches nothing here.

        The call raises:
            UserError: a line of the file is not a decision; the file is left as it is.
            OSError: the file cannot be written.
        """
        ours, base, stamp = dict(self.decisions), self.saved.decisions, self.saved.stamp
        self.sent = ours
        return lambda: visit(self.path, ours, base, stamp, writes=ours != base)

    def settle(self, saved: Saved) -> list[str]:
        """Takes over what others wrote; returns the pairs that this changed."""
        news = {pair_id: saved.decisions.get(pair_id, ()) for pair_id in saved.theirs}
        changed = [
            pair_id
            for pair_id, lines in news.items()
            if lines != self.decisions.get(pair_id, ()) == self.sent.get(pair_id, ())
        ]
        self.set_lines({pair_id: news[pair_id] for pair_id in changed})
        self.saved = saved
        return changed

    def save(self) -> list[str]:
        """The pairs on which others wrote: saves here and now. Raises as the call of `prepare` does."""
        return self.settle(self.prepare()())


def visit(path: Path, ours: Decisions, base: Decisions, stamp: Stamp, writes: bool) -> Saved:
    """Joins `ours` with the file, which held `base` at `stamp`, and writes the result where it differs."""
    with lock():
        now = stamp_of(path)
        if now == stamp:
            joined, theirs = ours, frozenset[str]()
        else:
            found = decisions.read(path) if now != NO_FILE else {}
            joined = join(base, ours, found) if base or ours else found
            theirs = frozenset(differing(ours, joined) if base or ours else found)
            writes = writes and joined != found
        if writes:
            decisions.write(path, joined)
            now = stamp_of(path)
    return Saved(joined, now, theirs)


def join(base: Decisions, ours: Decisions, theirs: Decisions) -> Decisions:
    """Both sides' changes; where both changed a pair, the newest lines of all reviewers."""
    joined = dict(ours)
    for pair_id in differing(base, theirs):
        own, other = ours.get(pair_id, ()), theirs.get(pair_id, ())
        is_ours_untouched = own == base.get(pair_id, ())
        merged = other if is_ours_untouched else decisions.latest((*other, *own)).get(pair_id, ())
        if merged:
            joined[pair_id] = merged
        else:
            joined.pop(pair_id, None)
    return joined


def differing(one: Decisions, other: Decisions) -> Iterable[str]:
    """The pairs on which two sets of decisions are not the same."""
    return [
        pair_id for pair_id in one.keys() | other.keys() if one.get(pair_id, ()) != other.get(pair_id, ())
    ]


def stamp_of(path: Path) -> Stamp:
    """What tells a file from its successor, without reading it."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return NO_FILE
    return status.st_ino, status.st_mtime_ns, status.st_size


def lock() -> AbstractContextManager[object]:
    """Held while the file is read and written, so that two screens on one machine do not cross."""
    if not LOCKS.is_dir():  # no DVC repository: a test, or a file by itself
        return nullcontext()
    from filelock import FileLock

    return FileLock(LOCKS / "review.lock", timeout=10)
