"""`slm-factory tool compare-data`: folders, tables and git revisions, and what it says of them."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.files import Row
from slm_factory.core.records import DOCUMENT, PAIR, REVIEWED, SPLIT
from slm_factory.report.comparison import DataSet, compare
from tests import rows
from tests.cli.conftest import BIN, Command


def pair(pair_id: str, split: str = "train", **changes: Any) -> Row:
    marks = dict.fromkeys(("faithfulness", "completeness", "usefulness"), 5)
    return rows.split(pair_id=pair_id, split=split, similarity=1.0, **marks) | changes


def write(folder: Path, pairs: list[Row], rejected: list[Row] = [], sha256: str = "0") -> None:  # noqa: B006
    """A data folder with the tables that a comparison reads."""
    document = rows.document(sha256=sha256)
    files.write_rows(folder / "parse.parquet", [document], DOCUMENT)
    reviewed = [{name: row[name] for name in REVIEWED.names} for row in [*pairs, *rejected]]
    files.write_rows(folder / "review.parquet", reviewed, REVIEWED)
    files.write_rows(folder / "split.parquet", pairs, SPLIT)


def data(name: str, *pairs: Row, **documents: str) -> DataSet:
    return DataSet(name, documents, {row["pair_id"]: row for row in pairs})


def test_documents_facts_and_pairs_that_came_went_and_changed_are_named() -> None:
    a = data("a", pair("p1"), pair("p2", fact_id="f2"), pair("p3", fact_id="f3"), x="1", y="1")
    b = data(
        "b", pair("p1", answer="Else."), pair("p2", fact_id="f2"), pair("p4", fact_id="f4"), y="2", z="1"
    )
    found = compare(a, b)
    assert found["documents"] == {"a": 2, "b": 2, "added": ["z"], "removed": ["x"], "changed": ["y"]}
    assert found["facts"] == {"a": 3, "b": 3, "added": ["f4"], "removed": ["f3"], "changed": ["f1"]}
    assert found["pairs"] == {"a": 3, "b": 3, "added": ["p4"], "removed": ["p3"], "changed": ["p1"]}


def test_counts_stand_beside_each_other_and_rejected_pairs_only_in_their_reasons() -> None:
    bad = pair("p9", is_kept=False, reasons=["unsupported number: 7", "unsupported number: 8"])
    found = compare(data("a", pair("p1")), data("b", pair("p1"), pair("p2", "test", kind="cause"), bad))
    assert found["counts"]["split"] == {"test": {"a": 0, "b": 1}, "train": {"a": 1, "b": 1}}
    assert found["counts"]["kind"]["cause"] == {"a": 0, "b": 1}
    assert found["rejected"] == {"unsupported number": {"a": 0, "b": 1}}
    assert found["pairs"]["b"] == 2


def test_test_questions_that_the_other_trains_on_are_leaks_in_whatever_words() -> None:
    a = data(
        "a", pair("p1", "test", question="복구 시간은 얼마인가?"), pair("p2", "train", question="다른 것은?")
    )
    b = data(
        "b", pair("p3", "train", question="복구시간이 얼마인가요?"), pair("p2", "test", question="다른 것은?")
    )
    found = compare(a, b)
    assert found["leaks"]["test_of_a_in_train_of_b"] == {
        "questions": 1,
        "examples": ["복구 시간은 얼마인가?"],
    }
    assert found["leaks"]["test_of_b_in_train_of_a"]["questions"] == 1
    assert found["moved_pairs"] == {"train to test": 1}
    assert compare(a, a)["leaks"]["test_of_a_in_train_of_b"]["questions"] == 0


def test_folders_and_tables_of_any_stage_can_be_compared(slm_factory: Command, tmp_path: Path) -> None:
    write(tmp_path / "one", [pair("p1")])
    write(
        tmp_path / "two" / "data",
        [pair("p1"), pair("p2", "test")],
        [pair("p3", is_kept=False, reasons=["r"])],
    )
    result = slm_factory("tool", "compare-data", str(tmp_path / "one"), str(tmp_path / "two"), "--json")
    found = json.loads(result.stdout)
    assert found["pairs"] == {"a": 1, "b": 2, "added": ["p2"], "removed": [], "changed": []}
    assert found["rejected"] == {"r": {"a": 0, "b": 1}}
    page = tmp_path / "pages" / "versions.html"
    told = slm_factory(
        "tool", "compare-data", str(tmp_path / "one"), str(tmp_path / "two"), "--html", str(page)
    )
    assert told.stdout.splitlines()[-1] == f"As a page: {page}"
    html = page.read_text(encoding="utf-8")
    assert (
        "Two versions of the data" in html and "데이터 두 판의 비교" in html and str(tmp_path / "one") in html
    )
    table = tmp_path / "generate.parquet"
    files.write_rows(table, [rows.pair(), rows.pair(pair_id="p7", question="[bold]Q[/nothing]?")], PAIR)
    shown = slm_factory("tool", "compare-data", str(tmp_path / "one"), str(table))
    assert shown.returncode == 0 and "pairs per kind" in shown.stdout, shown.stderr


@pytest.fixture
def versions(pipeline: Path) -> Path:
    """The current repository with two committed versions of its tables, tagged v1 and v2, and newer ones."""
    data_folder = pipeline / "data"
    for tag, pairs in (("v1", [pair("p1")]), ("v2", [pair("p1"), pair("p2", "test")])):
        write(data_folder, pairs, sha256=tag)
        tables = [f"data/{name}.parquet" for name in ("parse", "review", "split")]
        subprocess.run([str(BIN / "dvc"), "add", "-q", *tables], check=True)
        subprocess.run(["git", "add", "-A"], check=True)
        identity = ["-c", "user.email=test@example.com", "-c", "user.name=test"]
        subprocess.run(["git", *identity, "commit", "-q", "-m", tag], check=True)
        subprocess.run(["git", "tag", tag], check=True)
    write(data_folder, [pair("p2", "test")], sha256="v2")
    return pipeline


def test_git_revisions_are_read_from_the_cache_and_the_workspace_is_the_default(
    slm_factory: Command, versions: Path
) -> None:
    found = json.loads(slm_factory("tool", "compare-data", "HEAD~1", "v2", "--json").stdout)
    assert (found["pairs"]["added"], found["documents"]["changed"]) == (["p2"], ["a.md"])
    shown = slm_factory("tool", "compare-data", "v2")
    assert shown.returncode == 0
    assert [line.split() for line in shown.stdout.splitlines() if line.startswith("pairs  ")] == [
        ["pairs", "2", "1", "0", "1", "0"]
    ]


def test_what_is_no_version_or_not_in_the_cache_is_told_in_two_lines(
    slm_factory: Command, versions: Path
) -> None:
    unknown = slm_factory("tool", "compare-data", "v9")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr.splitlines()[0] == "error: 'v9' is no folder, no table and no git revision here"
    cached = [file for file in (versions / ".dvc/cache").rglob("*") if file.is_file()]
    for file in cached:
        file.unlink()
    gone = slm_factory("tool", "compare-data", "v1")
    assert gone.returncode == 2, gone.stderr
    problem, hint = gone.stderr.splitlines()
    assert problem == "error: data/review.parquet of v1 is neither in DVC's cache nor in a remote"
    assert "dvc fetch" in hint


def test_a_folder_without_pairs_is_told_so(slm_factory: Command, pipeline: Path) -> None:
    result = slm_factory("tool", "compare-data", "workspace", "workspace")
    assert result.returncode == 2
    assert result.stderr.startswith("error: workspace holds no table of pairs")
