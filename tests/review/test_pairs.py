"""Filters, counts and states over the columns."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import SCORED
from slm_factory.review import decisions
from slm_factory.review.decisions import Decision, Decisions
from slm_factory.review.pairs import COLUMNS, EVERYTHING, Filter, Pairs
from tests import rows
from tests.conftest import REPOSITORY


def pairs(*changes: Row) -> Pairs:
    table = [rows.scored(pair_id=f"p{number}") | change for number, change in enumerate(changes)]
    return Pairs(pa.Table.from_pylist(table, SCORED).select(list(COLUMNS)))


def made(**kinds: str) -> Decisions:
    lines = [Decision.model_validate({"pair_id": name, "decision": kind}) for name, kind in kinds.items()]
    return decisions.latest(lines)


def found(table: Pairs, **facets: str) -> list[int]:
    return [int(number) for number in table.select(Filter(facets))]


TABLE: tuple[dict[str, Any], ...] = (
    {"doc_id": "a.md", "score": 5, "category": "Limits"},
    {
        "doc_id": "b.md",
        "score": None,
        "is_kept": False,
        "reasons": ["language", "number without evidence: 7"],
    },
    {
        "doc_id": "b.md",
        "score": 2,
        "is_kept": False,
        "reasons": ["number without evidence: 9: 1"],
        "language": "ko",
    },
)


@pytest.mark.parametrize(
    ("facets", "numbers"),
    [
        ({}, [0, 1, 2]),
        ({"document": "b.md"}, [1, 2]),
        ({"document": "b.md", "language": "ko"}, [2]),
        ({"score": "2"}, [2]),
        ({"score": "none"}, [1]),
        ({"checks": "dropped"}, [1, 2]),
        ({"reason": "number without evidence"}, [1, 2]),
        ({"reason": "language"}, [1]),
        ({"category": "Limits", "document": "b.md"}, [1, 2]),
        ({"state": "rejected"}, [1]),
        ({"state": "undecided"}, [2]),
        ({"feedback": "down"}, [2]),
    ],
)
def test_every_facet_chooses(facets: dict[str, str], numbers: list[int]) -> None:
    table = pairs(*TABLE)
    table.decide(made(p0="approve", p1="reject"))
    table.feedback[2] = -1
    assert found(table, **facets) == numbers


def test_values_are_counted_among_what_the_other_facets_leave() -> None:
    table = pairs(*TABLE)
    chosen = Filter({"document": "b.md", "score": "2"})
    assert table.values("score", chosen) == [("none", 1), ("2", 1)]
    assert table.values("document", chosen) == [("b.md", 1)]
    assert table.values("reason", EVERYTHING) == [("number without evidence", 2), ("language", 1)]
    assert table.values("checks", EVERYTHING) == [("kept", 1), ("dropped", 2)]
    assert table.values("state", EVERYTHING) == [("undecided", 3)]


@pytest.mark.parametrize(
    ("words", "numbers"), [("(alpha)", [0]), ("알파는 8 BAR", [1]), ("gamma [b", [2]), (".*", [])]
)
def test_search_is_literal_blind_to_case_and_sees_edits(words: str, numbers: list[int]) -> None:
    table = pairs({"question": "What is (ALPHA)?"}, {"answer": "알파는 8 bar"}, {})
    table.decide({"p2": (Decision(pair_id="p2", decision="edit", answer="Gamma [bold]"),)})
    assert table.select(Filter({}, words=words)).tolist() == numbers


def test_marks_tell_contested_stale_and_followed_decisions() -> None:
    table = pairs({}, {"question": "Moved?"}, {"evidence": "New text."})
    seen = {
        "wording": decisions.wording("Moved?", "Alpha is 7 bar."),
        "source": decisions.source("Old text."),
    }
    lines = [
        *(Decision(pair_id="p0", decision=kind, reviewer=kind) for kind in ("approve", "reject")),
        Decision(pair_id="gone", decision="approve", wording=seen["wording"]),
        Decision(pair_id="p2", decision="approve", source=seen["source"]),
    ]
    table.decide(decisions.latest(lines))
    assert {name: found(table, state=name) for name in ("contested", "followed", "stale")} == {
        **{"contested": [0], "followed": [1], "stale": [2]}
    }
    assert table.counts() == {
        **{"undecided": 0, "approved": 2, "edited": 0, "rejected": 1},
        **{"contested": 1, "stale": 1, "followed": 1},
    }


def test_a_decision_taken_back_leaves_nothing() -> None:
    table = pairs({}, {})
    table.decide(made(p0="reject", p1="approve"))
    table.decide_some(made(p1="approve"), ["p0", "unknown"])
    assert (table.states.tolist(), list(table.applied)) == ([0, 1], ["p1"])


def test_an_edit_is_what_is_shown() -> None:
    table = pairs({})
    table.decide({"p0": (Decision(pair_id="p0", decision="edit", question="New?"),)})
    assert table.shown(0) == ("New?", "Alpha is 7 bar.")


def test_an_empty_table_can_be_filtered() -> None:
    table = pairs()
    table.decide({})
    assert found(table, document="a.md") == [] and table.number_of("p") is None
    assert table.values("reason", EVERYTHING) == []


OPENING = """
import sys
from pathlib import Path
from slm_factory.review.decisions import Decision
from slm_factory.review.pairs import EVERYTHING, Pairs

pairs = Pairs.read(Path(sys.argv[1]))
pairs.decide({"p1": (Decision(pair_id="p1", decision="approve"),)})
pairs.select(EVERYTHING), pairs.counts(), pairs.row(0)
sys.exit("pandas" in sys.modules)
"""


def test_until_the_first_screen_nothing_imports_pandas(tmp_path: Path) -> None:
    """Arrow does so in many places; it would cost half a second of the two."""
    file = tmp_path / "score.parquet"
    files.write_rows(file, [rows.scored()], SCORED)
    opened = subprocess.run([sys.executable, "-c", OPENING, str(file)], cwd=REPOSITORY, check=False)
    assert opened.returncode == 0
