"""`slm-factory trace`: one pair's life, from the page it comes from to what the models answer."""

from pathlib import Path
from typing import Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.core.errors import UserError

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
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for title, lines in life(find(pair_id)):
        console.print(Text(title, "bold"))
        for name, value in lines:
            console.print(Text(f"  {name:<12} {value}"))


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
                f"answer of {row['contender']} ({row['slice']})",
                [("answer", row["answer"]), ("metrics", figures)],
            )
        )
    return sections


def source(pair: Row) -> Section:
    """Document and page."""
    documents = matching(Path("data/parse.parquet"), "doc_id", pair["doc_id"])
    chunks = matching(Path("data/chunk.parquet"), "chunk_id", pair["chunk_id"])
    lines = [("document", f"data/documents/{pair['doc_id']}")]
    if documents:
        lines.append(("title", documents[0]["title"]))
    if chunks and chunks[0]["first_page"]:
        first, last = chunks[0]["first_page"], chunks[0]["last_page"]
        lines.append(("page", str(first) if first == last else f"{first}-{last}"))
    return "document", lines


def chunk(pair: Row) -> Section:
    """The chunk and, in it, the evidence."""
    chunks = matching(Path("data/chunk.parquet"), "chunk_id", pair["chunk_id"])
    lines = [("chunk_id", pair["chunk_id"])]
    if chunks:
        lines += [
            ("headings", " > ".join(chunks[0]["headings"])),
            ("characters", f"{chunks[0]['start']}-{chunks[0]['end']} of the document's Markdown"),
        ]
    return "chunk", [*lines, ("evidence", pair["evidence"])]


def wording(pair: Row) -> Section:
    """Question and answer as the teacher wrote them, or as a person edited them."""
    names = ("pair_id", "fact_id", "kind", "question", "answer", "statement", "teacher", "request")
    lines = [(name, str(pair[name])) for name in names]
    return "pair", lines + ([("paraphrase of", pair["origin"])] if pair.get("origin") else [])


def checks(pair: Row) -> Section:
    """Validation, score, review and split, as far as the pair came."""
    lines = []
    if pair.get("is_kept") is not None:
        lines.append(("validation", "kept" if pair["is_kept"] else f"rejected: {', '.join(pair['reasons'])}"))
    if pair.get("score") is not None:
        names = ("faithfulness", "completeness", "usefulness")
        marks = ", ".join(f"{name} {pair[name]}" for name in names)
        lines.append(("score", f"{marks} of 5: {pair['score_reason']}"))
    if pair.get("decision"):
        lines.append(("review", pair["decision"] + (f" by {pair['reviewer']}" if pair["reviewer"] else "")))
    if pair.get("split"):
        lines.append(("split", pair["split"]))
    return "checks", lines


def training(pair: Row) -> Section:
    """The pair's lines in data/convert.jsonl."""
    from slm_factory.core import files

    table = Path("data/convert.jsonl")
    rows = files.read_json_lines(table) if table.is_file() else []
    numbered = [
        (number, row) for number, row in enumerate(rows, start=1) if row.get("pair_id") == pair["pair_id"]
    ]
    return "training", [
        (f"line {number}", f"{row.get('kind', '')} row of {table}") for number, row in numbered
    ]
