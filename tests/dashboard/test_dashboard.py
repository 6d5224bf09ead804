"""The dashboard shows what the files say, starts and stops commands, and fits 80 x 24."""

import asyncio
import gc
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console
from textual.widgets import ProgressBar, RichLog, Static

from slm_factory import language
from slm_factory.core import activity, files
from slm_factory.core.store import Store
from slm_factory.dashboard import graph, machine, observe, shown, tables
from slm_factory.dashboard.app import Dashboard
from slm_factory.dashboard.graph import Node
from slm_factory.dashboard.machine import Gpu, Machine
from tests.conftest import REPOSITORY
from tests.dashboard import scenes

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
    rules = [{"name": "[red]recall[/red]", "is_met": False, "value": None, "limit": 0.5}]
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


def initialise() -> None:
    for command in (["git", "init", "-q"], [sys.executable, "-m", "dvc", "init", "-q", "-f"]):
        subprocess.run(command, check=True, capture_output=True)


def text_of(app: Dashboard, selector: str, width: int = 59) -> str:
    """What a part of the screen shows, each line without the space that fills it."""
    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        console.print(app.query_one(selector, Static).content)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


async def until(is_so: Any) -> None:
    """Returns when `is_so()`; fails after a minute."""
    for _ in range(6000):
        if is_so():
            return
        await asyncio.sleep(0.01)
    pytest.fail("waited for a minute")


def test_branches_of_the_graph_stand_side_by_side(repository: Path) -> None:
    assert graph.read() == [Node("parse", ""), Node("chunk", "first"), Node("analyze", "last")]


def test_every_tab_shows_what_the_files_say(repository: Path) -> None:
    fill(repository)

    async def look() -> None:
        app = Dashboard()
        async with app.run_test(size=(80, 24)):
            await until(lambda: app.seen)
            row = " ".join(text_of(app, "#slices").splitlines()[1].split())
            assert row == "recall key facts ↑ 0.50 0.50 0.50 (0.40 ~ 0.60)"
            assert text_of(app, "#verdict") == "gate: refused"
            assert "✗  [red]recall[/red]" in text_of(app, "#rules"), "text is never markup"
            assert text_of(app, "#spent").splitlines()[-1].split() == "total 1,234 1 5 6 0:00:02 0.00".split()
            assert "v20260101T000000Z 3 40 0.900 passed, in service" in " ".join(
                text_of(app, "#registry").split()
            )
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
                assert text_of(app, "#task").splitlines()[-2:] == ["error: x", "hint: y"]
                assert "✗ parse" in text_of(app, "#stages")

    asyncio.run(look())


def test_run_is_started_and_stopped_from_here(repository: Path) -> None:
    initialise()

    async def look() -> None:
        app = Dashboard()
        async with app.run_test(size=(80, 24)) as pilot:
            await until(lambda: app.told)
            assert set(app.states.values()) == {"never run"}
            assert text_of(app, "#legend") == "· 3 not run yet"
            await pilot.press("r")
            await until(lambda: (repository / "made.txt").exists())
            assert app.process
            number = app.process.pid
            await pilot.press("s")
            await until(lambda: app.process is None)
            with pytest.raises(ProcessLookupError):
                os.kill(number, 0)

    asyncio.run(look())


def test_what_was_started_goes_on_when_the_dashboard_is_left(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observe, "command", lambda *words: [sys.executable, "-c", WAITING])
    begun: list[subprocess.Popen[bytes]] = []

    async def leave() -> None:
        app = Dashboard()
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("r")
            await until(lambda: (repository / "made.txt").exists())
            assert app.process
            begun.append(app.process)
            await pilot.press("q")

    asyncio.run(leave())
    gc.collect()  # a transport of asyncio would kill its process here
    try:
        assert begun[0].poll() is None
    finally:
        os.killpg(begun[0].pid, signal.SIGINT)
        begun[0].wait()


@pytest.mark.parametrize("scene", scenes.SCENES)
def test_it_closes_quietly_in_each_state(
    scene: str, workspace: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("slm_factory.dashboard.app.SECONDS", 0.02)
    scenes.play(scene, workspace, monkeypatch)
    app = Dashboard()

    async def leave() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("2", "q")  # while the first look goes on

    asyncio.run(leave())
    assert app.return_code == 0
    assert capfd.readouterr().err == ""


def test_a_stage_that_has_ended_since_dvc_was_asked_is_fresh() -> None:
    nodes = [Node("parse", ""), Node("chunk", "")]
    ended = {"parse": activity.Activity("parse", 1, "done", started=5.0, updated=20.0)}
    told = {"parse": "stale", "chunk": "stale"}
    assert shown.states_of(nodes, told, 10.0, ended) == {"parse": "fresh", "chunk": "stale"}
    assert shown.states_of(nodes, told, 30.0, ended)["parse"] == "stale", "it has changed since"


def test_gpus_are_read_as_nvidia_smi_tells_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(
        '#!/bin/sh\necho "NVIDIA H200, 97, 32768, 143360"\necho "NVIDIA GB10, 3, [N/A], [N/A]"\n'
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    gib = machine.MIB * 1024
    found = machine.gpus()
    assert found == (Gpu("NVIDIA H200", 97.0, 32 * gib, 140 * gib), Gpu("NVIDIA GB10", 3.0, None, None))
    told = str(shown.machine(Machine(6 * gib, 16 * gib, 12.0, found)))
    assert told == "CPU 12%\nRAM 6.0/16 GiB\n2 GPU 50%\n  32/140 GiB"
    assert "no NVIDIA GPU" in str(shown.machine(Machine(6 * gib, 16 * gib, 12.0)))


def test_the_ledger_is_shown_while_a_teacher_is_paid(repository: Path) -> None:
    call = {"call": None, "request": "r", "repository": str(repository.resolve()), "stage": "generate"}
    with Store() as store:
        store.put_call(
            {**call, "document": "a.md", "model": "m", "prompt_tokens": 1000, "completion_tokens": 234}
            | {"money": 1.5, "seconds": 2.0}
        )
    found = observe.spent(repository)
    assert found and (found.tokens, found.money, found.trainings) == (1234, 1.5, 0)


def test_a_long_curve_is_thinned_and_keeps_its_end(tmp_path: Path) -> None:
    file = tmp_path / "loss.tsv"
    file.write_text("step\tloss\n" + "".join(f"{step}\t1.0\n" for step in range(2001)))
    found = observe.points(file, "loss")
    assert len(found) <= observe.MAX_POINTS and found[-1] == (2000.0, 1.0)


def test_what_every_stage_counts_and_every_rule_has_words() -> None:
    told = json.loads((REPOSITORY / "metrics/gate.json").read_text(encoding="utf-8"))
    assert all(tables.rule_title(rule["name"])[1] for rule in told["rules"])
    assert tables.rule_title("not_worse_than_champion_recall in 감시")[0].startswith("recall in 감시 ")
    assert shown.task_name("asking ollama/qwen3:8b") == "asking ollama/qwen3:8b"
    assert shown.task_name("train") == "steps"


@pytest.mark.parametrize("lang", ["en", "ko"])
def test_the_tables_fit_beside_the_graph_in_80_columns(
    lang: str, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenes.play("rest", workspace, monkeypatch)
    language.use(lang)
    seen = observe.observe()
    for table, rows in (
        (tables.slices(seen), 6),
        (tables.rules(seen), len(seen.gate["rules"])),
        (tables.spending(seen), 7),  # two of them titles
    ):
        console = Console(width=58, color_system=None)
        with console.capture() as capture:
            console.print(table)
        assert len(capture.get().splitlines()) <= rows, "no line is broken"


def test_a_broken_file_is_named_and_nothing_ends(repository: Path) -> None:
    (repository / "metrics").mkdir()
    (repository / observe.EVALUATE).write_text("{")
    seen = observe.observe()
    assert seen.problems == [str(observe.EVALUATE)] and seen.slices == {}
