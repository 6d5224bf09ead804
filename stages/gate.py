"""Says whether the tuned student may enter service, by paired statistics on the held-out questions.

in:  data/evaluate.parquet
out: metrics/gate.json

Always exits 0: the verdict is a result. `export` acts on it.
"""

import logging
from pathlib import Path
from typing import Any

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.metrics.bootstrap import Interval
from slm_factory.metrics.champion import champion_rules, gain_rule
from slm_factory.metrics.rules import difference, mean, rule, shown, values
from slm_factory.metrics.slices import GateSettings

ANSWERS = Path("data/evaluate.parquet")
VERDICT = Path("metrics/gate.json")

log = logging.getLogger(__name__)


def headline_rules(rows: list[Row], settings: GateSettings) -> list[dict[str, Any]]:
    """The headline has enough questions, reaches its minimum, and is better than the base beyond chance."""
    headline = f"{settings.headline_slice} {settings.headline_metric}"
    tuned = values(rows, "tuned", settings.headline_slice, settings.headline_metric)
    base = values(rows, "base", settings.headline_slice, settings.headline_metric)
    own = mean(tuned, settings)
    gain = difference(tuned, base, settings)
    count = Interval(len(tuned), len(tuned), len(tuned)) if tuned else None
    return [
        rule(
            "enough_questions",
            count,
            settings.min_questions,
            len(tuned) >= settings.min_questions,
            f"{len(tuned)} questions on {headline}, {settings.min_questions} needed",
        ),
        rule(
            "reaches_minimum",
            own,
            settings.min_headline,
            own is not None and own.mean >= settings.min_headline,
            f"{headline} is {shown(own)}, {settings.min_headline:g} needed",
        ),
        rule(
            "better_than_base",
            gain,
            0.0,
            gain is not None and gain.low > 0,
            f"{headline} against base: {shown(gain)}, the whole interval must lie above 0",
        ),
    ]


def forgetting_rules(rows: list[Row], settings: GateSettings) -> list[dict[str, Any]]:
    """General chat and plain text may become less likely only within limits; the mean counts.

    Without plain texts (data/text.jsonl is empty) nothing is said about them.
    """
    rules = []
    for name, slice_name, what, limit in (
        ("forgets_little", "general", "general chat", settings.max_general_loss_increase),
        ("forgets_little_text", "text", "plain text", settings.max_text_loss_increase),
    ):
        tuned, base = (values(rows, contender, slice_name, "answer_loss") for contender in ("tuned", "base"))
        rise = difference(tuned, base, settings)
        if rise is None and slice_name == "text":
            continue
        is_met = rise is not None and rise.mean <= limit
        told = f"loss on {what} against base, nats per token: {shown(rise)}, at most {limit:g}"
        rules.append(rule(name, rise, limit, is_met, told))
    return rules


def withdrawal_rules(rows: list[Row], settings: GateSettings) -> list[dict[str, Any]]:
    """Facts that the documents withdrew are given no more than guesses are; no rule where there are none."""
    given = mean(values(rows, "tuned", "withdrawn", "key_facts"), settings)
    if given is None:
        return []
    limit = settings.max_withdrawn_given
    told = f"withdrawn facts that are still given: {shown(given)}, at most {limit:g}"
    return [rule("gives_no_withdrawn_facts", given, limit, given.mean <= limit, told)]


def refusal_rules(rows: list[Row], settings: GateSettings) -> list[dict[str, Any]]:
    """It refuses few questions that the documents answer, and enough of those that they do not.

    A slice without questions measures nothing, and no rule comes of it.
    """
    refused = {name: values(rows, "tuned", name, "is_refusal") for name in ("recall", "abstain")}
    most, least = settings.max_over_refusal, settings.min_refusal
    rules = []
    if over := mean(refused["recall"], settings):
        told = f"recall questions refused: {shown(over)}, at most {most:g}"
        rules.append(rule("refuses_little", over, most, over.mean <= most, told))
    if due := mean(refused["abstain"], settings):
        told = f"abstain questions refused: {shown(due)}, {least:g} needed"
        rules.append(rule("refuses_where_due", due, least, due.mean >= least, told))
    return rules


def judge(rows: list[Row], settings: GateSettings) -> dict[str, Any]:
    """The verdict and every rule."""
    rules = [
        *headline_rules(rows, settings),
        *refusal_rules(rows, settings),
        *forgetting_rules(rows, settings),
    ]
    if settings.champion:
        rules += withdrawal_rules(rows, settings)
        rules += champion_rules(rows, settings)
        rules.append(gain_rule(rows, settings))
    return {"verdict": "pass" if all(rule["is_met"] for rule in rules) else "fail", "rules": rules}


def main() -> None:
    """Reads the answers, writes the verdict."""
    settings = params.load("gate", GateSettings)
    verdict = judge(files.read_rows(ANSWERS), settings)
    files.write_json(VERDICT, verdict)
    broken = [rule["name"] for rule in verdict["rules"] if not rule["is_met"]]
    log.info("gate: %s%s -> %s", verdict["verdict"], f" ({', '.join(broken)})" if broken else "", VERDICT)


if __name__ == "__main__":
    run_stage(main)
