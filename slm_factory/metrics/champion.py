"""The gate's rules that compare a candidate with the champion: better somewhere, worse nowhere."""

from collections import defaultdict
from typing import Any

from slm_factory.core.files import Row
from slm_factory.core.sampling import source_of
from slm_factory.metrics.rules import Values, difference, rule, shown, values
from slm_factory.metrics.slices import SLICES, GateSettings

MIN_NEW_QUESTIONS = 3  # fewer can all be right by chance


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
            groups[source_of(row["doc_id"]) or "."].append(row)
    for group, own in sorted(groups.items()) if len(groups) > 1 else ():
        tuned, champion = (
            values(own, contender, settings.headline_slice, settings.headline_metric)
            for contender in ("tuned", "champion")
        )
        if len(tuned.keys() & champion.keys()) >= settings.min_group_questions:
            pairs[f"{settings.headline_slice} in {group}"] = (tuned, champion)
    return pairs


def champion_rules(rows: list[Row], settings: GateSettings) -> list[dict[str, Any]]:
    """No slice and no group of documents measurably worse than the champion's.

    Losses have a tolerance: they vary so little from text to text that any two trainings differ measurably.
    """
    pairs = compared(rows, settings)
    rules = []
    for name, (better, worse) in pairs.items():
        gain = difference(better, worse, settings, len(pairs))
        is_loss = name in SLICES and SLICES[name].metric == "answer_loss"
        limit = -settings.loss_tolerance if is_loss else 0.0
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

    Three new facts among hundreds of old ones are no measurable gain over all. Being no worse is enough where
    facts were withdrawn (the champion gives them, the candidate was trained without them), and for one that
    is the champion itself: all documents are again as they were when that was made.
    """
    slice_name, metric = settings.headline_slice, settings.headline_metric
    gains = {}
    for name, own in (("all", rows), ("new", [row for row in rows if row["is_new"]])):
        tuned, champion = (values(own, contender, slice_name, metric) for contender in ("tuned", "champion"))
        gain = difference(tuned, champion, settings, comparisons=2)
        if gain and (name == "all" or len(champion) >= MIN_NEW_QUESTIONS):
            gains[name] = gain
    best = max(gains, key=lambda name: gains[name].low, default="all")
    excuse = ""
    if any(row["slice"] == "withdrawn" for row in rows):
        excuse = "no gain needed: facts were withdrawn"
    elif is_same(rows):
        excuse = "no gain needed: it is the champion"
    elif not settings.require_gain:
        excuse = "no gain needed"
    is_met = best in gains and (bool(excuse) or gains[best].low > 0)
    told = f"{slice_name} {metric} against {settings.champion} on {best} questions: {shown(gains.get(best))}"
    return rule(
        "better_than_champion",
        gains.get(best),
        0.0,
        is_met,
        f"{told}, {excuse or 'the whole interval must lie above 0'}",
    )


def is_same(rows: list[Row]) -> bool:
    """Whether the candidate answers as the champion does, to the letter and with the same losses."""
    said: dict[str, set[tuple[str, str, float]]] = {"tuned": set(), "champion": set()}
    for row in rows:
        if row["contender"] in said:
            said[row["contender"]].add((row["question_id"], row["answer"], row["answer_loss"]))
    return said["tuned"] == said["champion"]
