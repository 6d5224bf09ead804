"""`slm-factory tool compare-data`: what changed between two versions of the data."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import console
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _

if TYPE_CHECKING:
    from rich.table import Table

    from slm_factory.report.comparison import DataSet

WORKSPACE = "workspace"
DATA = Path("data")
DOCUMENTS = "parse.parquet"
SPLITS = "split.parquet"
# Tables of all pairs, latest first; the first that exists tells which are rejected, and why.
CHECKED = ("review.parquet", "score.parquet", "validate.parquet", "generate.parquet")
COLUMNS = (
    *("pair_id", "fact_id", "doc_id", "kind", "language", "audience", "question", "answer"),
    *("is_kept", "reasons", "split"),
)
SHOWN = 10  # documents, values of one column
PAGE_ROWS = 200  # the same on a page
# What tables say of columns, and of the parts of a pair.
DOCUMENT = N_("document")
COUNTED = (N_("split"), N_("kind"), N_("language"), N_("audience"), N_("question"), N_("answer"))

Row = dict[str, Any]
Fetch = Callable[[str], Path | None]  # a table's name -> its file, None where that version has none


def compare_data(
    a: Annotated[
        str, typer.Argument(help="A git revision, a folder of tables, a Parquet table, or workspace.")
    ],
    b: Annotated[str, typer.Argument(help="What to compare it with.")] = WORKSPACE,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page for a browser, too.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Compare two versions of the data.

    Documents, facts and pairs that came, went or changed, counts per split, kind and document, lengths,
    reasons of rejection, and test questions of one that the other trains on. Tables of git revisions come
    from DVC's cache or remote.

    Examples: slm-factory tool compare-data HEAD~1; slm-factory tool compare-data v1.0 v1.1 --json
    """
    from slm_factory.report.comparison import compare

    found = compare(read(a), read(b))
    if page:
        from slm_factory.core import files

        with files.replacing(page) as beside:
            beside.write_text(as_page(found), encoding="utf-8")
    if as_json:
        print(json.dumps(found, ensure_ascii=False, indent=2))
        return
    show(found)
    if page:
        print(f"As a page: {page}")


def read(name: str) -> "DataSet":
    """The data set that the user means by `name`.

    Raises:
        UserError: there is no such folder, table or revision, or its tables cannot be fetched.
    """
    place = DATA if name == WORKSPACE else Path(name)
    if place.is_file():
        return data_set(name, lambda table: place if table == SPLITS else None)
    if place.is_dir() or name == WORKSPACE:
        folder = place / DATA if (place / DATA).is_dir() else place
        return data_set(name, lambda table: folder / table if (folder / table).is_file() else None)
    with tempfile.TemporaryDirectory() as folder_name:
        return data_set(name, fetcher(name, Path(folder_name)))


def fetcher(revision: str, folder: Path) -> Fetch:
    """What brings tables of a git revision to `folder`.

    Raises:
        UserError: see `read`.
    """
    from dvc.api import DVCFileSystem
    from dvc.exceptions import DvcException
    from dvc.scm import SCMError

    repository.require_root()
    try:
        tracked = DVCFileSystem(rev=revision)
        tracked.isdir("/")  # opens the revision
    except (SCMError, DvcException) as error:
        raise UserError(
            f"error: '{revision}' is no folder, no table and no git revision here",
            "hint: git log --oneline and git tag show revisions; workspace is the present data",
        ) from error

    def fetch(table: str) -> Path | None:
        place = (DATA / table).as_posix()
        if not tracked.exists(place):
            return None
        try:
            tracked.get_file(place, str(folder / table))
        except (OSError, DvcException) as error:
            raise UserError(
                f"error: {place} of {revision} is neither in DVC's cache nor in a remote",
                f"hint: git checkout {revision} && dvc fetch {place}, or dvc repro there makes it anew",
            ) from error
        return folder / table

    return fetch


def data_set(name: str, fetch: Fetch) -> "DataSet":
    """The tables that `fetch` brings, as one data set.

    Raises:
        UserError: there is no table of pairs.
    """
    from slm_factory.report.comparison import DataSet

    tables = [file for table in CHECKED if (file := fetch(table))][:1]
    tables += [file for file in [fetch(SPLITS)] if file]
    if not tables:
        raise UserError(
            f"error: {name} holds no table of pairs (data/{SPLITS})",
            f"hint: {repository.program()} run --until split makes it",
        )
    pairs: dict[str, Row] = {}
    for table in tables:  # the split says more of the pairs that were kept
        pairs |= {row["pair_id"]: row for row in rows_of(table, COLUMNS)}
    known = fetch(DOCUMENTS)
    documents = dict.fromkeys((row["doc_id"] for row in pairs.values()), "")
    if known is not None:
        documents = {row["doc_id"]: row["sha256"] for row in rows_of(known, ("doc_id", "sha256"))}
    return DataSet(name, documents, pairs)


def rows_of(file: Path, columns: tuple[str, ...]) -> list[Row]:
    """The rows of a table, of older versions too: columns that it lacks are left out."""
    from slm_factory.core import files

    with files.open_table(file) as table:
        present = [column for column in columns if column in table.schema_arrow.names]
        return table.read(columns=present).to_pylist()


def show(found: Row) -> None:
    """Prints the comparison as tables."""
    from rich.text import Text

    screen = console()
    tables = [changes_table(found)]
    for column, counts in found["counts"].items():
        name = DOCUMENT if column == "doc_id" else column
        tables.append(counts_table(_("pairs per {name}").format(name=_(name)), counts))
    tables += [lengths_table(found), counts_table(_("rejected because"), found["rejected"])]
    for table in tables:
        if table.row_count:
            screen.print(table)
            screen.print()
    changes = {
        "added": _("documents added: {names}"),
        "removed": _("documents removed: {names}"),
        "changed": _("documents changed: {names}"),
    }
    for kind, told in changes.items():
        names = found["documents"][kind]
        if names:
            listed = ", ".join(names[:SHOWN])
            if len(names) > SHOWN:
                listed = _("{names} and {count} more").format(names=listed, count=len(names) - SHOWN)
            screen.print(Text(told.format(names=listed)))
    for move, count in found["moved_pairs"].items():
        screen.print(Text(_("{count} pairs moved from {move}").format(count=count, move=move)))
    for tested, trained, leak in zip("ab", "ba", found["leaks"].values(), strict=True):
        told = _("{count} test questions of {one} are trained on in {other}")
        said = told.format(count=leak["questions"], one=found[tested], other=found[trained])
        screen.print(Text(said, "yellow" if leak["questions"] else ""))
        for question in leak["examples"]:
            screen.print(Text(f"  {question}"))


def as_page(found: Row) -> str:
    """The comparison as one self-contained HTML page in both languages; every text is escaped."""
    from slm_factory.report import bilingual

    return bilingual.render(
        "compare_data.html", "en", found=found, most_changed=most_changed, max_rows=PAGE_ROWS
    )


def most_changed(counts: Row) -> list[tuple[str, Row]]:
    """The values whose counts differ most first."""
    return sorted(counts.items(), key=lambda item: -abs(item[1]["b"] - item[1]["a"]))


def changes_table(found: Row) -> "Table":
    """Documents, facts and pairs: how many, and how many came, went and changed."""
    from rich.table import Table
    from rich.text import Text

    table = Table("", box=None, pad_edge=False)
    for title in (found["a"], found["b"], _("added"), _("removed"), _("changed")):
        table.add_column(Text(title), justify="right")
    for name in (N_("documents"), N_("facts"), N_("pairs")):
        changes = found[name]
        came = (len(changes[kind]) for kind in ("added", "removed", "changed"))
        table.add_row(_(name), *(f"{count:,}" for count in (changes["a"], changes["b"], *came)))
    return table


def counts_table(title: str, counts: Row) -> "Table":
    """The values whose counts differ most, at most `SHOWN`, the others together."""
    from rich.table import Table
    from rich.text import Text

    table = Table(title, box=None, pad_edge=False)
    for name in ("a", "b", _("change")):
        table.add_column(name, justify="right", min_width=7)
    order = [value for value, _ in most_changed(counts)]
    for value in order[:SHOWN]:
        before, after = counts[value]["a"], counts[value]["b"]
        table.add_row(Text(value or "-"), f"{before:,}", f"{after:,}", f"{after - before:+,}")
    if others := order[SHOWN:]:
        before, after = (sum(counts[value][side] for value in others) for side in "ab")
        table.add_row(
            _("{count} others").format(count=len(others)), f"{before:,}", f"{after:,}", f"{after - before:+,}"
        )
    return table


def lengths_table(found: Row) -> "Table":
    """Shortest, median and longest question and answer of both."""
    from rich.table import Table

    table = Table(_("characters (min, median, max)"), box=None, pad_edge=False)
    for side in "ab":
        table.add_column(side, justify="right", min_width=14)
    for part, sides in found["lengths"].items():
        shown = [f"{sides[side]['min']}, {sides[side]['median']:g}, {sides[side]['max']}" for side in "ab"]
        table.add_row(_(part), *shown)
    return table
