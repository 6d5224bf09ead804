"""`slm-factory run` in a real DVC repository of three small stages."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from slm_factory.cli.run import run
from slm_factory.core.errors import UserError
from tests.cli.conftest import BIN, Command, write_stage
from tests.conftest import REPOSITORY, set_params


def ran(stderr: str) -> list[str]:
    """Names of the stages that ran, from their closing lines."""
    return [line.partition(":")[0] for line in stderr.splitlines() if "lines:" in line]


def test_each_stage_shows_a_header_and_its_closing_line(pipeline: Path, slm_factory: Command) -> None:
    result = slm_factory("run")
    assert result.returncode == 0
    assert result.stderr.splitlines() == [
        "first: makes first ...",
        "first: 1 lines: first.txt",
        "second: makes second ...",
        "second: 2 lines: second.txt",
        "third: makes third ...",
        "third: 3 lines: third.txt",
    ]


def test_a_second_run_says_that_everything_is_up_to_date(pipeline: Path, slm_factory: Command) -> None:
    slm_factory("run")
    result = slm_factory("run")
    assert (result.returncode, result.stdout, result.stderr) == (0, "Everything is up to date.\n", "")


def test_a_changed_input_runs_again_and_unchanged_stages_share_one_line(
    pipeline: Path, slm_factory: Command
) -> None:
    slm_factory("run")
    write_stage(pipeline, "third", "second", body="print('changed')")
    result = slm_factory("run")
    assert ran(result.stderr) == ["third"]
    assert "unchanged: first, second" in result.stderr.splitlines()


def test_a_stage_whose_teacher_failed_is_asked_again_until_it_does_not(
    pipeline: Path, slm_factory: Command
) -> None:
    slm_factory("run")
    metrics = pipeline / "metrics" / "second.json"
    metrics.parent.mkdir()
    metrics.write_text('{"teacher": {"failed": 2}}')
    assert ran(slm_factory("run").stderr) == ["second"], "third's input did not change"
    assert ran(slm_factory("run", "--until", "first").stderr) == []
    metrics.write_text('{"teacher": {"failed": 0}}')
    assert ran(slm_factory("run").stderr) == []


def test_verbose_shows_what_dvc_says(pipeline: Path, slm_factory: Command) -> None:
    assert "> python -m stages.first" in slm_factory("run", "-v").stdout


def test_until_stops_after_the_stage(pipeline: Path, slm_factory: Command) -> None:
    assert ran(slm_factory("run", "--until", "second").stderr) == ["first", "second"]


def test_from_does_the_stage_and_all_that_follow_again(pipeline: Path, slm_factory: Command) -> None:
    slm_factory("run")
    assert ran(slm_factory("run", "--from", "second").stderr) == ["second", "third"]
    assert ran(slm_factory("run", "--from", "first", "--until", "second").stderr) == ["first", "second"]


def test_from_and_until_in_the_wrong_order_are_refused(pipeline: Path, slm_factory: Command) -> None:
    result = slm_factory("run", "--from", "third", "--until", "first")
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "error: stage first does not follow third"


def test_a_stage_that_explains_its_error_has_the_last_two_lines(pipeline: Path, slm_factory: Command) -> None:
    explain = "print('error: no good\\nhint: make it good', file=sys.stderr); sys.exit(2)"
    write_stage(pipeline, "second", "first", body=explain)
    result = slm_factory("run")
    assert result.returncode == 2
    assert result.stderr.splitlines()[-2:] == ["error: no good", "hint: make it good"]
    assert "Traceback" not in result.stderr


def test_a_stage_with_a_bug_keeps_its_traceback_and_two_lines_follow(
    pipeline: Path, slm_factory: Command
) -> None:
    write_stage(pipeline, "second", "first", body="1 / 0")
    result = slm_factory("run")
    assert result.returncode == 2
    assert "ZeroDivisionError" in result.stderr
    problem, hint = result.stderr.splitlines()[-2:]
    assert problem == "error: stage second ended with exit code 1; its own words stand above"
    assert "python -m stages.second" in hint


def test_a_failed_run_goes_on_where_it_stopped(pipeline: Path, slm_factory: Command) -> None:
    write_stage(pipeline, "second", "first", body="1 / 0")
    slm_factory("run")
    write_stage(pipeline, "second", "first")
    assert ran(slm_factory("run").stderr) == ["second", "third"]


def test_ctrl_c_ends_the_stage_and_exits_130(pipeline: Path) -> None:
    body = (
        "Path('started').touch(); import signal; signal.signal(2, signal.default_int_handler); signal.pause()"
    )
    write_stage(pipeline, "second", "first", body=body)
    process = subprocess.Popen(
        [BIN / "slm-factory", "run"], start_new_session=True, stderr=subprocess.PIPE, text=True
    )
    try:
        while not (pipeline / "started").exists() and process.poll() is None:
            os.sched_yield()
        os.killpg(process.pid, signal.SIGINT)  # what a terminal does
        _, error = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 130
    assert error.splitlines()[-1] == "interrupted: the same command goes on where it stopped"
    assert "slm_factory" not in error  # no traceback of ours


def test_an_unknown_stage_is_refused_with_the_nearest(pipeline: Path, slm_factory: Command) -> None:
    result = slm_factory("run", "--until", "secnod")
    assert result.returncode == 2
    assert result.stderr.splitlines() == ["error: there is no stage 'secnod'", "hint: did you mean second?"]


def test_outside_a_repository_the_error_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, slm_factory: Command
) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["run"], ["status"], ["check"], ["ask", "--question", "?"], ["trace", "abc"]):
        result = slm_factory(*command)
        assert result.returncode == 2, command
        assert "no dvc.yaml" in result.stderr.splitlines()[0]
        assert len(result.stderr.splitlines()) == 2


def test_in_a_subfolder_the_hint_names_the_root(
    pipeline: Path, monkeypatch: pytest.MonkeyPatch, slm_factory: Command
) -> None:
    monkeypatch.chdir(pipeline / "stages")
    assert slm_factory("run").stderr.splitlines()[1] == f"hint: cd {pipeline}"


def test_a_wrong_dvc_yaml_ends_in_two_lines(pipeline: Path, slm_factory: Command) -> None:
    (pipeline / "dvc.yaml").write_text("stages:\n  first:\n    comand: x\n")
    result = slm_factory("run")
    assert result.returncode == 2
    assert "Traceback" not in result.stderr
    assert len(result.stderr.splitlines()) == 2


def test_another_dvc_at_work_is_named(pipeline: Path, slm_factory: Command) -> None:
    script = (
        "import sys\nfrom dvc.repo import Repo\n"
        "with Repo() as repo, repo.lock:\n    print('locked', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None and holder.stdout.readline() == "locked\n"
        result = slm_factory("run")
    finally:
        holder.communicate("")
    assert result.returncode == 2
    assert result.stderr.splitlines()[0] == "error: another DVC command is working in this repository"


def test_a_gguf_type_that_cannot_be_made_stops_a_run_before_its_first_stage(workspace: Path) -> None:
    (workspace / "dvc.yaml").write_bytes((REPOSITORY / "dvc.yaml").read_bytes())
    set_params(workspace, **{"quantize.types": ["q9_9"]})
    with pytest.raises(UserError, match="q9_9 cannot be made"):
        run()
    assert sorted(file.name for file in workspace.iterdir()) == ["dvc.yaml", "params.yaml"]


def test_a_missing_student_stops_a_run_before_its_first_stage(workspace: Path) -> None:
    (workspace / "dvc.yaml").write_bytes((REPOSITORY / "dvc.yaml").read_bytes())
    with pytest.raises(UserError, match="models/seed does not exist"):
        run()
    with pytest.raises(UserError, match="models/seed does not exist"):
        run(until="evaluate")
    assert sorted(file.name for file in workspace.iterdir()) == ["dvc.yaml", "params.yaml"]


def test_a_new_project_without_documents_is_told_where_they_go(pipeline: Path, slm_factory: Command) -> None:
    (pipeline / "data/documents/empty").mkdir(parents=True)
    result = slm_factory("run")
    assert result.returncode == 2
    problem, hint = result.stderr.splitlines()
    assert (problem, hint[:9]) == ("error: data/documents holds no documents yet", "hint: slm")
    (pipeline / "data/documents/empty/a.md").write_text("a")
    assert slm_factory("run").returncode == 0


def test_broken_parameters_are_named_with_the_way_to_see_the_fault(
    pipeline: Path, slm_factory: Command
) -> None:
    text = (pipeline / "dvc.yaml").read_text()
    (pipeline / "dvc.yaml").write_text(
        text.replace("    outs: [third", "    params: [train]\n    outs: [third")
    )
    (pipeline / "params.yaml").write_text("train: [\n")
    for command in ("status", "run"):
        result = slm_factory(command)
        assert result.returncode == 2
        assert result.stderr.splitlines()[-1] == "hint: git diff params.yaml"
        assert "Traceback" not in result.stderr


def test_quiet_shows_nothing_where_nothing_is_wrong(pipeline: Path, slm_factory: Command) -> None:
    for file in (pipeline / "stages").glob("*.py"):
        file.write_text(file.read_text().replace("print(", "0 and print("))
    result = slm_factory("run", "-q")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
