"""`slm-factory eval compare`: two models side by side on the same held-out questions."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slm_factory.cli import completion, repository
from slm_factory.cli.console import console
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _

if TYPE_CHECKING:
    from rich.table import Table

    from slm_factory.core.files import Row
    from slm_factory.metrics.comparison import Comparison

# What is compared, by the title of its table: {slice, category or document: comparison}
Comparisons = dict[str, "dict[str, Comparison]"]
GROUPS = {N_("category"): "category", N_("document"): "doc_id"}
GROUPED_SLICE = "recall"
SHOWN = 10  # lines of a table in the terminal


def eval_compare(
    base: Annotated[
        str,
        typer.Option(
            metavar="A",
            autocompletion=completion.contender,
            help="The model to compare with, as for eval run.",
        ),
    ],
    ft: Annotated[
        str,
        typer.Option(
            metavar="B", autocompletion=completion.contender, help="The model that should be better."
        ),
    ],
    page: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Where the page goes; in data/eval without it."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Compare two models' answers to the same held-out questions.

    By slice, category and document: means, the paired gain with its 95% interval, wins, losses and ties with
    the p of a sign test. A page shows each question with both answers. base, tuned and champion come from the
    last evaluate; any other model is asked by eval run first.

    Example: slm-factory eval compare --base base --ft tuned
    """
    repository.require_root()
    from slm_factory.cli.compare_page import render
    from slm_factory.cli.eval_run import FOLDER, answers_of
    from slm_factory.core import files

    before, after = read(base), read(ft)
    compared = comparisons(before, after)
    if not compared:
        raise UserError(
            f"error: {base} and {ft} answered no question in common",
            f"hint: {repository.program()} eval run --model {ft}",
        )
    place = page or FOLDER / f"{answers_of(base).stem}-{answers_of(ft).stem}.html"
    with files.replacing(place) as beside:
        beside.write_text(render(base, ft, compared, before, after), encoding="utf-8")
    if as_json:
        print(json.dumps(as_object(base, ft, compared, place), ensure_ascii=False))
        return
    show(base, ft, compared, place)


def read(model: str) -> "list[Row]":
    """The model's answers: of the last evaluate, or of eval run.

    Raises:
        UserError: it was not asked yet.
    """
    from slm_factory.cli.eval_run import answers_of
    from slm_factory.core import files
    from stages.evaluate import ANSWERS

    rows = files.read_rows(ANSWERS) if ANSWERS.is_file() else []
    own = [row for row in rows if row["contender"] == model]
    if own:
        return own
    place = answers_of(model)
    if not place.is_file():
        raise UserError(
            f"error: {model} was not asked the held-out questions yet",
            f"hint: {repository.program()} eval run --model {model}",
        )
    return files.read_rows(place)


def comparisons(before: "list[Row]", after: "list[Row]") -> Comparisons:
    """Every slice by the metric that judges it, and recall by category and document."""
    from slm_factory.core import params
    from slm_factory.core.progress import track
    from slm_factory.metrics.comparison import compare, values
    from slm_factory.metrics.slices import SLICES
    from stages.evaluate import Params

    settings = params.load("evaluate", Params)
    wanted = [(N_("slice"), name, name, "slice") for name in SLICES]
    for title, column in GROUPS.items():
        names = {row[column] for row in before if row["slice"] == GROUPED_SLICE}
        wanted += [(title, name, GROUPED_SLICE, column) for name in sorted(names)]
    found: Comparisons = {}
    for title, name, slice_name, column in track(wanted, _("comparing")):
        metric, is_higher_better = SLICES[slice_name]
        one, two = (
            values([row for row in rows if row["slice"] == slice_name and row[column] == name], metric)
            for rows in (before, after)
        )
        result = compare(
            one, two, is_higher_better=is_higher_better, resamples=settings.resamples, seed=settings.seed
        )
        if result is not None:
            found.setdefault(title, {})[name] = result
    return found


def as_object(base: str, ft: str, compared: Comparisons, place: Path) -> dict[str, Any]:
    """The comparisons as JSON."""
    tables = {
        title: {name: comparison.as_json() for name, comparison in group.items()}
        for title, group in compared.items()
    }
    return {"base": base, "ft": ft, "page": str(place), **tables}


def show(base: str, ft: str, compared: Comparisons, place: Path) -> None:
    """Prints the slices, and the categories and documents that gained least; the page has all."""

    from slm_factory.cli.compare_page import by_gain

    screen = console(soft_wrap=True)
    for title, group in compared.items():
        least = by_gain(group) if title in GROUPS else list(group)
        screen.print(table(title, base, ft, {name: group[name] for name in least[:SHOWN]}))
        if len(least) > SHOWN:
            told = _("the {count} that gained least, of {all}")
            screen.print(told.format(count=SHOWN, all=len(least)))
        screen.print()
    print(_("Everything, with each answer: {file}").format(file=place))


def table(title: str, base: str, ft: str, group: "dict[str, Comparison]") -> "Table":
    """One line per name."""
    from rich.table import Table
    from rich.text import Text

    from slm_factory.cli.compare_page import bounds, shown, significance

    lines = Table(box=None, pad_edge=False)
    lines.add_column(_(title), min_width=16, overflow="fold")
    gained = _("gain")
    for heading in ("n", base, ft, gained, _("won/lost/tied"), "p"):
        lines.add_column(Text(heading, overflow="fold"), justify="right", no_wrap=heading == gained)
    for name, found in group.items():
        gain = f"{found.gain.mean:+.2f} {bounds(found)}"
        style = {"good": "green", "bad": "red"}.get(significance(found), "")
        counts = f"{found.wins}/{found.losses}/{found.ties}"
        means = (f"{found.base:.2f}", f"{found.ft:.2f}")
        lines.add_row(Text(name), str(found.n), *means, Text(gain, style), counts, shown(found.p))
    return lines
