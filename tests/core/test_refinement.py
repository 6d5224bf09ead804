"""data/refine.jsonl: what is written is read again, sorted, the last line on a fact counting."""

from pathlib import Path

import pytest

from slm_factory.core import refinement
from slm_factory.core.errors import UserError


def test_what_is_written_is_read_and_sorted(tmp_path: Path) -> None:
    file = tmp_path / "refine.jsonl"
    refinement.write(file, {"b": 2, "a": 1})
    assert file.read_text() == '{"fact_id": "a", "wordings": 1}\n{"fact_id": "b", "wordings": 2}\n'
    assert refinement.read(file) == {"a": 1, "b": 2}
    refinement.write(file, {})
    assert file.read_bytes() == b""


def test_the_last_line_on_a_fact_counts(tmp_path: Path) -> None:
    file = tmp_path / "refine.jsonl"
    file.write_text('{"fact_id": "a", "wordings": 1}\n{"fact_id": "a", "wordings": 5}\n')
    assert refinement.read(file) == {"a": 5}


@pytest.mark.parametrize("line", ['{"fact_id": "", "wordings": 1}', '{"fact_id": "a", "wordings": 0}', '"a"'])
def test_a_broken_line_is_named(tmp_path: Path, line: str) -> None:
    file = tmp_path / "refine.jsonl"
    file.write_text(f"\n{line}\n")
    with pytest.raises(UserError, match="line 2"):
        refinement.read(file)
