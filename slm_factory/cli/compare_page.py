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
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color-scheme: light dark; --line: light-dark(#d4d4d4, #444); --good: light-dark(#d9f2dd, #17401f);
  --half: light-dark(#fdf0cd, #4a3b10); --bad: light-dark(#fadcd9, #4d1f1b);
  --none: light-dark(#eee, #2c2c2c); }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: right; vertical-align: top; }
th:first-child, td:first-child, .answers td, .answers th { text-align: left; }
.answers td { width: 30%; white-space: pre-wrap; overflow-wrap: anywhere; }
.good { background: var(--good); } .half { background: var(--half); }
.bad { background: var(--bad); } .none { background: var(--none); }
summary { cursor: pointer; font-weight: 600; margin: 1rem 0; }
small { opacity: .7; }
</style>
<h1>$title</h1>
<p>Gain: the right minus the left, turned round where lower is better, paired by question,
with its 95% interval. p: two-sided sign test over wins and losses.
Answers: <span class="good">right</span> <span class="half">partly</span> <span class="bad">wrong</span>
<span class="none">not judged</span>.</p>
$tables
<h2>Answers</h2>
$answers
</html>
"""
)


def render(base: str, ft: str, compared: "Comparisons", before: "list[Row]", after: "list[Row]") -> str:
    """The whole page; all text of models and documents is escaped."""
    return PAGE.substitute(
        title=escape(f"{base} and {ft}"),
        tables="\n".join(table(title, base, ft, group) for title, group in compared.items()),
        answers="\n".join(slices(base, ft, before, after)),
    )


def table(title: str, base: str, ft: str, group: "dict[str, Comparison]") -> str:
    """The comparisons of one kind."""
    headings = [title, "number", base, ft, "gain", "wins", "losses", "ties", "p"]
    lines = [row("th", headings)]
    for name, found in group.items():
        gain = f"{found.gain.mean:+.3f} ({found.gain.low:+.3f} to {found.gain.high:+.3f})"
        style = "good" if found.gain.low > 0 else "bad" if found.gain.high < 0 else ""
        numbers = [f"{found.base:.3f}", f"{found.ft:.3f}", gain, str(found.wins), str(found.losses)]
        cells = [name, str(found.n), *numbers, str(found.ties), f"{found.p:.4f}"]
        lines.append(row("td", cells, ["", "", "", "", style]))
    return f"<table>{''.join(lines)}</table>"


def slices(base: str, ft: str, before: "list[Row]", after: "list[Row]") -> list[str]:
    """Each slice's questions with both answers, those first in which the two differ most."""
    other = {answer["question_id"]: answer for answer in after}
    parts = []
    for name in sorted({answer["slice"] for answer in before} - {"text"}):
        both = [
            (answer, other[answer["question_id"]])
            for answer in before
            if answer["slice"] == name and answer["question_id"] in other
        ]
        both.sort(key=lambda pair: (-abs(mark(pair[1]) - mark(pair[0])), pair[0]["question_id"]))
        lines = [row("th", ["question", base, ft])]
        for one, two in both:
            question = f"{escape(one['question'])}<br><small>{escape(one['reference'])}</small>"
            cells = "".join(
                f'<td class="{style(answer)}">{escape(answer["answer"])}</td>' for answer in (one, two)
            )
            lines.append(f"<tr><td>{question}</td>{cells}</tr>")
        is_open = " open" if name == "recall" else ""
        parts.append(
            f"<details{is_open}><summary>{escape(name)}: {len(both)}</summary>"
            f'<table class="answers">{"".join(lines)}</table></details>'
        )
    return parts


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


def row(tag: str, cells: list[str], styles: list[str] | None = None) -> str:
    """A table row of plain texts, coloured by `styles` where there are any."""
    colours = [*(styles or []), *[""] * len(cells)]
    written = (
        f'<{tag} class="{colour}">{escape(cell)}</{tag}>' if colour else f"<{tag}>{escape(cell)}</{tag}>"
        for cell, colour in zip(cells, colours, strict=False)
    )
    return f"<tr>{''.join(written)}</tr>"
