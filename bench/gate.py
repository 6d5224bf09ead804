"""Measures how often the gate is wrong, on simulated students whose true difference is known.

    python -m bench.gate [--runs 1000]

A student is a chance of being right on each of 150 questions. Questions are easy or hard (beta distributed),
and two students agree on a question more than chance would have it (`agreement`), as a student and its
successor do. Every run draws both students' answers anew and asks the gate's own rules. Exits 1 when a limit
is missed.
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.loop import Measurement, report
from slm_factory.core import params
from slm_factory.metrics import champion as against
from slm_factory.metrics.slices import GateSettings
from stages import gate

QUESTIONS = 150
NEW = 15  # of them on facts that the champion did not learn
Answers = NDArray[np.float64]  # (questions,), 1 for right


def students(
    generator: np.random.Generator, level: float, gain: float, agreement: float
) -> tuple[Answers, Answers]:
    """Answers of a student that is right on a share `level` of all questions, and of one better by `gain`.

    With probability `agreement` both meet a question with the same luck, else each with its own.
    """
    ease = generator.beta(4 * level, 4 * (1 - level), QUESTIONS)
    luck = generator.random(QUESTIONS)
    own = np.where(generator.random(QUESTIONS) < agreement, luck, generator.random(QUESTIONS))
    better = ease + gain * (1 - ease) / (1 - ease.mean())  # by `gain` on the mean, nowhere above 1
    return (luck < ease).astype(float), (own < better).astype(float)


def rows(contender: str, answers: Answers, new: int = 0) -> list[dict[str, Any]]:
    """The rows of a recall slice, `new` of them to the champion, as far as the gate reads them."""
    return [
        {"question_id": f"{number:03}", "slice": "recall", "contender": contender, "doc_id": ""}
        | {"key_facts": value, "is_refusal": False, "is_new": number < new}
        | {"answer": contender, "answer_loss": None}
        for number, value in enumerate(answers.tolist())
    ]


def passes_as_better(base: Answers, tuned: Answers, settings: GateSettings) -> bool:
    """Whether the gate finds `tuned` better than `base`."""
    judged = gate.headline_rules(rows("base", base) + rows("tuned", tuned), settings)
    return next(rule["is_met"] for rule in judged if rule["name"] == "better_than_base")


def passes_as_gain(champion: Answers, tuned: Answers, settings: GateSettings) -> bool:
    """Whether the gate finds `tuned` better than `champion`, over all questions or over the new ones."""
    both = rows("champion", champion, NEW) + rows("tuned", tuned, NEW)
    return bool(against.gain_rule(both, settings)["is_met"])


def is_refused(champion: Answers, tuned: Answers, settings: GateSettings) -> bool:
    """Whether the gate finds `tuned` worse than `champion`."""
    judged = against.champion_rules(rows("champion", champion) + rows("tuned", tuned), settings)
    return not all(rule["is_met"] for rule in judged)


def falls(worse: Answers, champion: Answers, settings: GateSettings) -> bool:
    """Whether the gate refuses a candidate that is worse than the champion."""
    return is_refused(champion, worse, settings)


Decision = Callable[[Answers, Answers, GateSettings], bool]


def share(decide: Decision, runs: int, level: float, gain: float, agreement: float) -> float:
    """The share of `runs` pairs of students that `decide` says yes to; every run has a seed of its own."""
    settings = params.load("gate", GateSettings)
    drawn = (students(np.random.default_rng(run), level, gain, agreement) for run in range(runs))
    return sum(decide(first, second, settings) for first, second in drawn) / runs


def measure(runs: int) -> list[Measurement]:
    """Every row of the table."""
    measured = []
    for level, agreement in ((0.5, 0.0), (0.5, 0.8), (0.9, 0.0), (0.95, 0.8)):
        who = f"right on {level:.0%}, agreeing on {agreement:.0%}"
        for what, decide in (
            ("pass as better than the base", passes_as_better),
            ("pass as better than the champion", passes_as_gain),
            ("are refused as worse", is_refused),
        ):
            found = share(decide, runs, level, 0, agreement)
            measured.append(Measurement(f"equal students {what} ({who})", found, 0.05, ""))
    for agreement in (0.8, 0.9):
        who = f"from 70%, agreeing on {agreement:.0%}"
        for what, decide in (("gain", passes_as_better), ("fall", falls)):
            found = share(decide, runs, 0.7, 0.1, agreement)
            measured.append(
                Measurement(f"a {what} of 10 points is found ({who})", found, 0.8, "", is_floor=True)
            )
    return measured


def main() -> int:
    """Prints the table; 1 when a limit is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=1000, help="simulated pairs of students per row")
    measured = measure(parser.parse_args().runs)
    print(report(measured))
    return 0 if all(row.is_met for row in measured) else 1


if __name__ == "__main__":
    sys.exit(main())
