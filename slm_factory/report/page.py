"""One self-contained HTML page: no script, no address outside, the same bytes for the same counts."""

from pathlib import Path
from typing import Any

from slm_factory.report.coverage import NOT_READ
from slm_factory.report.distributions import BIN, shares
from slm_factory.report.funnel import label
from slm_factory.report.labels import KOREAN

TEMPLATE = Path(__file__).with_name("page.html")
MAX_ROWS = 200  # of one table; what is left out is counted below it
MAX_VALUES = 12  # of one column


def render(report: dict[str, Any]) -> str:
    """The page for a report (`stages.analyze.content`, with `usage` and `sample`); every text is escaped.

    It opens in the language of most training pairs.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"korean": korean, "number": number}
    most_of_unit = {step["unit"]: 0 for step in report["funnel"]}
    for step in report["funnel"]:
        most_of_unit[step["unit"]] = max(most_of_unit[step["unit"]], step["left"])
    return environment.get_template(TEMPLATE.name).render(
        **{
            **report,
            "documents": sorted(report["documents"], key=lambda row: row["rows"]),
            "silent": [chunk for chunk in report["silent"] if chunk["reason"] != NOT_READ],
        },
        silent_reasons=shares(label(chunk["reason"]) for chunk in report["silent"]),
        language=next(iter(report["distributions"]["language"]), "en"),
        most_of_unit=most_of_unit,
        bin_size=BIN,
        max_rows=MAX_ROWS,
        max_values=MAX_VALUES,
    )


def korean(text: str) -> str:
    """`text` in Korean where the report has words for it; a reason's beginning is enough."""
    head, colon, rest = text.partition(": ")
    return KOREAN.get(text) or (f"{KOREAN[head]}{colon}{rest}" if head in KOREAN else text)


def number(value: float) -> str:
    """A count with thousands separators, anything else with at most four digits behind the point."""
    if isinstance(value, int) or value == int(value):
        return f"{int(value):,}"
    return f"{value:,.4f}".rstrip("0")
