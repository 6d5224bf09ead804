"""`slm-factory tool review`: the screen on which people judge pairs, and what they decided so far."""

import gc
import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slm_factory.cli import completion, repository
from slm_factory.cli.speech import speak
from slm_factory.core.errors import UserError, missing_extra
from slm_factory.language import _

if TYPE_CHECKING:
    from slm_factory.review.feedback import Feedback
    from slm_factory.review.journal import Journal
    from slm_factory.review.pairs import Filter, Pairs
    from slm_factory.review.sampling import Sample

PAIRS = Path("data/score.parquet")
CHUNKS = Path("data/chunk.parquet")
PER_DOCUMENT = 5  # pairs that a sample offers to draw
FRAMES_PER_SECOND = "120"  # an answer that takes several frames waits for each: 60 cost 15 to 30 ms a key
RARELY = 1000  # by default 10: a full run of Python's collector takes 0.1 s, in which a key waits
Row = dict[str, Any]


def review(
    reviewer: Annotated[
        str | None, typer.Option(help="Your name in data/review.jsonl; by default git's user.name.")
    ] = None,
    state: Annotated[
        str | None,
        typer.Option(
            help="Begin with undecided, approved, edited, rejected, contested, stale, followed or feedback."
        ),
    ] = None,
    document: Annotated[
        str | None,
        typer.Option(autocompletion=completion.document, help="Begin with the pairs of this document."),
    ] = None,
    sample: Annotated[
        int,
        typer.Option(
            min=0, help="Begin with so many pairs of each document that the checks kept, drawn by lot."
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of that sample: the same seed draws the same pairs.")] = 0,
    lang: Annotated[str | None, typer.Option(help="ko or en; by default that of the locale.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print counts, and with --sample the estimate, as one JSON object.")
    ] = False,
) -> None:
    """Judge the pairs beside their source: approve, reject, edit.

    Decisions are saved as they are made, one line each in data/review.jsonl; commit the file, and
    `slm-factory run` applies it. Reviewers can work on branches: git joins their lines, and the screen shows
    where they disagree. What users of `serve` asked and thought of its answers comes after
    the pairs; approved or edited, it is learnt too.

    Examples: slm-factory tool review; slm-factory tool review --state undecided --lang ko;
    slm-factory tool review --state feedback;
    slm-factory tool review --sample 5; slm-factory tool review --sample 5 --json
    """
    repository.require_root()
    speak(lang)
    if not as_json and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UserError(
            "error: the review screen needs a terminal", f"hint: {repository.program()} tool review --json"
        )
    from slm_factory.review import feedback
    from slm_factory.review.decisions import DECISIONS
    from slm_factory.review.journal import Journal
    from slm_factory.review.pairs import Pairs

    journal, thumbs = Journal(DECISIONS), feedback.read()
    chunks = feedback.read_chunks(CHUNKS, feedback.chunk_ids(thumbs, journal.decisions))
    pairs = Pairs.read(PAIRS, feedback.pairs(thumbs, journal.decisions, chunks))
    pairs.decide(journal.decisions)
    chosen, drawn = start(pairs, state, document, sample, seed)
    if as_json:
        print(json.dumps(told(pairs, drawn)))
    else:
        show(
            *(pairs, journal, reviewer or git_name(), chosen, drawn),
            thumbs=thumbs,
            lots=(sample or PER_DOCUMENT, seed),
        )


def start(
    pairs: "Pairs", state: str | None, document: str | None, sample: int, seed: int
) -> "tuple[Filter, Sample | None]":
    """The filter to begin with, and the sample where one is asked for.

    Raises:
        UserError: no pair is of this document, or there is no such state.
    """
    from slm_factory.review import sampling
    from slm_factory.review.pairs import MARKS, STATES, Filter

    if state is not None and state not in (*STATES, *MARKS):
        raise UserError(
            f"error: there is no state '{state}'", f"hint: states are {', '.join((*STATES, *MARKS))}"
        )
    facets = {name: value for name, value in (("state", state), ("document", document)) if value}
    if sample:
        facets["checks"] = "kept"
    numbers = pairs.select(Filter(facets))
    if document and not len(pairs.select(Filter({"document": document}))):
        raise UserError(
            f"error: no pair is of the document '{document}'",
            f"hint: a path below data/documents, e.g. {pairs.value('doc_id', 0) if len(pairs) else 'a.pdf'}",
        )
    return Filter(facets), sampling.of_pairs(pairs, numbers, sample, seed) if sample else None


def told(pairs: "Pairs", drawn: "Sample | None") -> dict[str, Any]:
    """How many pairs are in each state; with a sample, the share of wrong pairs with its 95% interval."""
    from dataclasses import asdict

    from slm_factory.review import sampling

    counts: dict[str, Any] = {"pairs": len(pairs), **pairs.counts()}
    if drawn:
        found = sampling.error_rate(pairs, drawn)
        counts["sample"] = {"drawn": len(drawn.numbers), "looked_at": 0} | (asdict(found) if found else {})
    return counts


def show(
    pairs: "Pairs",
    journal: "Journal",
    reviewer: str,
    chosen: "Filter",
    drawn: "Sample | None",
    *,
    thumbs: "list[Feedback]",
    lots: tuple[int, int],
) -> None:
    """Opens the screen and returns when it is left.

    Raises:
        UserError: the extra `tui` is not installed.
    """
    os.environ.setdefault("TEXTUAL_FPS", FRAMES_PER_SECOND)  # read when textual is imported
    try:
        from slm_factory.review.app import ReviewApp
    except ModuleNotFoundError as error:
        raise missing_extra("textual", "tui") from error
    app = ReviewApp(
        pairs,
        journal,
        reviewer,
        Checks().problems,
        is_light=is_light(os.environ),
        chosen=chosen,
        sample=drawn,
        thumbs=thumbs,
        lots=lots,
    )
    gc.set_threshold(*gc.get_threshold()[:2], RARELY)
    app.run()
    told = _("{file}: {count:,} decisions; {program} run applies them")
    print(told.format(file=journal.path, count=len(journal.decisions), program=repository.program()))


class Checks:
    """What validate says against new words of a pair; read when the first pair is edited."""

    def __init__(self) -> None:
        self.load: Callable[[], Any] = cache(self.read)

    def read(self) -> Any:
        """The function that checks a pair beside the chunks, by the settings of params.yaml."""
        from slm_factory.core import files, params
        from slm_factory.student.settings import StudentSettings
        from stages import validate

        chunks = files.read_rows(validate.CHUNKS)
        documents: dict[str, str] = {}
        for chunk in chunks:
            documents[chunk["doc_id"]] = documents.get(chunk["doc_id"], "") + chunk["text"] + "\n\n"
        titles = {
            row["doc_id"]: row["title"] for row in files.read_rows(validate.DOCUMENTS, ("doc_id", "title"))
        }
        sources = validate.Sources({chunk["chunk_id"]: chunk for chunk in chunks}, titles, documents)
        student = params.load("student", StudentSettings)
        return partial(
            validate.problems,
            sources=sources,
            settings=params.load("validate", validate.Params),
            refusals=(student.refusal_ko, student.refusal_en),
        )

    def problems(self, pair: Row, question: str, answer: str) -> list[str]:
        """What is wrong with the pair in these words, or why that cannot be told."""
        try:
            found: list[str] = self.load()(pair | {"question": question, "answer": answer})
        except UserError as error:
            return [error.problem]
        except KeyError:  # its chunk or document is gone
            return [_("its source is gone, so it cannot be checked")]
        return found


def git_name() -> str:
    """git's user.name, or the name of the user of this machine."""
    try:
        asked = subprocess.run(["git", "config", "user.name"], capture_output=True, text=True)
    except FileNotFoundError:  # no git on this machine
        return getpass.getuser()
    return asked.stdout.strip() or getpass.getuser()


def is_light(environment: Mapping[str, str]) -> bool:
    """Whether the terminal says that its background is light (COLORFGBG of rxvt, Konsole and others)."""
    background = environment.get("COLORFGBG", "").rpartition(";")[2]
    return background in ("7", "15")
