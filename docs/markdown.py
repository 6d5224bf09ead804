"""Markdown of the reference pages."""

NOTE = "<!-- Written by `make docs`; edit the code it describes instead. -->"


def page(title: str, *parts: str) -> str:
    """A page: title, note, parts."""
    return "\n\n".join([f"# {title}", NOTE, *parts]) + "\n"


def table(titles: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; pipes and line ends in cells are made harmless."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(
        "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in line) + " |"
        for line in lines
    )
