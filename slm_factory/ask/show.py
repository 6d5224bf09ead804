"""How answers are shown: as they come, side by side or one under the other, with what each took."""

import json
import math
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from slm_factory.ask.model import Answer
from slm_factory.core.errors import UserError
from slm_factory.language import _
from slm_factory.review.visible import visible

if TYPE_CHECKING:
    from rich.console import RenderableType

COLUMN = 36  # cells that a column needs to be read; narrower ones stand one under the other


class Shown:
    """Writes answers to stdout, everything about them to stderr; a single one as it comes on a terminal."""

    def __init__(self) -> None:
        from rich.console import Console

        self.out = Console(highlight=False)
        self.notes = Console(highlight=False, stderr=True, soft_wrap=True)

    def note(self, text: str) -> None:
        """Writes a line about the conversation."""
        self.notes.print(text, style="dim", markup=False)

    def commands(self, commands: dict[str, str]) -> None:
        """Writes what one can type instead of a question."""
        for name, text in commands.items():
            self.note(f"{name:<8}{_(text)}")

    def loading(self) -> AbstractContextManager[object]:
        """Tells, where somebody looks, that a model is being loaded."""
        return self.notes.status(_("Loading ..."))

    @contextmanager
    def streaming(self, models: int) -> Iterator[Callable[[str], object]]:
        """A function that takes the pieces of answers; those of a single model it writes, on a terminal."""
        if models == 1 and self.out.is_terminal:
            yield self.piece
        else:
            with self.notes.status(_("Answering ...")):
                yield lambda piece: None

    def piece(self, text: str) -> None:
        """Writes a piece of an answer."""
        sys.stdout.write(visible(text))
        sys.stdout.flush()

    def answers(self, answers: Sequence[Answer], *, is_streamed: bool = False) -> None:
        """Writes the models' answers to one question; of a streamed one only what it took."""
        if len(answers) > 1:
            self.out.print(beside(answers, self.out.width))
            return
        [answer] = answers
        text = "" if is_streamed and self.out.is_terminal else visible(answer.text)
        self.out.print(text, markup=False, soft_wrap=True)
        self.note(f"{answer.model}: {', '.join(cost(answer))}")

    def row(self, question: str, answers: Sequence[Answer], *, as_json: bool) -> None:
        """Writes a question and its answers, for people or as one line of JSON."""
        if as_json:
            self.line({"question": question, "answers": [answer.as_json() for answer in answers]})
            return
        self.out.print(visible(question), style="bold", markup=False, soft_wrap=True)
        self.answers(answers)

    def refused(self, question: str, error: UserError, *, as_json: bool) -> None:
        """Writes why a question has no answer."""
        problem = error.problem.removeprefix("error: ")
        if as_json:
            self.line({"question": question, "error": problem})
        else:
            self.out.print(visible(question), style="bold", markup=False, soft_wrap=True)
            self.note(problem)

    def line(self, row: dict[str, object]) -> None:
        """Writes one line of JSON."""
        print(json.dumps(row, ensure_ascii=False), flush=True)

    @contextmanager
    def counting(self, questions: int) -> Iterator[Callable[[Sequence[Answer]], None]]:
        """A function that takes each question's answers and moves a bar, silent where nobody looks.

        The bar stands below the answers where both go to the terminal.
        """
        from rich.progress import MofNCompleteColumn, Progress

        console = self.out if self.out.is_terminal else self.notes
        columns = (*Progress.get_default_columns(), MofNCompleteColumn())
        told = _("{rate:,.0f} tokens per second")
        taken: list[Answer] = []
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task(told.format(rate=0), total=questions)

            def take(answers: Sequence[Answer]) -> None:
                taken.extend(answers)
                bar.update(task, advance=1, description=told.format(rate=rate(taken)))

            yield take


def beside(answers: Sequence[Answer], width: int) -> "RenderableType":
    """The answers as columns, or one under the other where `width` cells are too few."""
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    titles = [Text(answer.model, "bold") for answer in answers]
    texts = [Text(visible(answer.text)) for answer in answers]
    is_narrow = width // len(answers) < COLUMN
    costs = [Text((", " if is_narrow else "\n").join(cost(answer)), "dim") for answer in answers]
    if is_narrow:
        blocks = zip(titles, texts, costs, strict=True)
        return Group(*(Text("\n").join(block) for block in blocks))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), width=width)
    for title in titles:
        table.add_column(title, ratio=1, overflow="fold")
    table.add_row(*texts)
    table.add_row(*costs)
    return table


def cost(answer: Answer) -> list[str]:
    """What an answer took, a phrase each."""
    phrases = [
        _("{tokens} tokens in {seconds:.2f} s").format(tokens=answer.tokens, seconds=answer.seconds),
        _("first after {seconds:.2f} s").format(seconds=answer.first_seconds),
        _("{rate:,.0f} tokens per second").format(rate=answer.tokens_per_second),
        _("{memory:,.0f} MB of memory").format(memory=answer.memory / 1e6),
    ]
    return phrases if answer.ended == "stop" else [*phrases, _("cut by --max-tokens or the context")]


def total(answers: Sequence[Answer]) -> str:
    """What all answers of one model took, in one line: percentiles, and tokens over all that time."""
    seconds = [answer.seconds for answer in answers]
    firsts = [answer.first_seconds for answer in answers]
    return _(
        "{model}: {count} answers, median {median:.2f} s, 95% within {slow:.2f} s; "
        "first token {first:.2f} s, 95% within {slow_first:.2f} s; "
        "{tokens:,} tokens, {rate:,.0f} per second; {memory:,.0f} MB of memory"
    ).format(
        model=answers[0].model,
        count=len(answers),
        median=statistics.median(seconds),
        slow=percentile(seconds, 0.95),
        first=statistics.median(firsts),
        slow_first=percentile(firsts, 0.95),
        tokens=sum(answer.tokens for answer in answers),
        rate=rate(answers),
        memory=max(answer.memory for answer in answers) / 1e6,
    )


def rate(answers: Sequence[Answer]) -> float:
    """Tokens per second over all the time that answers took."""
    seconds = sum(answer.seconds for answer in answers)
    return sum(answer.tokens for answer in answers) / seconds if seconds else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that `share` of all values do not pass (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]
