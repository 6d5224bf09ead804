"""Measures the parse stage on thousands of documents: what one more costs, and whether memory stays flat.

    python -m bench.scale [--documents 5000] [--work FOLDER]

Makes small documents of mixed formats in a temporary workspace with its own store of answers, a fifth of them
first, reads them, adds one, reads again; then the same with all of them. Peak memory is that of the whole
process tree. Exits 1 when a limit is missed.
"""

import argparse
import io
import json
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import docx

from bench.gold.html_pages import sentence
from bench.loop import REPOSITORY, Measurement, Run, report, run
from tests.parsers import builders

LIMIT_SECONDS = 10  # of the stage when one document of 5,000 is new
LIMIT_GROWTH = 1.2  # of peak memory, five times the documents


def paragraphs(random_: random.Random) -> list[str]:
    """A heading and five to forty paragraphs, about 0.5 to 5 thousand characters."""
    is_korean = random_.random() < 0.7
    count = random_.randint(5, 40)
    return [
        " ".join(sentence(random_, is_korean) for _ in range(random_.randint(1, 2))) for _ in range(count)
    ]


def as_docx(texts: list[str]) -> bytes:
    """A Word document."""
    document = docx.Document()
    for text in texts:
        document.add_paragraph(text)
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def as_pdf(texts: list[str]) -> bytes:
    """A page with one line per paragraph."""
    return builders.pdf([[(40, 60 + 18 * row, 8, text) for row, text in enumerate(texts)]])


def as_html(texts: list[str]) -> bytes:
    """A page with a menu."""
    body = "".join(f"<p>{text}</p>" for text in texts)
    return f"<html><body><nav>menu</nav><main><h1>{texts[0][:20]}</h1>{body}</main></body></html>".encode()


# One of each twenty documents stands for 5% of them.
WRITERS: tuple[tuple[str, Callable[[list[str]], bytes]], ...] = (
    *[("txt", lambda texts: "\n\n".join(texts).encode())] * 4,
    *[("md", lambda texts: "\n\n".join([f"# {texts[0][:20]}", *texts]).encode())] * 4,
    *[("html", as_html)] * 3,
    *[("json", lambda texts: json.dumps({"id": texts[0], "text": "\n".join(texts)}).encode())] * 3,
    *[("hwpx", lambda texts: builders.hwpx(["".join(map(builders.text, texts))]))] * 3,
    *[("docx", as_docx)] * 2,
    ("pdf", as_pdf),
)


def write(folder: Path, numbers: range) -> None:
    """Writes the documents with these numbers, a hundred to a folder."""
    for number in numbers:
        random_ = random.Random(number)
        suffix, writer = WRITERS[number % len(WRITERS)]
        path = folder / f"{number // 100:03}" / f"{number:05}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(writer(paragraphs(random_)))


def parse(work: Path, expected: int) -> Run:
    """One run of the stage in the workspace.

    Raises:
        SystemExit: it failed, or read another number of documents.
    """
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "SLM_FACTORY_CACHE": str(work / "cache")}
    done = run([sys.executable, "-m", "stages.parse"], work, environment)
    metrics = json.loads((work / "metrics/parse.json").read_text(encoding="utf-8"))
    if metrics["documents"] != expected:
        sys.exit(f"{metrics['documents']} documents read, not {expected}:\n{done.output[-2000:]}")
    return done


def measure(work: Path, documents: int) -> list[Measurement]:
    """All runs, at a fifth of the documents and at all of them."""
    shutil.copy(REPOSITORY / "params.yaml", work)
    folder = work / "data/documents"
    rows, peaks, written = [], [], 0
    for count in (documents // 5, documents):
        write(folder, range(written, count - 1))
        cold = parse(work, count - 1)
        print(f"{count - 1 - written:,} of {count - 1:,} documents new: {cold.seconds:.1f} s", flush=True)
        write(folder, range(count - 1, count))
        warm, again = parse(work, count), parse(work, count)
        rows += [
            Measurement(f"1 of {count:,} documents new", warm.seconds, LIMIT_SECONDS, "s"),
            Measurement(f"0 of {count:,} documents new", again.seconds, LIMIT_SECONDS, "s"),
        ]
        peaks.append({"all new": cold.peak_gib, "1 new": warm.peak_gib})
        written = count
    fewer, more = peaks
    return rows + [
        Measurement(
            f"peak memory, {name} ({fewer[name]:.3f} GiB at {documents // 5:,})",
            more[name],
            LIMIT_GROWTH * fewer[name],
            "GiB",
        )
        for name in fewer
    ]


def main() -> None:
    """Makes the documents, measures, prints the table."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__.split("\n")[0])
    parser.add_argument("--documents", type=int, default=5000)
    parser.add_argument("--work", type=Path, help="folder for the workspace; kept afterwards")
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="slm-factory-scale-"))
    try:
        rows = measure(work, given.documents)
    finally:
        if given.work is None:
            shutil.rmtree(work, ignore_errors=True)
    print(report(rows))
    sys.exit(not all(row.is_met for row in rows))


if __name__ == "__main__":
    main()
