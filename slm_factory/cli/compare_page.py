"""The page of `eval compare`: one HTML file without scripts or links, which any browser shows offline."""

from html import escape
from string import Template
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from slm_factory.cli.eval_compare import Comparisons
    from slm_factory.core.files import Row
    from slm_factory.metrics.comparison import Comparison

PAGE = Template(
    """<!doctype html>
<html lang="ko"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: light-dark(#d4d4d4, #444); --good: light-dark(#d9f2dd, #17401f);
  --half: light-dark(#fdf0cd, #4a3b10); --bad: light-dark(#fadcd9, #4d1f1b);
  --none: light-dark(#eee, #2c2c2c); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  word-break: keep-all; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right; vertical-align: top; }
th:first-child, td:first-child, .answers td, .answers th { text-align: left; }
.scroll td:not(:first-child) { white-space: nowrap; }
.scroll th { overflow-wrap: normal; } .scroll td:first-child { min-width: 4rem; }
.answers td { width: 33%; white-space: pre-wrap; }
.good { background: var(--good); } .half { background: var(--half); }
.bad { background: var(--bad); } .none { background: var(--none); }
summary { cursor: pointer; font-weight: 600; margin: 1rem 0 .5rem; }
small { opacity: .75; }
@media (max-width: 44rem) {
  body { margin: 1rem auto; padding: 0 .6rem; }
  .scroll { font-size: .85rem; }
  th, td { padding: .25rem .3rem; }
  .gain small { display: block; }
  .answers tr, .answers td { display: block; width: auto; }
  .answers th { display: none; }
  .answers td { padding: .4rem .6rem; }
  .answers td[data-by]::before { content: attr(data-by); display: block; font-size: .75rem; opacity: .75; }
}
</style>
<h1>$title</h1>
<p>$headline</p>
<p><small>Gain: the right minus the left, turned round where lower is better, paired by question, with its
95% interval; coloured where that and a two-sided sign test over won and lost questions (p below 0.05)
agree.</small></p>
$tables
<h2>Answers</h2>
<p>What got worse comes first, then what both got wrong. <span class="good">right</span>
<span class="half">partly</span> <span class="bad">wrong</span> <span class="none">not judged</span></p>
$answers
</html>
"""
)
OPEN = ("slice", "recall")  # what is not folded up


def render(base: str, ft: str, compared: "Comparisons", before: "list[Row]", after: "list[Row]") -> str:
    """The whole page; all text of models and documents is escaped."""
    return PAGE.substitute(
        title=escape(f"{base} and {ft}"),
        headline=headline(base, ft, compared),
        tables="\n".join(table(title, base, ft, group) for title, group in compared.items()),
        answers="\n".join(slices(base, ft, before, after)),
    )


def headline(base: str, ft: str, compared: "Comparisons") -> str:
    """The first slice in a sentence."""
    name, found = next(iter(compared["slice"].items()))
    return escape(
        f"On {name}, {found.n} questions: {ft} is better on {found.wins}, {base} on {found.losses}, "
        f"{found.ties} are equal. Gain {found.gain.mean:+.2f} {bounds(found)}, p {shown(found.p)}."
    )


def table(title: str, base: str, ft: str, group: "dict[str, Comparison]") -> str:
    """The comparisons of one kind: slices in their order, categories and documents by gain, least first."""
    is_open = title in OPEN
    names = list(group) if is_open else sorted(group, key=lambda name: (group[name].gain.mean, name))
    headings = (title, "n", base, ft, "gain", "won / lost / tied", "p")
    lines = ["".join(f"<th>{escape(heading)}</th>" for heading in headings)]
    for name in names:
        found = group[name]
        plain = [name, str(found.n), f"{found.base:.2f}", f"{found.ft:.2f}"]
        gain = f"{found.gain.mean:+.2f} <small>{bounds(found)}</small>"
        counts = f"{found.wins} / {found.losses} / {found.ties}"
        lines.append(
            "".join(f"<td>{escape(cell)}</td>" for cell in plain)
            + f'<td class="gain {significance(found)}">{gain}</td>'
            + f"<td>{counts}</td><td>{escape(shown(found.p))}</td>"
        )
    rows = "".join(f"<tr>{line}</tr>" for line in lines)
    content = f'<div class="scroll"><table>{rows}</table></div>'
    return content if is_open else f"<details><summary>By {title}: {len(names)}</summary>{content}</details>"


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


def slices(base: str, ft: str, before: "list[Row]", after: "list[Row]") -> list[str]:
    """Each slice's questions with both answers, in the order of `urgency`."""
    from slm_factory.metrics.slices import SLICES

    other = {answer["question_id"]: answer for answer in after}
    asked = {answer["slice"] for answer in before} - {"text"}
    parts = []
    for name in (name for name in SLICES if name in asked):
        both = [
            (answer, other[answer["question_id"]])
            for answer in before
            if answer["slice"] == name and answer["question_id"] in other
        ]
        both.sort(key=lambda pair: (urgency(mark(pair[0]), mark(pair[1])), pair[0]["question_id"]))
        lines = [f"<tr><th>question</th><th>{escape(base)}</th><th>{escape(ft)}</th></tr>"]
        lines += [answers(base, ft, one, two) for one, two in both]
        is_open = " open" if name in OPEN else ""
        parts.append(
            f"<details{is_open}><summary>{escape(name)}: {len(both)}</summary>"
            f'<table class="answers">{"".join(lines)}</table></details>'
        )
    return parts


def answers(base: str, ft: str, one: "Row", two: "Row") -> str:
    """A question with its reference and place, and both answers in their colours."""
    about = [f"→ {one['reference']}", one["doc_id"]]
    small = "".join(f"<br><small>{escape(line)}</small>" for line in about if line)
    cells = "".join(
        f'<td class="{style(answer)}" data-by="{escape(name)}">{escape(answer["answer"])}</td>'
        for name, answer in ((base, one), (ft, two))
    )
    return f"<tr><td>{escape(one['question'])}{small}</td>{cells}</tr>"


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
