"""The page of `eval compare`: one HTML file in both languages, which any browser shows offline."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slm_factory.cli.eval_compare import Comparisons
    from slm_factory.core.files import Row
    from slm_factory.metrics.comparison import Comparison

MAX_ROWS = 1000  # answers of one slice; the worst come first, all are in data/eval and data/evaluate.parquet
SIGNS = {"good": "✓", "half": "◐", "bad": "✗", "none": "·"}  # colour alone tells nothing to many


def render(base: str, ft: str, compared: "Comparisons", before: "list[Row]", after: "list[Row]") -> str:
    """The whole page; all text of models and documents is escaped."""
    from slm_factory.report import bilingual
    from slm_factory.report.card import HEADLINES

    return bilingual.render(
        "eval_compare.html",
        "en",
        base=base,
        ft=ft,
        compared=compared,
        answers=answers(before, after),
        tells={name: words for name, (_, words) in HEADLINES.items()},
        signs=SIGNS,
        max_rows=MAX_ROWS,
        **{use.__name__: use for use in (by_gain, bounds, shown, significance, style)},
    )


def by_gain(group: "dict[str, Comparison]") -> list[str]:
    """The names, that which gained least first."""
    return sorted(group, key=lambda name: (group[name].gain.mean, name))


def significance(found: "Comparison") -> str:
    """`good` or `bad` where interval and sign test agree: the interval of few questions is too narrow."""
    if found.p >= 0.05:
        return ""
    return "good" if found.gain.low > 0 else "bad" if found.gain.high < 0 else ""


def bounds(found: "Comparison") -> str:
    """The interval of the gain: `[+0.93, +0.98]`."""
    return f"[{found.gain.low:+.2f}, {found.gain.high:+.2f}]"


def shown(p: float) -> str:
    """A p value to three places, `<0.001` below."""
    return f"{p:.3f}" if p >= 0.001 else "<0.001"


def answers(before: "list[Row]", after: "list[Row]") -> "dict[str, list[tuple[Row, Row]]]":
    """Both answers to each question, by slice, in the order of `urgency`."""
    from slm_factory.metrics.slices import SLICES

    other = {answer["question_id"]: answer for answer in after}
    asked = {answer["slice"] for answer in before} - {"text"}
    found = {}
    for name in (name for name in SLICES if name in asked):
        both = [
            (answer, other[answer["question_id"]])
            for answer in before
            if answer["slice"] == name and answer["question_id"] in other
        ]
        found[name] = sorted(
            both, key=lambda pair: (urgency(mark(pair[0]), mark(pair[1])), pair[0]["question_id"])
        )
    return found


def urgency(one: float, two: float) -> int:
    """What a reader should see first: 0 got worse, 1 stayed wrong, 2 got better, 3 the rest."""
    if two < one:
        return 0
    return (1 if two < 1 else 3) if two == one else 2


def mark(answer: "Row") -> float:
    """How good an answer is, 0 to 1, by the metric that judges its slice; 0.5 where none does."""
    from slm_factory.metrics.slices import SLICES

    metric, is_higher_better = SLICES[answer["slice"]]
    if metric == "answer_loss" or answer[metric] is None:
        return 0.5
    value = float(answer[metric])
    return value if is_higher_better else 1 - value


def style(answer: "Row") -> str:
    """The colour of an answer."""
    from slm_factory.metrics.slices import SLICES

    metric, _ = SLICES[answer["slice"]]
    if metric == "answer_loss" or answer[metric] is None:
        return "none"
    return {0.0: "bad", 1.0: "good"}.get(mark(answer), "half")
