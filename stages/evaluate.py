"""Asks base, tuned and champion the same held-out questions, and measures their answers.

in:  data/split.parquet, data/abstain.jsonl, data/general.jsonl, models/adapter, the student (params: student)
out: data/evaluate.parquet (records.ANSWER), metrics/evaluate.json, metrics/evaluate/slices.csv

The champion is the version at the git tag `gate.champion`, read through DVC. Answers are remembered by
content, so a base or champion that was asked before answers only new questions.
"""

import csv
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import Field

from slm_factory.core import files, params
from slm_factory.core.errors import UserError, run_stage
from slm_factory.core.files import Row
from slm_factory.core.params import Settings
from slm_factory.core.records import ANSWER, identifier
from slm_factory.core.store import Store
from slm_factory.core.text import is_refusal
from slm_factory.metrics.bootstrap import mean_interval
from slm_factory.metrics.scores import scores
from slm_factory.metrics.slices import METRICS, SLICES, GateSettings
from slm_factory.student.chat import question_messages
from slm_factory.student.generate import Student
from slm_factory.student.settings import StudentSettings

PAIRS = Path("data/split.parquet")
ABSTAIN = Path("data/abstain.jsonl")
GENERAL = Path("data/general.jsonl")
ADAPTER = Path("models/adapter")
ANSWERS = Path("data/evaluate.parquet")
MEASURES = Path("metrics/evaluate.json")
PLOT = Path("metrics/evaluate/slices.csv")

LOSS_DIGITS = 4  # of nats per token

log = logging.getLogger(__name__)


class Params(Settings):
    """`evaluate:` in params.yaml."""

    batch_size: int = Field(ge=1)
    max_new_tokens: int = Field(ge=1)
    resamples: int = Field(ge=100)
    seed: int


class Contender(NamedTuple):
    """Who answers: a student, with or without an adapter, asked as it was when it was trained."""

    name: str  # base, tuned, champion
    student: StudentSettings
    adapter: Path | None


def questions(
    pairs: list[Row], abstain: list[Row], general: list[Row], student: StudentSettings
) -> list[Row]:
    """All held-out questions (records.QUESTION), sorted by slice and id.

    Facts that were not trained, unseen or not in the documents, are asked once each: their wordings would be
    refused or guessed together, and the interval would be too narrow.
    """
    refusals = {"ko": student.refusal_ko, "en": student.refusal_en}
    tested = [row for row in pairs if row["split"] == "test"]
    rows = [question("recall", row, row["answer"]) for row in tested if row["kind"] != "abstain"]
    once = {row["fact_id"]: row for row in reversed(pairs) if row["split"] == "unseen"}
    rows += [question("unseen", row, row["answer"]) for row in once.values()]
    once = {row["fact_id"]: row for row in reversed(tested) if row["kind"] == "abstain"}
    rows += [question("abstain", row, refusals[row["language"]]) for row in once.values()]
    rows += [question("abstain", row, refusals[row["language"]]) for row in abstain if row["split"] == "test"]
    rows += [question("general", row, row["answer"]) for row in general if row["split"] == "test"]
    return sorted(rows, key=lambda row: (row["slice"], row["question_id"]))


def question(slice_name: str, row: Row, reference: str) -> Row:
    """One `records.QUESTION` row."""
    return {
        "question_id": identifier(slice_name, row["question"], reference),
        "slice": slice_name,
        "pair_id": row.get("pair_id", ""),
        "doc_id": row.get("doc_id", ""),
        "language": row["language"],
        "question": row["question"],
        "reference": reference,
    }


@contextmanager
def champion_at(tag: str) -> Iterator[Contender | None]:
    """The version at the git tag `tag` as it is served: its adapter, its student, its system prompt.

    None without a tag.

    Raises:
        UserError: git does not know the tag, or DVC has no adapter for it.
    """
    if not tag:
        yield None
        return
    from dvc.api import params_show
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "adapter"
        try:
            Repo.get(".", ADAPTER.as_posix(), out=str(place), rev=tag)
            values = params_show(rev=tag)["student"]
        except (DvcException, SCMError) as error:
            raise UserError(
                f"error: gate.champion: {tag} gives no {ADAPTER}: {str(error).splitlines()[0]}",
                "hint: git tag lists the versions; dvc fetch --all-tags brings their models",
            ) from error
        known = {key: value for key, value in values.items() if key in StudentSettings.model_fields}
        yield Contender("champion", StudentSettings.model_validate(known), place)


def examine(
    contender: Contender, asked: list[Row], settings: Params, refusals: tuple[str, str], store: Store
) -> list[Row]:
    """The contender's answers to all questions, measured (records.ANSWER)."""
    student = Student(
        contender.student.model,
        store,
        adapter=contender.adapter,
        batch_size=settings.batch_size,
        revision=contender.student.revision,
        chat_template=contender.student.chat_template,
        trust_remote_code=contender.student.trust_remote_code,
    )
    conversations = [question_messages(contender.student.system_prompt, row["question"]) for row in asked]
    answers = student.answer(conversations, settings.max_new_tokens)
    referenced = [
        [*messages, {"role": "assistant", "content": row["reference"]}]
        for messages, row in zip(conversations, asked, strict=True)
    ]
    losses = student.answer_loss(referenced)
    scored = scores(
        [row["reference"] for row in asked],
        [row["question"] for row in asked],
        [answer["text"] for answer in answers],
    )
    return [
        {
            **row,
            "contender": contender.name,
            "answer": answer["text"],
            "is_refusal": is_refusal(answer["text"], refusals),
            # A refusal has no facts to find; is_refusal judges it.
            **(measured | {"key_facts": None} if row["slice"] == "abstain" else measured),
            # Its last digits depend on the batch, which depends on what was remembered.
            "answer_loss": round(loss, LOSS_DIGITS),
            "tokens": answer["tokens"],
        }
        for row, answer, loss, measured in zip(asked, answers, losses, scored, strict=True)
    ]


def summary(rows: list[Row], settings: Params) -> dict[str, Any]:
    """Per slice and contender: n, and each metric's mean with its 95% interval.

    `refusal` is the share of refusals: right on abstain and unseen, over-refusal on recall. On abstain,
    `refusal_precision` is the share of the contender's refusals, over abstain and recall, that were in place.
    """
    measured: dict[str, Any] = {}
    for name in SLICES:
        for contender in sorted({row["contender"] for row in rows}):
            own = [row for row in rows if row["slice"] == name and row["contender"] == contender]
            if own:
                measured.setdefault(name, {})[contender] = measures(own, settings)
    for contender, values in measured.get("abstain", {}).items():
        refused = [
            float(row["slice"] == "abstain")
            for row in rows
            if row["contender"] == contender and row["is_refusal"] and row["slice"] in ("abstain", "recall")
        ]
        if refused:
            values["refusal_precision"] = interval(refused, settings)
    return measured


def measures(rows: list[Row], settings: Params) -> dict[str, Any]:
    """n and every metric of one contender on one slice; a metric that applies to no row is left out."""
    result: dict[str, Any] = {"n": len(rows)}
    for metric in METRICS:
        values = [row[metric] for row in rows if row[metric] is not None]
        if values:
            result[metric] = interval(values, settings)
    result["refusal"] = interval([float(row["is_refusal"]) for row in rows], settings)
    return result


def interval(values: list[float], settings: Params) -> dict[str, float]:
    """Mean, low and high of the values."""
    return mean_interval(values, resamples=settings.resamples, seed=settings.seed).rounded()


def write_plot(measured: dict[str, Any]) -> None:
    """slices.csv: the metric that judges each slice, a bar (`name`) per contender, with its interval."""
    with files.replacing(PLOT) as beside, beside.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", "slice", "contender", "metric", "value", "low", "high"])
        for name, contenders in measured.items():
            metric = SLICES[name].metric.removeprefix("is_")
            for contender, values in contenders.items():
                if metric in values:
                    bar, value = f"{name}, {contender}", values[metric]
                    numbers = (value["mean"], value["low"], value["high"])
                    writer.writerow([bar, name, contender, metric, *numbers])


def main() -> None:
    """Reads the questions, asks the contenders, writes answers and measures."""
    settings = params.load("evaluate", Params)
    system = params.load("student", StudentSettings)
    champion = params.load("gate", GateSettings).champion
    asked = questions(
        files.read_rows(PAIRS), files.read_json_lines(ABSTAIN), files.read_json_lines(GENERAL), system
    )
    started = time.monotonic()
    contenders = [
        Contender("base", system, None),
        Contender("tuned", system, ADAPTER),
    ]
    with Store() as store, champion_at(champion) as other:
        contenders += [other] if other else []
        rows = [
            row
            for contender in contenders
            for row in examine(contender, asked, settings, system.refusals, store)
        ]
    files.write_rows(ANSWERS, rows, ANSWER)
    measured = summary(rows, settings)
    files.write_json(MEASURES, measured)
    write_plot(measured)
    log.info(
        "evaluate: %d questions, %d contenders, %.0f s -> %s",
        len(asked),
        len(contenders),
        time.monotonic() - started,
        ANSWERS,
    )


if __name__ == "__main__":
    run_stage(main)
