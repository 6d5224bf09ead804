"""Says whether the tuned student may enter service, by paired statistics on the held-out questions.

in:  data/evaluate.parquet
out: metrics/gate.json

Always exits 0: the verdict is a result. `export` acts on it.
"""

import logging
from collections import defaultdict
from pathlib import Path
from typing import Any

from slm_factory.core import files, params
from slm_factory.core.errors import run_stage
from slm_factory.core.files import Row
from slm_factory.metrics.bootstrap import Interval, mean_interval, paired_interval
from slm_factory.metrics.slices import SLICES, GateSettings

ANSWERS = Path("data/evaluate.parquet")
VERDICT = Path("metrics/gate.json")

MIN_NEW_QUESTIONS = 3  # fewer can all be right by chance

Values = dict[str, float]  # by question_id

log = logging.getLogger(__name__)


def values(rows: list[Row], contender: str, slice_name: str, metric: str) -> Values:
    """The contender's metric on each question of a slice where it applies."""
    return {
        row["question_id"]: float(row[metric])
        for row in rows
        if row["contender"] == contender and row["slice"] == slice_name and row[metric] is not None
    }


def mean(own: Values, settings: GateSettings) -> Interval | None:
    """The interval of the mean of one contender's values, or None without any."""
    if not own:
        return None
    return mean_interval(
        [own[key] for key in sorted(own)],
        resamples=settings.resamples,
        seed=settings.seed,
        confidence=settings.confidence,
    )


def difference(
    candidate: Values, other: Values, settings: GateSettings, comparisons: int = 1
) -> Interval | None:
    """The paired interval of candidate - other over the questions that both have, or None without any.

    Where one of several `comparisons` is enough for a refusal, each interval is widened so that all of them
    together hold with `gate.confidence` (Bonferroni; Dunn 1961).
    """
    shared = sorted(candidate.keys() & other.keys())
    if not shared:
        return None
    return paired_interval(
        [candidate[key] for key in shared],
        [other[key] for key in shared],
        resamples=settings.resamples,
        seed=settings.seed,
        confidence=1 - (1 - settings.confidence) / comparisons,
    )


def rule(
    name: str, interval: Interval | None, limit: float, is_met: bool, explanation: str
) -> dict[str, Any]:
    """One rule as JSON; without an interval there was nothing to judge by, and the rule is not met."""
    if interval is None:
        measured: dict[str, float | None] = {"value": None, "low": None, "high": None}
        is_met, explanation = False, f"no questions to judge by ({explanation})"
    else:
        rounded = interval.rounded()
        measured = {"value": rounded["mean"], "low": rounded["low"], "high": rounded["high"]}
    return {"name": name, **measured, "limit": limit, "is_met": is_met, "explanation": explanation}


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


def document_group(doc_id: str) -> str:
    """The top folder of a document below data/documents, "." for one that lies in none."""
    folder, is_inside, _ = doc_id.partition("/")
    return folder if is_inside else "."


def compared(rows: list[Row], settings: GateSettings) -> dict[str, tuple[Values, Values]]:
    """What candidate and champion are compared on, by name: (candidate, champion), higher is better.

    Every slice by its own metric, and within the headline slice every group of documents that has
    `gate.min_group_questions`: a slice can gain while one folder falls. What is new to the champion is left
    out, lest what was gained there hide what was lost elsewhere.
    """
    rows = [row for row in rows if not row["is_new"]]
    pairs: dict[str, tuple[Values, Values]] = {}
    for name, (metric, is_higher_better) in SLICES.items():
        tuned, champion = (values(rows, contender, name, metric) for contender in ("tuned", "champion"))
        if champion:
            pairs[name] = (tuned, champion) if is_higher_better else (champion, tuned)
    groups: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row["slice"] == settings.headline_slice and row["doc_id"]:
            groups[document_group(row["doc_id"])].append(row)
    for group, own in sorted(groups.items()) if len(groups) > 1 else ():
        tuned, champion = (
            values(own, contender, settings.headline_slice, settings.headline_metric)
            for contender in ("tuned", "champion")
        )
        if len(tuned.keys() & champion.keys()) >= settings.min_group_questions:
            pairs[f"{settings.headline_slice} in {group}"] = (tuned, champion)
    return pairs


def champion_rules(rows: list[Row], settings: GateSettings) -> list[dict[str, Any]]:
    """No slice and no group of documents measurably worse than the champion's, beyond the tolerance."""
    pairs = compared(rows, settings)
    rules = []
    for name, (better, worse) in pairs.items():
        gain = difference(better, worse, settings, len(pairs))
        is_loss = name in SLICES and SLICES[name].metric == "answer_loss"
        limit = -(settings.loss_tolerance if is_loss else settings.share_tolerance)
        rules.append(
            rule(
                f"not_worse_than_champion_{name}",
                gain,
                limit,
                gain is not None and gain.high >= limit,
                f"{name} against {settings.champion}: {shown(gain)}, must not lie wholly below {limit:g}",
            )
        )
    return rules


def gain_rule(rows: list[Row], settings: GateSettings) -> dict[str, Any]:
    """The headline is better than the champion's beyond chance, over all questions or the new ones alone.

    Three new facts among hundreds of old ones are no measurable gain over all. Where facts were withdrawn,
    being no worse is enough: the champion gives them, the candidate was trained without them.
    """
    slice_name, metric = settings.headline_slice, settings.headline_metric
    gains = {}
    for name, own in (("all", rows), ("new", [row for row in rows if row["is_new"]])):
        tuned, champion = (values(own, contender, slice_name, metric) for contender in ("tuned", "champion"))
        gain = difference(tuned, champion, settings, comparisons=2)
        if gain and (name == "all" or len(champion) >= MIN_NEW_QUESTIONS):
            gains[name] = gain
    best = max(gains, key=lambda name: gains[name].low, default="all")
    is_withdrawal = any(row["slice"] == "withdrawn" for row in rows)
    is_met = best in gains and gains[best].low > 0
    needed = "the whole interval must lie above 0"
    if is_withdrawal or not settings.require_gain:
        is_met = best in gains
        needed = "no gain needed, facts were withdrawn" if is_withdrawal else "no gain needed"
    told = f"{slice_name} {metric} against {settings.champion} on {best} questions: {shown(gains.get(best))}"
    return rule("better_than_champion", gains.get(best), 0.0, is_met, f"{told}, {needed}")


def shown(interval: Interval | None) -> str:
    """`0.912 (0.880 to 0.940)`."""
    return f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})" if interval else "unknown"


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
