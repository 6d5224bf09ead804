"""What a person should look at before training on the data."""

from slm_factory.core.files import Row

NAMED = 5  # documents that one warning names
MOSTLY = 0.8  # of the questions ask in one way: the student learns to be asked so only


def warnings(
    documents: list[Row], question_types: dict[str, int], failed_chunks: int, steps: list[Row], ratio: float
) -> list[Row]:
    """What there is to look at: a label, how many, and which or how much.

    `documents` and `steps` are what `coverage.documents` and `funnel.steps` return. Documents are uneven when
    one has more than `ratio` times the training rows of another.
    """
    trained = [row for row in documents if row["rows"]]
    return [
        *of_documents("documents without training rows", [row for row in documents if not row["rows"]]),
        *of_documents(
            "documents without test questions", [row for row in trained if not row["tested_facts"]]
        ),
        *uneven(trained, ratio),
        *failed(failed_chunks),
        *one_sided(question_types),
        *mostly_rejected({step["step"]: step["left"] for step in steps}),
    ]


def of_documents(label: str, rows: list[Row]) -> list[Row]:
    """A warning that names the first few of these documents, if there are any."""
    names = [row["document"] for row in rows[:NAMED]]
    others = f" (+{len(rows) - NAMED})" if len(rows) > NAMED else ""
    return [{"label": label, "count": len(rows), "detail": ", ".join(names) + others}] * bool(rows)


def uneven(trained: list[Row], ratio: float) -> list[Row]:
    """A warning when the largest document outweighs the smallest one."""
    if not trained:
        return []
    most, least = max(trained, key=lambda row: row["rows"]), min(trained, key=lambda row: row["rows"])
    if most["rows"] <= ratio * least["rows"]:
        return []
    detail = f"{most['document']} {most['rows']}, {least['document']} {least['rows']}"
    return [{"label": "uneven documents", "count": 2, "detail": detail}]


def failed(chunks: int) -> list[Row]:
    """A warning when chunks got no answer."""
    label = "chunks that the teacher failed on (the next run asks again)"
    return [{"label": label, "count": chunks, "detail": str(chunks)}] * bool(chunks)


def one_sided(question_types: dict[str, int]) -> list[Row]:
    """A warning when nearly all questions ask in one way."""
    asked = sum(question_types.values())
    return [
        {"label": "one type of question", "count": count, "detail": f"{name}, {count} of {asked}"}
        for name, count in question_types.items()
        if count > MOSTLY * asked
    ]


def mostly_rejected(left: dict[str, int]) -> list[Row]:
    """A warning when checks and marks took away more than half of the pairs."""
    rejected = left["pairs"] - left["pairs with good marks"]
    if 2 * rejected <= left["pairs"]:
        return []
    return [{"label": "many pairs rejected", "count": rejected, "detail": f"{rejected} of {left['pairs']}"}]
