"""The data report: one self-contained HTML page, the same bytes for the same counts."""

from typing import Any

from slm_factory.report import bilingual
from slm_factory.report.coverage import NOT_READ
from slm_factory.report.distributions import BIN, shares
from slm_factory.report.funnel import label

MAX_ROWS = 200  # of one table; what is left out is counted below it
MAX_VALUES = 12  # of one column


def render(report: dict[str, Any]) -> str:
    """The page for a report (`stages.analyze.content`, with `usage` and `sample`).

    Where a browser does not tell its reader's language, it opens in that of most training pairs.
    """
    most_of_unit = {step["unit"]: 0 for step in report["funnel"]}
    for step in report["funnel"]:
        most_of_unit[step["unit"]] = max(most_of_unit[step["unit"]], step["left"])
    return bilingual.render(
        "analyze.html",
        next(iter(report["distributions"]["language"]), "en"),
        **{
            **report,
            "documents": sorted(report["documents"], key=lambda row: row["rows"]),
            "silent": [chunk for chunk in report["silent"] if chunk["reason"] != NOT_READ],
        },
        silent_reasons=shares(label(chunk["reason"]) for chunk in report["silent"]),
        most_of_unit=most_of_unit,
        bin_size=BIN,
        max_rows=MAX_ROWS,
        max_values=MAX_VALUES,
    )
