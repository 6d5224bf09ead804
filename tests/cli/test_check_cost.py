"""What check says of the teacher's part where nothing can be told of it yet."""

from pathlib import Path

from slm_factory.cli import check_cost


def test_without_chunks_check_tells_how_to_have_an_estimate(workspace: Path) -> None:
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    [finding] = check_cost.findings()
    assert finding.state == "ok" and finding.text.endswith("run --until chunk, which asks no teacher")
