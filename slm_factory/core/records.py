"""Schemas of every table: what a row is, from the document to the student's answer.

Later stages only add columns, so one row can be followed by its `pair_id` through the whole repository.
Identifiers are hashes of content: the same content has the same id on every machine, for ever.
"""

import hashlib
import json
from typing import Any

import pyarrow as pa

STRINGS = pa.list_(pa.string())

DOCUMENT = pa.schema(
    [
        ("doc_id", pa.string()),  # path below data/documents, "/" between folders, NFC
        ("sha256", pa.string()),  # of the file's bytes
        ("format", pa.string()),  # pdf, hwpx, docx, html, md, txt, law
        ("title", pa.string()),
        ("language", pa.string()),  # ko or en
        ("date", pa.string()),  # ISO date, or "" when the file tells none
        ("pages", pa.int32()),  # 0 where the format has no pages
        ("markdown", pa.string()),
        (
            "page_starts",
            pa.list_(pa.int32()),
        ),  # offset in `markdown` where each page begins; empty without pages
        ("meta", pa.string()),  # JSON object
        ("warnings", STRINGS),
    ]
)

CHUNK = pa.schema(
    [
        ("chunk_id", pa.string()),
        ("doc_id", pa.string()),
        ("index", pa.int32()),  # position within the document, from 0
        ("headings", STRINGS),  # heading path, outermost first
        ("text", pa.string()),
        ("start", pa.int32()),  # span in the document's markdown, in characters
        ("end", pa.int32()),
        ("first_page", pa.int32()),  # from 1; 0 without pages
        ("last_page", pa.int32()),
        ("language", pa.string()),
    ]
)

PAIR = pa.schema(
    [
        ("pair_id", pa.string()),
        ("fact_id", pa.string()),
        ("doc_id", pa.string()),
        ("chunk_id", pa.string()),
        ("kind", pa.string()),  # teachers.tasks.KINDS: fact, definition, procedure, ..., abstain
        ("category", pa.string()),  # of the fixed question that it answers, else the innermost heading
        ("audience", pa.string()),  # expert or plain
        ("language", pa.string()),
        ("wording", pa.int32()),  # which wording of the fact's question, from 0
        ("question", pa.string()),
        ("answer", pa.string()),
        ("statement", pa.string()),  # the fact as a sentence
        ("evidence", pa.string()),  # quoted from the chunk, to the letter
        ("teacher", pa.string()),
        ("request", pa.string()),  # key of the teacher's answer in the store
    ]
)

VALIDATED = pa.schema(
    [
        *PAIR,
        pa.field("is_kept", pa.bool_()),
        pa.field("reasons", STRINGS),  # "label", or "label: detail"
        pa.field("similarity", pa.float64()),  # of the answer to its evidence, 0-1
    ]
)
SCORED = pa.schema(
    [
        *VALIDATED,
        pa.field("faithfulness", pa.int32()),  # 1-5; null where the teacher was not asked or failed
        pa.field("completeness", pa.int32()),
        pa.field("usefulness", pa.int32()),
        pa.field("score", pa.int32()),  # the lowest of the three
        pa.field("score_reason", pa.string()),
    ]
)
REVIEWED = SCORED.append(pa.field("decision", pa.string())).append(pa.field("reviewer", pa.string()))
# split: train, valid, test (a wording of a trained fact, all of an abstain fact), unseen (kept out), dropped
SPLIT = REVIEWED.append(pa.field("split", pa.string()))
# origin: the pair that was paraphrased
AUGMENTED = SPLIT.append(pa.field("origin", pa.string()))

DIALOGUE = pa.schema(
    [
        ("dialogue_id", pa.string()),
        ("doc_id", pa.string()),
        ("language", pa.string()),
        ("pair_ids", STRINGS),
        ("messages", pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))),
        ("teacher", pa.string()),
        ("request", pa.string()),
    ]
)

# What a teacher answered, by request key: a colleague's empty store starts warm from the committed outputs.
TEACHER_ANSWER = pa.schema([("request", pa.string()), ("answer", pa.string())])

QUESTION = pa.schema(
    [
        ("question_id", pa.string()),
        ("slice", pa.string()),  # recall, unseen, abstain, withdrawn, general, text
        ("pair_id", pa.string()),  # "" for questions that come from no document
        ("doc_id", pa.string()),
        ("category", pa.string()),  # of the pair
        ("language", pa.string()),
        ("question", pa.string()),  # "" for text, which is read and not asked
        ("reference", pa.string()),
        ("is_new", pa.bool_()),  # recall: the champion did not learn this fact
        ("present_answer", pa.string()),  # withdrawn: what the documents say now, "" where they say nothing
    ]
)

ANSWER = pa.schema(
    [
        *QUESTION,
        pa.field("contender", pa.string()),  # base, tuned, champion, base_retrieval, tuned_retrieval
        pa.field("answer", pa.string()),
        pa.field("is_refusal", pa.bool_()),
        pa.field("key_facts", pa.float64()),  # 0-1; null where the reference has none
        pa.field("rouge_1", pa.float64()),
        pa.field("rouge_2", pa.float64()),
        pa.field("rouge_l", pa.float64()),
        pa.field("bleu", pa.float64()),
        pa.field("chrf", pa.float64()),
        pa.field("exact", pa.float64()),
        pa.field("is_judged_correct", pa.bool_()),  # by the teacher; null where it was not asked
        pa.field("answer_loss", pa.float64()),  # nats per token of the reference under the contender
        pa.field("tokens", pa.int32()),
    ]
)


def identifier(*parts: Any) -> str:
    """16 hexadecimal digits of SHA-256 over the canonical JSON of `parts`."""
    return content_key(parts)[:16]


def content_key(value: Any) -> str:
    """64 hexadecimal digits of SHA-256 over the canonical JSON (sorted keys, no spaces) of `value`."""
    canonical = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
