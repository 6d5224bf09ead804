"""`slm-factory trace`: one pair's life, from the page it comes from to what the models answer."""

from pathlib import Path
from typing import Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.cli.console import console
from slm_factory.core.errors import UserError
from slm_factory.language import N_, _

Row = dict[str, Any]
Section = tuple[str, list[tuple[str, str]]]  # title, (name, value) lines
# Tables of pairs, latest first: each holds the columns of the next one here and more, if not all of its rows.
TABLES = ("augment", "split", "review", "score", "validate", "generate")


def trace(
    pair_id: Annotated[str, typer.Argument(help="A pair_id of data/*.parquet, or its first characters.")],
) -> None:
    """Show one pair's life, from page to prediction.

    Document, page, chunk, evidence, teacher, checks, split, training row and the answers of base and tuned.
    """
    repository.require_root()
    from rich.cells import set_cell_size
    from rich.text import Text

    screen = console(soft_wrap=True)
    for title, lines in life(find(pair_id)):
        screen.print(Text(title, "bold"))
        for name, value in lines:
            screen.print(Text(f"  {set_cell_size(name, 12)} {value}"))


def find(prefix: str) -> Row:
    """The row of the one pair whose id begins with `prefix`, from the latest table that holds it.

    Raises:
        UserError: no pair begins so, several do, or no table exists yet.
    """
    found: dict[str, Row] = {}
    tables = [Path("data") / f"{name}.parquet" for name in TABLES]
    for table in tables:
        found = {row["pair_id"]: row for row in matching(table, "pair_id", prefix)} | found
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        some = ", ".join(sorted(found)[:3])
        raise UserError(
            f"error: {len(found)} pairs begin with '{prefix}'", f"hint: add characters, e.g. {some}"
        )
    if not any(table.is_file() for table in tables):
        raise UserError("error: there are no pairs yet", f"hint: {repository.program()} run --until generate")
    raise UserError(
        f"error: no pair begins with '{prefix}'",
        "hint: ids are in the column pair_id of data/generate.parquet",
    )


def matching(table: Path, column: str, prefix: str) -> list[Row]:
    """The rows of a Parquet table whose `column` begins with `prefix`; none when the table is missing."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    if not table.is_file():
        return []
    rows = pq.read_table(table)
    return rows.filter(pc.starts_with(rows[column], prefix)).to_pylist()


def life(pair: Row) -> list[Section]:
    """What is known of a pair, in the order in which it came to be."""
    sections = [source(pair), chunk(pair), wording(pair)]
    sections += [section for section in (checks(pair), training(pair)) if section[1]]
    answers = matching(Path("data/evaluate.parquet"), "pair_id", pair["pair_id"])
    for row in sorted(answers, key=lambda row: (row["slice"], row["contender"])):
        figures = ", ".join(
            f"{name} {row[name]:.2f}" for name in ("key_facts", "rouge_l", "chrf") if row[name] is not None
        )
        sections.append(
            (
                _("answer of {model} ({slice})").format(model=row["contender"], slice=row["slice"]),
                [(_("answer"), row["answer"]), (_("metrics"), figures)],
            )
        )
    return sections


def source(pair: Row) -> Section:
    """Document and page."""
    documents = matching(Path("data/parse.parquet"), "doc_id", pair["doc_id"])
    chunks = matching(Path("data/chunk.parquet"), "chunk_id", pair["chunk_id"])
    lines = [(_("document"), f"data/documents/{pair['doc_id']}")]
    if documents:
        lines.append((_("title"), documents[0]["title"]))
    if chunks and chunks[0]["first_page"]:
        first, last = chunks[0]["first_page"], chunks[0]["last_page"]
        lines.append((_("page"), str(first) if first == last else f"{first}-{last}"))
    return _("document"), lines


def chunk(pair: Row) -> Section:
    """The chunk and, in it, the evidence."""
    chunks = matching(Path("data/chunk.parquet"), "chunk_id", pair["chunk_id"])
    lines = [("chunk_id", pair["chunk_id"])]
    if chunks:
        lines += [
            (_("headings"), " > ".join(chunks[0]["headings"])),
            (_("characters"), _("{start}-{end} of the document's Markdown").format(**chunks[0])),
        ]
    return _("chunk"), [*lines, (_("evidence"), pair["evidence"])]


def wording(pair: Row) -> Section:
    """Question and answer as the teacher wrote them, or as a person edited them."""
    told = (N_("kind"), N_("question"), N_("answer"), N_("statement"), N_("teacher"), N_("request"))
    lines = [(_(name), str(pair[name])) for name in ("pair_id", "fact_id", *told)]
    return _("pair"), lines + ([(_("paraphrase of"), pair["origin"])] if pair.get("origin") else [])


def checks(pair: Row) -> Section:
    """Validation, score, review and split, as far as the pair came."""
    lines = []
    if pair.get("is_kept") is not None:
        reasons = ", ".join(pair["reasons"])
        state = _("kept") if pair["is_kept"] else _("rejected: {reasons}").format(reasons=reasons)
        lines.append((_("validation"), state))
    if pair.get("score") is not None:
        names = (N_("faithfulness"), N_("completeness"), N_("usefulness"))
        marks = ", ".join(f"{_(name)} {pair[name]}" for name in names)
        told = _("{marks} of 5: {reason}").format(marks=marks, reason=pair["score_reason"])
        lines.append((_("score"), told))
    if pair.get("decision"):
        told = _("{decision} by {reviewer}") if pair["reviewer"] else "{decision}"
        lines.append((_("review"), told.format(**pair)))
    if pair.get("split"):
        lines.append((_("split"), pair["split"]))
    return _("checks"), lines


def training(pair: Row) -> Section:
    """The pair's lines in data/convert.jsonl."""
    from slm_factory.core import files

    table = Path("data/convert.jsonl")
    rows = files.read_json_lines(table) if table.is_file() else []
    numbered = [
        (number, row) for number, row in enumerate(rows, start=1) if row.get("pair_id") == pair["pair_id"]
    ]
    told = _("{kind} row of {file}")
    return _("training"), [
        (_("line {number}").format(number=number), told.format(kind=row.get("kind", ""), file=table))
        for number, row in numbered
    ]
