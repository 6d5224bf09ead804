"""The dashboard shows what the files say, starts and stops commands, and fits 80 x 24."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from textual.widgets import DataTable, ProgressBar, RichLog, Static

from slm_factory.core import activity, files
from slm_factory.dashboard import observe
from slm_factory.dashboard.app import Dashboard
from slm_factory.dashboard.observe import Node

WAITING = "import os, pathlib, signal; pathlib.Path('made.txt').write_text('x'); signal.pause()"


@pytest.fixture
def repository(workspace: Path) -> Path:
    """Two stages that follow each other; the first waits until it is interrupted."""
    (workspace / ".dvc/tmp").mkdir(parents=True)
    stages = {
        "parse": {"cmd": f'{sys.executable} -c "{WAITING}"', "desc": "waits", "outs": ["made.txt"]},
        "chunk": {"cmd": "true", "desc": "nothing", "deps": ["made.txt"]},
        "analyze": {"cmd": "true", "desc": "nothing", "deps": ["made.txt"]},
    }
    (workspace / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    return workspace


def fill(repository: Path) -> None:
    """Writes what a pipeline leaves behind."""
    value = {"mean": 0.5, "low": 0.4, "high": 0.6}
    recall = {name: {"n": 9, "key_facts": value} for name in ("base", "champion", "tuned")}
    files.write_json(repository / observe.EVALUATE, {"recall": recall})
    rules = [{"name": "x", "is_met": False, "explanation": "[red]recall[/red] fell"}]
    files.write_json(repository / observe.GATE, {"verdict": "fail", "rules": rules})
    spent = {"requests": 1234, "failed": 1, "prompt_tokens": 5, "completion_tokens": 6, "seconds": 1.5}
    files.write_json(repository / observe.TEACHER, {"total": spent, "stages": {"generate": spent}})
    version = {
        "name": "v20260101T000000Z",
        "verdict": "pass",
        "documents": 3,
        "train_lines": 40,
        "headline": 0.9,
    }
    (repository / "models").mkdir()
    registry = {"served": version["name"], "versions": [version]}
    (repository / observe.REGISTRY).write_text(yaml.safe_dump(registry))
    curve = repository / observe.CURVES / "loss.tsv"
    curve.parent.mkdir(parents=True)
    curve.write_text("step\tloss\n1\t2.5\n2\t1.5\n3\t")  # DVCLive is just writing


def text_of(app: Dashboard, selector: str) -> str:
    return str(app.query_one(selector, Static).render())


def rows_of(app: Dashboard, selector: str) -> list[list[str]]:
    table: DataTable[Any] = app.query_one(selector, DataTable)
    return [[str(cell) for cell in table.get_row_at(number)] for number in range(table.row_count)]


async def until(is_so: Any) -> None:
    """Returns when `is_so()`; fails after a minute."""
    for _ in range(6000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited for a minute")


def test_branches_of_the_graph_stand_side_by_side(repository: Path) -> None:
    assert observe.graph() == [Node("parse", ""), Node("chunk", "first"), Node("analyze", "last")]


def test_every_tab_shows_what_the_files_say(repository: Path) -> None:
    fill(repository)

    async def look() -> None:
        app = Dashboard()
        async with app.run_test(size=(80, 24)):
            await until(lambda: app.seen)
            assert rows_of(app, "#slices") == [["recall key facts ↑", "0.50", "0.50", "0.50 (0.40-0.60)"]]
            assert "[red]recall[/red] fell" in text_of(app, "#gate"), "text is never markup"
            assert rows_of(app, "#spent")[-1] == ["total", "1,234", "1", "5", "6", "1.50", "-"]
            assert rows_of(app, "#registry") == [
                ["v20260101T000000Z", "3", "40", "0.900", "pass, in service"]
            ]
            assert app.seen and app.seen.curves["loss"] == [(1.0, 2.5), (2.0, 1.5)]
            assert "v20260101T000000Z" in text_of(app, "#head")

    asyncio.run(look())


def test_a_stage_that_runs_elsewhere_is_seen_with_its_count_and_its_log(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("slm_factory.dashboard.app.SECONDS", 0.05)

    async def look() -> None:
        app = Dashboard()
        with activity.reporting("parse"):
            reporter = activity.current()
            assert reporter
            reporter.begin("documents", 4)
            reporter.advance()
            reporter.write()
            activity.LOG.write_text("12:00:00 parse: [b]1[/b]\n")
            async with app.run_test(size=(80, 24)):
                await until(lambda: "parse  documents: 1 of 4" in text_of(app, "#task"))
                assert "▶ parse 25%" in text_of(app, "#stages")
                assert app.query_one("#bar", ProgressBar).percentage == 0.25
                log = app.query_one("#log", RichLog)
                await until(lambda: log.lines)  # written once its size is known
                assert [line.text for line in log.lines] == ["12:00:00 parse: [b]1[/b]"]
                reporter.end("failed", "error: x hint: y")
                await until(lambda: "parse failed" in text_of(app, "#task"))
                assert "error: x hint: y" in text_of(app, "#task")
                assert "✗ parse" in text_of(app, "#stages")

    asyncio.run(look())


def test_run_is_started_and_stopped_from_here(repository: Path) -> None:
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q", "-f"]):
        subprocess.run(command, check=True, capture_output=True)

    async def look() -> None:
        app = Dashboard()
        async with app.run_test(size=(80, 24)) as pilot:
            await until(lambda: app.states)
            assert set(app.states.values()) == {"never run"}
            await pilot.press("r")
            await until(lambda: (repository / "made.txt").exists())
            assert app.process
            number = app.process.pid
            await pilot.press("s")
            await until(lambda: app.process is None)
            with pytest.raises(ProcessLookupError):
                os.kill(number, 0)

    asyncio.run(look())


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_the_screen_fits(repository: Path, size: tuple[int, int]) -> None:
    fill(repository)

    async def look() -> None:
        app = Dashboard()
        async with app.run_test(size=size) as pilot:
            await until(lambda: app.seen)
            for key, selector in (("3", "#slices"), ("4", "#spent"), ("5", "#registry")):
                await pilot.press(key)
                await pilot.pause()
                table: DataTable[Any] = app.query_one(selector, DataTable)
                assert table.virtual_size.width <= table.size.width, selector
            assert app.query_one("#stages").size.height >= 16

    asyncio.run(look())


def test_a_broken_file_is_named_and_nothing_ends(repository: Path) -> None:
    (repository / "metrics").mkdir()
    (repository / observe.EVALUATE).write_text("{")
    seen = observe.observe()
    assert seen.problems == [str(observe.EVALUATE)] and seen.slices == {}
