"""`slm-factory tool refine`: more wordings of exactly those facts that the student still gets wrong."""

import json
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import Annotated, Any

import typer

from slm_factory.cli import repository
from slm_factory.cli.run import run
from slm_factory.core.errors import UserError
from slm_factory.language import _

PAIRS = Path("data/split.parquet")
ANSWERS = Path("data/evaluate.parquet")
REFINEMENTS = Path("data/refine.jsonl")

Row = dict[str, Any]


def refine(
    below: Annotated[
        float, typer.Option(min=0, max=1, help="Share of key facts under which an answer is wrong.")
    ] = 1.0,
    wordings: Annotated[
        int, typer.Option(min=1, max=20, help="More wordings of each such fact, beside those it has.")
    ] = 4,
    no_run: Annotated[bool, typer.Option("--no-run", help="Only write data/refine.jsonl.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be written.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for a script.")] = False,
) -> None:
    """Ask the teacher for more wordings of the facts that the tuned student still gets wrong.

    Wrong is an answer of the recall slice with less than --below of the reference's numbers, units and names.
    The facts go to data/refine.jsonl, beside those that are there; then the pipeline runs until augment.
    Afterwards `slm-factory run` trains and evaluates again.

    Examples: slm-factory tool refine --dry-run; slm-factory tool refine --below 0.5 --wordings 6
    """
    repository.require_root()
    from slm_factory.core import refinement

    require_augmentation()
    found = wrong_facts(below)
    known = refinement.read(REFINEMENTS)
    merged = known | {fact_id: max(wordings, known.get(fact_id, 0)) for fact_id in found}
    is_changed = merged != known
    if is_changed and not dry_run:
        refinement.write(REFINEMENTS, merged)
    documents = Counter(found.values())
    if as_json:
        counts = {"facts": len(found), "documents": dict(sorted(documents.items()))}
        added = sorted(fact_id for fact_id in merged if merged[fact_id] != known.get(fact_id))
        print(json.dumps({**counts, "changed_facts": added, "into": str(REFINEMENTS)}, ensure_ascii=False))
    else:
        show(documents, is_changed, dry_run)
    if found and not (no_run or dry_run):
        with redirect_stdout(sys.stderr if as_json else sys.stdout):
            run(until="augment")


def require_augmentation() -> None:
    """Returns when augment would read the facts.

    Raises:
        UserError: it is switched off.
    """
    from slm_factory.core import params

    if not params.read().get("augment", {}).get("enabled"):
        raise UserError(
            "error: augment.enabled is false, so no fact gets more wordings",
            "hint: set augment.enabled to true in params.yaml (augment.share may be 0)",
        )


def wrong_facts(below: float) -> dict[str, str]:
    """The doc_id of each fact of which the tuned student's answer in recall misses key facts, by fact_id.

    Answers to facts that are gone since then are skipped, and so are those whose reference has no key facts.

    Raises:
        UserError: there are no answers or no pairs yet.
    """
    from slm_factory.core import files

    columns = ["pair_id", "slice", "contender", "key_facts"]
    wrong = {
        row["pair_id"]
        for row in files.read_rows(ANSWERS, columns)
        if (row["contender"], row["slice"]) == ("tuned", "recall")
        and row["key_facts"] is not None
        and row["key_facts"] < below
    }
    pairs = files.read_rows(PAIRS, ["pair_id", "fact_id", "doc_id"])
    return {pair["fact_id"]: pair["doc_id"] for pair in pairs if pair["pair_id"] in wrong}


def show(documents: Counter[str], is_changed: bool, dry_run: bool) -> None:
    """Prints how many facts of which documents the student gets wrong, most first, and what was done."""
    if not documents:
        print(_("The student misses no key fact of the recall slice: nothing to refine."))
        return
    told = _("{facts:,} facts of {documents:,} documents are still answered wrongly:")
    print(told.format(facts=documents.total(), documents=len(documents)))
    for doc_id, count in sorted(documents.items(), key=lambda item: (-item[1], item[0])):
        print(f"  {count:>5,}  {doc_id}")
    if dry_run:
        done = _("{file} would change.") if is_changed else _("{file} would stay as it is.")
    else:
        named = _("{file} names them already; --wordings asks for more.")
        done = _("{file} written.") if is_changed else named
    print(done.format(file=REFINEMENTS))
