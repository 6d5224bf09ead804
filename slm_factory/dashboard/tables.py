"""What the dashboard tells in tables: held-out slices, the gate's rules, what was paid, versions."""

from datetime import timedelta
from typing import Any

from rich.table import Table
from rich.text import Text

from slm_factory.dashboard.observe import Observation
from slm_factory.dashboard.shown import duration
from slm_factory.language import N_, _, ngettext
from slm_factory.metrics.slices import SLICES

CONTENDERS = {"base": N_("base"), "champion": N_("champion"), "tuned": N_("tuned")}
TITLES = {"key_facts": N_("key facts"), "is_refusal": N_("refusal"), "answer_loss": N_("loss")}
VERDICTS = {"pass": (N_("passed"), "green"), "fail": (N_("refused"), "red")}
# Rules of the gate, and on which side of its limit the value has to lie.
RULES = {
    "enough_questions": (N_("enough questions"), "≥"),
    "reaches_minimum": (N_("reaches the minimum"), "≥"),
    "better_than_base": (N_("better than base"), ">"),
    "refuses_little": (N_("refuses little"), "≤"),
    "refuses_where_due": (N_("refuses where due"), "≥"),
    "forgets_little": (N_("forgets little chat"), "≤"),
    "forgets_little_text": (N_("forgets little text"), "≤"),
    "gives_no_withdrawn_facts": (N_("gives no withdrawn facts"), "≤"),
    "better_than_champion": (N_("better than the champion"), ">"),
}
NOT_WORSE = "not_worse_than_champion_"


def table(*titles: str, right: range = range(0)) -> Table:
    """An empty table of those titles; columns in `right` hold numbers."""
    found = Table(box=None, pad_edge=False, header_style="bold")
    for at, title in enumerate(titles):
        found.add_column(title, justify="right" if at in right else "left", overflow="fold")
    return found


def slices(seen: Observation) -> Table | Text:
    """The held-out slices: base, champion, and tuned with its 95% interval, the means of three digits."""
    contenders = [
        name for name in CONTENDERS if any(name in seen.slices.get(slice_name, {}) for slice_name in SLICES)
    ]
    if not contenders:
        return Text(_("Nothing has been evaluated yet."), "dim")
    titles = [_(CONTENDERS[name]) for name in contenders]
    found = table(_("slice"), *titles, right=range(1, len(titles) + 1))
    for name, (metric, is_higher_better) in SLICES.items():
        measured = seen.slices.get(name, {})
        if not measured:
            continue
        values = [measured.get(contender, {}).get(metric.removeprefix("is_")) for contender in contenders]
        means = [f"{value['mean']:.2f}" if value else "-" for value in values]
        if values[-1]:  # the candidate's interval; three of them would not fit 80 columns
            means[-1] += f" ({values[-1]['low']:.2f} ~ {values[-1]['high']:.2f})"
        found.add_row(f"{name} {_(TITLES[metric])} {'↑' if is_higher_better else '↓'}", *means)
    return found


def verdict(seen: Observation) -> Text:
    """The gate's verdict."""
    if not seen.gate:
        return Text(_("The gate has not judged yet."), "dim")
    told, style = VERDICTS[seen.gate["verdict"]]
    return Text.assemble(_("gate: "), (_(told), f"bold {style}"))


def rules(seen: Observation) -> Table:
    """The gate's rules with value and limit, those that were not met first."""
    found = table()
    found.show_header = False
    for justify in ("left", "left", "right", "left"):
        found.add_column(justify=justify, overflow="fold")
    for rule in sorted(seen.gate.get("rules", []), key=lambda rule: rule["is_met"]):
        mark = Text("✓", "green") if rule["is_met"] else Text("✗", "bold red")
        name, sign = rule_title(rule["name"])
        found.add_row(mark, Text(name), Text(measured(rule)), Text(f"{sign} {rule.get('limit', 0):g}"))
    return found


def rule_title(name: str) -> tuple[str, str]:
    """A rule in words, and the side of its limit on which the value has to lie."""
    if name.startswith(NOT_WORSE):
        return _("%s no worse than the champion's") % name.removeprefix(NOT_WORSE), "≥"
    title, sign = RULES.get(name, (name, ""))
    return _(title), sign


def measured(rule: dict[str, Any]) -> str:
    """`0.941 (0.91 ~ 0.97)`, a dash where there was nothing to judge by."""
    value, low, high = (rule.get(key) for key in ("value", "low", "high"))
    if value is None:
        return "-"
    if low == high or low is None or high is None:
        return f"{value:g}"
    return f"{value:.3f} ({low:.2f} ~ {high:.2f})"


def spending(seen: Observation) -> Table | Text:
    """What the teacher's answers in the tables took, by stage."""
    stages = seen.teacher.get("stages", {})
    if not stages:
        return Text(_("No teacher has been asked yet."), "dim")
    titles = (_("requests"), _("failed"), _("prompt tokens"), _("answer tokens"), _("time"), _("money"))
    found = table(_("stage"), *titles, right=range(1, len(titles) + 1))
    found.padding = (0, 1, 0, 0)  # seven columns beside the graph in 80
    total = seen.teacher.get("total")
    for stage, values in [*stages.items(), *([(_("total"), total)] if total else [])]:
        counts = [
            short(values[name]) for name in ("requests", "failed", "prompt_tokens", "completion_tokens")
        ]
        cells = [stage, *counts, clock(values["seconds"]), f"{values.get('money') or 0:.2f}"]
        found.add_row(*cells, style="bold" if values is total else "")
    return found


def clock(seconds: float) -> str:
    """Hours, minutes and seconds as `3:33:20`."""
    return str(timedelta(seconds=round(seconds)))


def short(value: float) -> str:
    """A count in few characters: 9,500, 61.2k, 1.23M."""
    for unit, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= unit and value >= 10_000:
            return f"{value / unit:.3g}{name}"
    return f"{value:,.0f}"


def ledger(seen: Observation) -> Text:
    """What the repository has cost so far on this machine, by the ledger, and the budget."""
    found = seen.spent
    if found is None:
        return Text()
    budget = (seen.settings.get("teacher") or {}).get("budget") or {}
    limits = {"tokens": budget.get("tokens"), "money": budget.get("money")}
    told = {
        "tokens": of(f"{found.tokens:,}", limits["tokens"]),
        "money": of(f"{found.money:.2f}", limits["money"]),
    }
    lines = [_("Teacher so far on this machine: %(tokens)s tokens, %(money)s money") % told]
    if found.trainings:
        trained = {"time": duration(found.training_seconds), "money": f"{found.training_money:.2f}"}
        counted = ngettext("%d training", "%d trainings", found.trainings) % found.trainings
        lines.append(counted + ": " + _("%(time)s, %(money)s money") % trained)
    return Text("\n".join(lines))


def of(spent: str, limit: float | None) -> str:
    """What was spent, with its limit where there is one."""
    return _("%(spent)s of %(limit)s") % {"spent": spent, "limit": f"{limit:,g}"} if limit else spent


def versions(seen: Observation) -> Table | Text:
    """The registry, newest first."""
    known = seen.registry.get("versions", [])
    if not known:
        return Text(
            _("No version yet. e runs what is stale, and serves the result if the gate lets it."), "dim"
        )
    found = table(_("version"), _("docs"), _("rows"), _("headline"), _("verdict"), right=range(1, 4))
    for version in reversed(known):
        is_served = version["name"] == seen.registry.get("served")
        headline = version.get("headline")
        found.add_row(
            Text(version["name"], "bold" if is_served else ""),
            *(short(version[key]) if key in version else "-" for key in ("documents", "train_lines")),
            "-" if headline is None else f"{headline:.3f}",
            became(version, is_served),
        )
    return found


def became(version: dict[str, Any], is_served: bool) -> Text:
    """What became of a version: whether it passed and serves, else which rules it did not meet."""
    told, style = VERDICTS[version["verdict"]]
    text = Text(_(told), style)
    if is_served:
        text.append(", ").append(_("in service"), "bold")
    elif version.get("is_withdrawn"):
        text.append(", " + _("withdrawn"), "yellow")
    fell = ", ".join(rule_title(name)[0] for name in version.get("fell", []))
    return text.append("; " + _("not met: %s") % fell, "default") if fell else text
