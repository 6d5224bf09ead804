"""Measures the data report with many pairs against its limits, and prints one table.

    python -m bench.report [--pairs 100000]

Writes the tables that the stage analyze reads into a temporary folder, runs the stage there as a process of
its own, and weighs the page. Peak memory is that of the process. Exits 1 when a limit is missed.
"""

import argparse
import contextlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.loop import REPOSITORY, Measurement, report, run
from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, REVIEWED, SCORED, SPLIT, VALIDATED, identifier
from stages import analyze
from tests import rows

LIMIT_MEGABYTES = 5
LIMIT_SECONDS = 60
LIMIT_GIB = 2
PAIRS_PER_FACT = 5
FACTS_PER_CHUNK = 4
CHUNKS_PER_DOCUMENT = 50
REASONS = ("number without evidence: 7", "near duplicate", "question length", "dangling reference")
SENTENCE = "{name}의 점검 주기는 {days}일이며, 담당 팀은 매번 결과를 기록하고 다음 달 회의에서 보고한다."
FILLER = "점검을 마친 설비는 운영 일지에 적고, 이상이 있으면 당직 책임자에게 바로 알린다. " * 10


def chunk(number: int) -> Row:
    """A chunk of some hundred characters."""
    place, index = divmod(number, CHUNKS_PER_DOCUMENT)
    text = SENTENCE.format(name=f"설비 {number}", days=number % 90) + FILLER
    return rows.chunk(
        chunk_id=identifier("chunk", str(number)),
        doc_id=f"운영/설비_{place:05}.pdf",
        index=index,
        headings=["설비", f"{index}절"],
        text=text,
        end=len(text),
        language="ko",
    )


def pairs(count: int) -> Iterator[Row]:
    """Pairs of every split, a tenth of them rejected for various reasons."""
    random_ = random.Random(42)
    for number in range(count):
        fact = number // PAIRS_PER_FACT
        source = chunk(fact // FACTS_PER_CHUNK)
        is_kept = random_.random() < 0.9
        yield rows.split(
            **{name: source[name] for name in ("doc_id", "chunk_id", "language")},
            **dict.fromkeys(("faithfulness", "completeness", "usefulness", "score"), random_.randint(3, 5)),
            pair_id=identifier("pair", str(number)),
            fact_id=identifier("fact", str(fact)),
            similarity=1.0,
            is_kept=is_kept,
            reasons=[] if is_kept else [random_.choice(REASONS)],
            kind=random_.choice(("fact", "procedure", "cause")),
            category=f"{fact % 500}절",
            split=random_.choices(("train", "test", "valid", "unseen"), (76, 20, 2, 2))[0],
            question=f"설비 {fact}의 점검 주기는 며칠인가요?{' 급합니다.' * (number % 7)}",
            answer=f"{fact % 90}일입니다.",
            evidence=source["text"].partition(".")[0],
        )


def write_tables(count: int) -> None:
    """Writes all that the stage reads into the current folder."""
    chunks = count // PAIRS_PER_FACT // FACTS_PER_CHUNK
    files.write_rows(analyze.CHUNKS, [chunk(number) for number in range(chunks * 11 // 10)], CHUNK)
    made = list(pairs(count))
    kept = [row for row in made if row["is_kept"]]
    tables = (
        (analyze.VALIDATED_PAIRS, made, VALIDATED),
        (analyze.SCORES, made, SCORED),
        (analyze.REVIEWED_PAIRS, made, REVIEWED),
        (analyze.SPLITS, kept, SPLIT),
    )
    for path, table, schema in tables:
        files.write_rows(path, [{name: row[name] for name in schema.names} for row in table], schema)
    silent = [
        {"chunk_id": row["chunk_id"], "doc_id": row["doc_id"], "reason": "the teacher found no fact"}
        for row in map(chunk, range(chunks, chunks * 11 // 10))
    ]
    counts = ("merged_facts", "cut_facts", "cut_abstentions", "failed_chunks", "answered_abstentions")
    files.write_json(
        analyze.GENERATE_METRICS,
        {
            **dict.fromkeys(counts, 0),
            **{"chunks_left_out_by_sampling": {}, "unreadable_facts": [], "chunks_without_facts": silent},
        },
    )
    for path in (analyze.SCORE_METRICS, analyze.AUGMENT_METRICS, analyze.DIALOGUE_METRICS):
        files.write_json(path, {})
    files.write_json(analyze.CONVERT_METRICS, {"train_kinds": {"pair": len(kept)}})


def measure(count: int) -> list[Measurement]:
    """Writes the tables into a temporary folder, runs the stage there, and weighs its page."""
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        shutil.copy(REPOSITORY / "params.yaml", name)
        write_tables(count)
        environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
        taken = run([sys.executable, "-m", "stages.analyze"], Path(name), environment)
        megabytes = analyze.PAGE.stat().st_size / 1e6
    of = f"of {count:,} pairs"
    return [
        Measurement(f"data report {of}", megabytes, LIMIT_MEGABYTES, "MB"),
        Measurement(f"stage analyze {of}", taken.seconds, LIMIT_SECONDS, "s"),
        Measurement(f"peak memory {of}", taken.peak_gib, LIMIT_GIB, "GiB"),
    ]


def main() -> None:
    """Measures, and prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.report", description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    measured = measure(parser.parse_args().pairs)
    print(report(measured))
    sys.exit(not all(one.is_met for one in measured))


if __name__ == "__main__":
    main()
