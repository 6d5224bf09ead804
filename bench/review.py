"""Measures the review screen with many pairs against its limits, and prints one table.

    python -m bench.review [--pairs 100000] [--decided 20000]

Writes a repository of pairs, chunks and decisions, opens `slm-factory tool review` in a terminal of 80 x
24 as a process of its own, and waits until its list and keys are drawn. Then keys are pressed one after
the other; a key is answered with the last byte before the screen falls silent. Peak memory is that of the
process. Exits 1 when a limit is missed. Needs Linux.
"""

import argparse
import json
import os
import pty
import random
import select
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ

import numpy as np
import psutil

from bench.loop import Measurement, report
from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import CHUNK, DOCUMENT, SCORED, identifier
from slm_factory.review import decisions
from slm_factory.review.decisions import Decision

PAIRS_PER_CHUNK = 20
CHUNKS_PER_DOCUMENT = 50
SILENCE_SECONDS = 0.2  # of the screen, after which a key counts as answered
UNANSWERED_SECONDS = 1.0  # without a byte, after which a key is one that changes nothing on the screen
SENTENCE = "{name}의 점검 주기는 {days}일이며, 담당 팀은 매번 결과를 기록하고 다음 달 회의에서 보고한다."
FILLER = "점검을 마친 설비는 운영 일지에 적고, 이상이 있으면 당직 책임자에게 바로 알린다. " * 4
SEARCHED = "712호"
# A sitting: what is done, and its keys. A dialog that opens and each letter in it are keys like all others.
SITTING = (
    ("move", ("\x1b[B",)),
    ("approve", ("a",)),
    ("move", ("\x1b[B", "\x1b[6~")),
    ("approve", ("a",)),
    ("undo", ("u",)),
    ("redo", ("y",)),
    ("reject", ("r", "2")),
    ("move", ("n", "]", "\x1b[A", "\x1b[F", "\x1b[H")),
    ("filter", ("w", "w", "f", "1", "\x1b[B", "\r", "x")),
    ("search", ("/", *SEARCHED, "\r")),
    ("bulk", ("A", "y")),
    ("undo", ("u",)),
    ("filter", ("x",)),
)


def sentence(number: int) -> str:
    return SENTENCE.format(name=f"설비 {number}호기", days=1 + number % 90)


def pairs(count: int) -> Iterator[Row]:
    """Pairs as score writes them: five wordings of a fact, most kept."""
    for number in range(count):
        fact = number // 5
        question = f"설비 {fact}호기의 점검 주기는 며칠인가요? ({number % 5 + 1}번째 표현)"
        answer = f"설비 {fact}호기는 {1 + fact % 90}일마다 점검합니다."
        chunk = number // PAIRS_PER_CHUNK
        is_kept = number % 17 != 0
        marks = dict.fromkeys(("faithfulness", "completeness", "usefulness", "score"), 5 - number % 4)
        yield {
            **{"pair_id": identifier(number), "fact_id": identifier("fact", fact)},
            **{
                "doc_id": f"설비/{chunk // CHUNKS_PER_DOCUMENT:04}.pdf",
                "chunk_id": identifier("chunk", chunk),
            },
            **{"kind": "fact", "category": f"{chunk % 40}. 점검", "audience": "expert", "language": "ko"},
            **{"wording": number % 5, "question": question, "answer": answer, "statement": sentence(fact)},
            **{"evidence": sentence(fact), "teacher": "bench", "request": identifier("request", chunk) * 4},
            **{"is_kept": is_kept, "reasons": [] if is_kept else [f"number without evidence: {fact}"]},
            **{"similarity": 0.9, **marks, "score_reason": "the evidence supports the answer"},
        }


def chunks(count: int) -> Iterator[Row]:
    """The chunks of those pairs, each of about 800 characters."""
    facts = PAIRS_PER_CHUNK // 5
    for number in range(-(-count // PAIRS_PER_CHUNK)):
        text = "\n\n".join(f"{sentence(number * facts + place)} {FILLER}" for place in range(facts))
        page = number % CHUNKS_PER_DOCUMENT + 1
        yield {
            **{
                "chunk_id": identifier("chunk", number),
                "doc_id": f"설비/{number // CHUNKS_PER_DOCUMENT:04}.pdf",
            },
            **{
                "index": page - 1,
                "headings": ["설비 점검", f"{number % 40}. 점검"],
                "text": text,
                "start": 0,
            },
            **{"end": len(text), "first_page": page, "last_page": page, "language": "ko"},
        }


def make_repository(folder: Path, count: int, decided: int) -> None:
    """What the screen reads: pairs, chunks, documents without text, decisions, a pipeline by name."""
    files.write_rows(folder / "data/score.parquet", pairs(count), SCORED)
    files.write_rows(folder / "data/chunk.parquet", chunks(count), CHUNK)
    files.write_rows(folder / "data/parse.parquet", [], DOCUMENT)
    made = {}
    for pair in pairs(count):
        if len(made) < decided and int(pair["pair_id"][:4], 16) < 65536 * 1.1 * decided / count:
            made[pair["pair_id"]] = (
                Decision(
                    **{"pair_id": pair["pair_id"], "decision": "approve", "reviewer": "kim", "revision": 1},
                    wording=decisions.wording(pair["question"], pair["answer"]),
                    source=decisions.source(pair["evidence"]),
                ),
            )
    decisions.write(folder / "data/review.jsonl", made)
    (folder / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")


class Screen:
    """The program in a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        master, slave = pty.openpty()
        ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        program = Path(sys.executable).with_name("slm-factory")
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            [str(program), "tool", "review", "--reviewer", "bench", "--lang", "ko"],
            **{"stdin": slave, "stdout": slave, "stderr": slave, "cwd": folder, "start_new_session": True},
            env={**os.environ, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"},
        )
        os.close(slave)
        self.terminal = master

    def read(self, timeout: float) -> bytes:
        """What the program writes until `timeout` seconds pass without a byte."""
        written = b""
        while select.select([self.terminal], [], [], timeout)[0]:
            try:
                written += os.read(self.terminal, 1 << 16)
            except OSError:  # the program has ended
                break
        return written

    def wait_for(self, text: bytes, seconds: float = 60) -> float:
        """Seconds from the start until `text` is on the screen.

        Raises:
            SystemExit: it does not come.
        """
        written, end = b"", time.monotonic() + seconds
        while text not in written:
            if time.monotonic() > end or self.process.poll() is not None:
                sys.exit(
                    f"the screen never showed {text.decode()}: {written[-2000:].decode(errors='replace')}"
                )
            if select.select([self.terminal], [], [], 0.1)[0]:
                written += os.read(self.terminal, 1 << 16)
        return time.monotonic() - self.started

    def press(self, key: str) -> float:
        """Seconds from a key to the last byte of what the screen writes for it."""
        started = last = time.monotonic()
        os.write(self.terminal, key.encode())
        wait = UNANSWERED_SECONDS
        while select.select([self.terminal], [], [], wait)[0]:
            os.read(self.terminal, 1 << 16)
            last, wait = time.monotonic(), SILENCE_SECONDS
        return last - started

    def processor_seconds(self) -> float:
        """User and system time of the process so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def peak_mebibytes(self) -> float:
        """The process's highest resident memory so far (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024

    def leave(self) -> int:
        """The exit code, after `q`.

        Raises:
            SystemExit: it does not end.
        """
        os.write(self.terminal, b"q")
        end, written = time.monotonic() + 30, b""
        while self.process.poll() is None:
            written += self.read(0.2)
            if time.monotonic() > end:
                self.process.kill()
                sys.exit(f"the screen does not end: {written[-2000:].decode(errors='replace')}")
        return self.process.wait()


def measure(folder: Path, rounds: int) -> list[Measurement]:
    """Opens the screen once and works in it."""
    screen = Screen(folder)
    opened = screen.wait_for("끝".encode())  # the last key of the bar; list and title are drawn before it
    processor = screen.processor_seconds()
    screen.read(1.0)  # the chunks are read
    generator = random.Random(0)
    taken: dict[str, list[float]] = {}
    worked: dict[str, float] = {}  # seconds of processor time, which other programs do not lengthen
    for _ in range(rounds):
        line = ("jump", ("g", *str(generator.randrange(1, 90_000)), "\r"))
        for kind, keys in (*SITTING, line):
            before = screen.processor_seconds()
            taken.setdefault(kind, []).extend(screen.press(key) for key in keys)
            worked[kind] = worked.get(kind, 0) + screen.processor_seconds() - before
    taken["all"] = [one for ones in taken.values() for one in ones]
    worked["all"] = sum(worked.values())
    peak = screen.peak_mebibytes()
    if screen.leave() != 0:
        sys.exit("the screen ended with an error")
    print(f"first screen: {processor:.2f} s of processor time; machine load {os.getloadavg()[0]:.1f}")
    print("| key | pressed | median | 95th percentile | processor, mean |\n|---|---|---|---|---|")
    for kind, ones in taken.items():
        middle, high = (1000 * float(np.percentile(ones, share)) for share in (50, 95))
        processor = 1000 * worked[kind] / len(ones)
        print(f"| {kind} | {len(ones)} | {middle:.0f} ms | {high:.0f} ms | {processor:.0f} ms |")
    return [
        Measurement("to the first usable screen", opened, 2, "s"),
        Measurement("key answered, 95th percentile", float(np.percentile(taken["all"], 95)) * 1000, 50, "ms"),
        Measurement("peak memory", peak, 500, "MiB"),
    ]


def main() -> None:
    """Makes the repository, measures, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=100_000)
    parser.add_argument("--decided", type=int, default=20_000, help="of them, before the screen opens")
    parser.add_argument("--rounds", type=int, default=10, help="of the keys of a sitting")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="slm-factory-review-"))
    try:
        make_repository(folder, arguments.pairs, arguments.decided)
        measurements = measure(folder, arguments.rounds)
        lines = (folder / "data/review.jsonl").read_text(encoding="utf-8").splitlines()
        by_us = sum(json.loads(line)["reviewer"] == "bench" for line in lines)
        print(f"{arguments.pairs:,} pairs, {len(lines):,} decisions, of which {by_us} were made here")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(report(measurements))
    sys.exit(not all(m.is_met for m in measurements))


if __name__ == "__main__":
    main()
