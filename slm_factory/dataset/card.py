"""The data card: README.md of the data set, as the Hugging Face hub and its `datasets` package read it."""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from slm_factory.core import files, params
from slm_factory.core.files import Row
from slm_factory.core.matching import lot
from slm_factory.dataset.formats import FORMATS

ANALYZE = Path("metrics/analyze.json")
CONVERT = Path("metrics/convert.json")
PARSE = Path("metrics/parse.json")
REVIEW = Path("metrics/review.json")
SCORE = Path("metrics/score.json")

SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"))
LARGEST = "n>1M"
DOCUMENTS = 50  # that are named, those with the most rows
KINDS = {
    "pair": "a question about one fact of a document, and its answer",
    "paraphrase": "a pair in other words, made after the split, from training pairs only",
    "statement": "a fact as it is stated, asked for by document and section",
    "dialogue": "a conversation of several turns about one document",
    "abstain": "a question that the documents do not answer; the answer is a refusal",
    "replay": "general chat, against forgetting; from no document",
    "recall": "a fact that is in the training split, in a wording that is not",
    "unseen": "a fact that is not in the training split at all",
    "general": "general chat that is not in the training split",
}


def card(splits: dict[str, list[Row]], configs: dict[str, dict[str, str]], licence: str) -> str:
    """README.md for the data set; `configs` are the files of each format, by split.

    Raises:
        UserError: the metrics of a stage before are missing.
    """
    rows = [row for split in splits.values() for row in split]
    documents = {row["document"] for row in rows if row["document"]}
    return f"""---
{front_matter(rows, configs, licence)}---

# Questions and answers from {len(documents):,} documents

{len(rows):,} conversations in {" and ".join(languages(rows))}, made by slm-factory to tune a small language
model on a set of documents. The text of the documents is in no prompt: the model is to know the answer.

```python
from datasets import load_dataset

rows = load_dataset("PATH_OF_THIS_FOLDER", "{next(iter(configs))}", split="{next(iter(splits))}")
```

## Rows

{rows_by_kind(splits)}

{rows_by("language", splits)}

{rows_by("document", splits)}

{formats(configs)}

## How they were made

{making(rows)}

## Examples

{examples(rows)}

## Limits

{limits()}

## Licence

`{licence}` for this data set. Questions, answers and evidence repeat what the documents say, so what the
documents allow holds for it too.
"""


def formats(configs: dict[str, dict[str, str]]) -> str:
    """Which formats there are, and how to read what only the Parquet files have."""
    names = ", ".join(f"`{name}`" for name in configs)
    told = f"The same rows stand in each format ({names}); `id` ties them together."
    if "parquet" not in configs:
        return told
    file = next(iter(configs["parquet"].values()))
    return f"""{told}
The Parquet files also say where each row comes from (document, fact, quoted evidence, who wrote it):
`pandas.read_parquet("{file}")`."""


def front_matter(rows: list[Row], configs: dict[str, dict[str, str]], licence: str) -> str:
    """The YAML by which the hub finds a data set and `datasets` loads it.

    A data set has one reader for all its configurations: Parquet beside JSON cannot be one of them.
    """
    names = [name for name in configs if name != "parquet"] or list(configs)
    values: dict[str, Any] = {
        "license": licence,
        "language": languages(rows),
        "task_categories": ["question-answering", "text-generation"],
        "size_categories": [next((name for limit, name in SIZES if len(rows) < limit), LARGEST)],
        "tags": ["slm-factory", "synthetic"],
        "configs": [
            {
                "config_name": name,
                **({"default": True} if name == names[0] else {}),
                "data_files": [{"split": split, "path": path} for split, path in configs[name].items()],
            }
            for name in names
        ],
        "dataset_info": [{"config_name": name, "features": FORMATS[name].columns} for name in names],
    }
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def languages(rows: list[Row]) -> list[str]:
    """The languages of the rows, the most frequent first."""
    counts = Counter(row["language"] for row in rows)
    return sorted(counts, key=lambda name: (-counts[name], name))


def table(header: Iterable[str], lines: Iterable[Iterable[str | int]]) -> str:
    """A Markdown table; numbers get separators, bars in names are escaped."""
    cells = [list(header)] + [
        [f"{cell:,}" if isinstance(cell, int) else cell.replace("|", "\\|") for cell in line]
        for line in lines
    ]
    rule = ["---"] * len(cells[0])
    return "\n".join(f"| {' | '.join(line)} |" for line in (cells[0], rule, *cells[1:]))


def rows_by_kind(splits: dict[str, list[Row]]) -> str:
    """A table of rows per kind and split, with what the kind is."""
    counts = {name: Counter(row["kind"] for row in rows) for name, rows in splits.items()}
    kinds = [kind for kind in KINDS if any(count[kind] for count in counts.values())]
    lines: list[list[str | int]] = [
        [kind, *(count[kind] for count in counts.values()), KINDS[kind]] for kind in kinds
    ]
    total: list[str | int] = ["all", *(len(rows) for rows in splits.values()), ""]
    return table(["kind", *splits, "what it is"], [*lines, total])


def rows_by(column: str, splits: dict[str, list[Row]]) -> str:
    """A table of rows per value of `column` and split, most rows first; of many values only the first."""
    counts = {
        name: Counter(row[column] or "none (written by hand)" for row in rows)
        for name, rows in splits.items()
    }
    total = sum(counts.values(), Counter[str]())
    values = sorted(total, key=lambda value: (-total[value], value))
    shown = [[value, *(count[value] for count in counts.values())] for value in values[:DOCUMENTS]]
    if rest := values[DOCUMENTS:]:
        others = [sum(count[value] for value in rest) for count in counts.values()]
        shown.append([f"{len(rest):,} others", *others])
    return table([column, *splits], shown)


def making(rows: list[Row]) -> str:
    """Who wrote the rows, how many pairs each check left, what it rejected, and what people decided."""
    analyzed, review = files.read_json(ANALYZE), files.read_json(REVIEW)
    marker, leaks = files.read_json(SCORE)["scorer"], files.read_json(CONVERT)["decontaminated"]
    teachers = Counter(row["teacher"] for row in rows if row["teacher"])
    written = ", ".join(f"`{name}` ({count:,} rows)" for name, count in sorted(teachers.items()))
    left = table(["step", "left"], ([name.replace("_", " "), n] for name, n in analyzed["funnel"].items()))
    lost = table(["reason", "lost"], analyzed["lost"].items())
    decided = ", ".join(f"{review[name]:,} {name}" for name in ("approved", "edited", "rejected"))
    return f"""A teacher read each chunk of the documents, quoted facts from it, and worded questions and
answers for each fact: {written or "none"}. Marks from 1 to 5 for faithfulness, completeness and usefulness
were given by {f"`{marker}`" if marker else "nobody"}. (`builtin` is a set of rules, no language model.)

Rules then checked that the evidence stands in the document, and that the numbers, units, dates, amounts and
names of an answer follow from it. The splits share no wording, and no fact of kind `unseen` is trained.

{left}

{lost if analyzed["lost"] else "Nothing was lost."}

Decisions of people: {decided}; on {review["undecided"]:,} pairs nobody decided.
Training rows left out because they ask a held-out question, or nearly: {leaks:,}."""


def examples(rows: list[Row]) -> str:
    """One row of each kind, drawn by id."""
    drawn: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: lot("example", row["id"])):
        drawn.setdefault(row["kind"], row)
    return "\n\n".join(
        "\n".join([f"{kind} (`{drawn[kind]['id']}`)", "", *map(said, drawn[kind]["messages"][1:])])
        for kind in KINDS
        if kind in drawn
    )


def said(message: dict[str, str]) -> str:
    """One message as a Markdown quotation."""
    return f"> **{message['role']}**: " + message["content"].replace("\n", "\n> ") + "  "


def limits() -> str:
    """What the data cannot be trusted for, and the personal data that the documents hold."""
    found, redact = files.read_json(PARSE)["personal_data"], params.read()["parse"]["redact"]
    personal = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in sorted(found.items()))
    if redact == "off":
        told = "Nobody looked for personal data in the documents."
    elif not personal:
        told = "No personal data was found in the documents; the search knows patterns, not people."
    else:
        kept = "masked before anything was made from it" if redact == "mask" else "not masked"
        told = f"Personal data was found in the documents and {kept}: {personal}."
    return f"""- The facts are those of the documents as they were read; these can be wrong, or out of date.
- Checks by rule miss wrong answers that keep to the words and numbers of their evidence.
- The wordings are a teacher's, more regular than people's questions.
- Kind `unseen` has the true answers, which a model tuned on the training split cannot know: it should refuse.
- {told}"""
