"""Measures how much faster the student answers in batches than one question at a time, with equal answers.

    python -m bench.evaluate [--questions 200]

Asks the base student and the tuned one (models/adapter) the held-out recall questions: one by one with
transformers' `generate` as its manual shows it, and through `Student.answer`, which evaluate uses. They take
turns, so that other work on the machine slows both: before each part of the questions is asked one by one,
all are asked in batches. The lone answers run with torch's own number of threads and with one, and the better
of the two is the peer. Exits 1 when a limit is missed.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.loop import Measurement, report
from slm_factory.core import files, params
from slm_factory.core.store import Store
from slm_factory.student import chat, model
from slm_factory.student.generate import Student
from slm_factory.student.settings import StudentSettings
from stages.evaluate import ADAPTER, PAIRS, Params

PARTS = 4
LIMIT = 5  # times as fast as one by one
Answers = list[dict[str, Any]]


@dataclass
class Clock:
    """Seconds by the wall, and of all cores together; the second says what other work hides."""

    wall: float = 0.0
    cores: float = 0.0

    def time(self, work: Callable[[], Answers]) -> Answers:
        """The result of `work`, whose time is added."""
        wall, cores = time.perf_counter(), time.process_time()
        answers = work()
        self.wall += time.perf_counter() - wall
        self.cores += time.process_time() - cores
        return answers


def one_by_one(student: Student, conversations: list[Any], max_new_tokens: int, threads: int) -> Answers:
    """The greedy answers of an unmerged student, a `generate` call each."""
    torch = model.import_torch()
    network, tokenizer = student.load()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    answers = []
    for messages in conversations:
        ids = torch.tensor([chat.prompt_ids(tokenizer, messages)])
        with torch.inference_mode():
            output = network.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                do_sample=False,
                max_new_tokens=max_new_tokens,
            )
        answer = output[0, ids.shape[1] :].tolist()
        answers.append(
            {"text": tokenizer.decode(answer, skip_special_tokens=True).strip(), "tokens": len(answer)}
        )
    torch.set_num_threads(before)
    return answers


def contest(name: str, adapter: Path | None, conversations: list[Any], settings: Params) -> list[Measurement]:
    """The race of one student against itself."""
    system = params.load("student", StudentSettings)
    threads = model.import_torch().get_num_threads()
    clocks = {"batched": Clock(), f"one by one, {threads} threads": Clock(), "one by one, 1 thread": Clock()}
    batched, alone, alone_in_one_thread = clocks.values()
    same = 0
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder) / "0.sqlite") as store:
        student = Student(system.model, store, adapter=adapter, batch_size=settings.batch_size)
        student.load()
        peer = Student(system.model, store, adapter=adapter)
        loaded = model.load_model(peer.place, device="cpu", dtype=peer.dtype, adapter=adapter)
        peer.loaded = loaded, model.load_tokenizer(peer.place)
        for part in range(PARTS):
            student.store = Store(Path(folder) / f"{part + 1}.sqlite")  # remembers nothing
            answers = batched.time(lambda: student.answer(conversations, settings.max_new_tokens))
            asked = conversations[part::PARTS]
            lone = alone.time(lambda: one_by_one(peer, asked, settings.max_new_tokens, threads))  # noqa: B023
            alone_in_one_thread.time(lambda: one_by_one(peer, asked, settings.max_new_tokens, 1))  # noqa: B023
            student.store.connection.close()
            same += sum(a == b for a, b in zip(lone, answers[part::PARTS], strict=True))
    batched.wall, batched.cores = batched.wall / PARTS, batched.cores / PARTS
    for title, clock in clocks.items():
        print(f"{name}, {title}: {clock.wall:.1f} s, {clock.cores:.1f} s of cores")
    wall = min(alone.wall, alone_in_one_thread.wall) / batched.wall
    cores = min(alone.cores, alone_in_one_thread.cores) / batched.cores
    return [
        Measurement(f"{name}: speed", wall, LIMIT, "x", is_floor=True),
        Measurement(f"{name}: speed by time of cores", cores, LIMIT, "x", is_floor=True),
        Measurement(f"{name}: same answers", same / len(conversations), 1, "", is_floor=True),
    ]


def main() -> None:
    """Asks, prints the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--questions", type=int, default=200)
    count = parser.parse_args().questions
    system = params.load("student", StudentSettings)
    settings = params.load("evaluate", Params)
    rows = [row for row in files.read_rows(PAIRS) if row["split"] == "test"][:count]
    conversations = [chat.question_messages(system.system_prompt, row["question"]) for row in rows]
    measurements = contest("base", None, conversations, settings)
    measurements += contest("tuned", ADAPTER, conversations, settings)
    print(f"\n{len(rows)} questions\n\n{report(measurements)}")
    sys.exit(not all(m.is_met for m in measurements))


if __name__ == "__main__":
    main()
