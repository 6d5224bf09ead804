"""The rows of the data set: what the student learns from and is tested on, each with where it comes from."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from slm_factory.core import files, params
from slm_factory.core.errors import UserError
from slm_factory.core.files import Row
from slm_factory.student.settings import StudentSettings

CHAT = Path("data/convert.jsonl")
PAIRS = Path("data/split.parquet")
PARAPHRASES = Path("data/augment.parquet")
DIALOGUES = Path("data/dialogue.parquet")
ABSTAIN = Path("data/abstain.jsonl")
GENERAL = Path("data/general.jsonl")

SPLITS = ("train", "valid", "test")
HELD_OUT = {"test": "recall", "unseen": "unseen"}  # kind of the rows in the test split, by split of the pair
MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
ROW = pa.schema(
    [
        ("id", pa.string()),
        # pair, paraphrase, dialogue, abstain, replay; in the test split recall, unseen, abstain, general
        ("kind", pa.string()),
        (
            "fact_kind",
            pa.string(),
        ),  # fact, definition, procedure, ...; "" for dialogues and hand-written rows
        ("language", pa.string()),  # ko or en
        ("document", pa.string()),  # doc_id; "" for hand-written rows
        ("fact_id", pa.string()),  # one for all wordings of a fact
        ("category", pa.string()),
        ("audience", pa.string()),  # expert or plain
        ("evidence", pa.string()),  # quoted from the document; not part of the conversation
        ("teacher", pa.string()),  # who wrote it; "" for hand-written rows
        ("messages", MESSAGES),  # system, user, assistant, user, assistant, ...
    ]
)
COLUMNS = ("pair_id", "fact_id", "doc_id", "kind", "category", "audience", "language", "evidence", "teacher")


def read() -> dict[str, list[Row]]:
    """The rows (`ROW`) of each split: training lines in the order of convert, then the held-out questions.

    Raises:
        UserError: a table is missing, or the chat lines were made from other tables than are here.
    """
    pairs = files.read_rows(PAIRS, (*COLUMNS, "question", "answer", "split"))
    hand_written = files.read_json_lines(ABSTAIN) + files.read_json_lines(GENERAL)
    origins = {row["id"]: row for row in hand_written}
    for row in (*pairs, *files.read_rows(PARAPHRASES, COLUMNS)):
        origins[row["pair_id"]] = row | {"fact_kind": row["kind"]}
    columns = ("dialogue_id", "doc_id", "language", "teacher")
    origins |= {row["dialogue_id"]: row for row in files.read_rows(DIALOGUES, columns)}
    splits: dict[str, list[Row]] = {name: [] for name in SPLITS}
    for line in files.read_json_lines(CHAT):
        if line["pair_id"] not in origins:
            raise UserError(
                f"error: {CHAT} has a line of {line['pair_id']}, which no table of pairs holds",
                "hint: slm-factory run --until convert makes them anew",
            )
        origin = origins[line["pair_id"]]
        splits[line["split"]].append(with_origin(line["pair_id"], line["kind"], origin, line["messages"]))
    splits["test"] = list(held_out(pairs, hand_written, params.load("student", StudentSettings)))
    return splits


def held_out(pairs: list[Row], hand_written: list[Row], student: StudentSettings) -> Iterator[Row]:
    """The questions that were kept from training, with the answers that are expected.

    Kinds: recall (a wording of a trained fact), unseen (a fact never trained), abstain, general.
    """
    refusals = {"ko": student.refusal_ko, "en": student.refusal_en}
    for row in pairs:
        if row["split"] in HELD_OUT:
            kind = "abstain" if row["kind"] == "abstain" else HELD_OUT[row["split"]]
            messages = exchange(student.system_prompt, row["question"], row["answer"])
            yield with_origin(row["pair_id"], kind, row | {"fact_kind": row["kind"]}, messages)
    for row in hand_written:
        if row["split"] == "test":
            kind = "general" if "answer" in row else "abstain"
            answer = row.get("answer", refusals[row["language"]])
            yield with_origin(row["id"], kind, row, exchange(student.system_prompt, row["question"], answer))


def exchange(system_prompt: str, question: str, answer: str) -> list[dict[str, str]]:
    """One question and its answer under the system prompt."""
    contents = (("system", system_prompt), ("user", question), ("assistant", answer))
    return [{"role": role, "content": content} for role, content in contents]


def with_origin(identifier: str, kind: str, origin: Row, messages: list[dict[str, str]]) -> Row:
    """One row of `ROW`; what the origin does not know is ""."""
    known = {name: origin.get(name, "") for name in ROW.names}
    return known | {
        "id": identifier,
        "kind": kind,
        "document": origin.get("doc_id", ""),
        "messages": messages,
    }
