"""`slm-factory tool collect law` in its own process, against a local server that follows the API."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from slm_factory.cli.collect import LawKind
from slm_factory.collect.law_kinds import KINDS
from slm_factory.collect.ledger import NAME
from tests.cli.conftest import BIN, Command
from tests.collect.fake_law_api import KEY, NO_RECORD, Answer, FakeLawApi, Statute, serving

FOLDER = Path("data/documents/law")
COMMAND = ("tool", "collect", "law", "--kind", "statute", "--per-second", "10000", "--attempts", "1")


@pytest.fixture
def api(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLawApi]:
    """A server with twelve statutes, its address and key in the environment, and a repository around us."""
    (workspace / "dvc.yaml").write_text("stages: {}\n")
    statutes = [Statute(f"{n:03}", f"가상{n}세법", f"{n}00") for n in range(12)]
    with serving(FakeLawApi(statutes=statutes)) as server:
        monkeypatch.setenv("LAW_OPEN_API_URL", server.url)
        monkeypatch.setenv("LAW_OPEN_API_KEY", KEY)
        yield server


def test_the_closing_line_counts(api: FakeLawApi, slm_factory: Command) -> None:
    result = slm_factory(*COMMAND, "--query", "가상3세법")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == f"collect: 1 new, 0 changed, 0 unchanged, 0 failed -> {FOLDER}\n"
    assert (FOLDER / "statute/가상3세법_003.xml").is_file()


def test_failed_records_end_with_code_2_and_are_named_in_json(api: FakeLawApi, slm_factory: Command) -> None:
    api.disturb = lambda asked, number: Answer(status=500) if asked.get("MST") == "300" else None
    result = slm_factory(*COMMAND, "--json")
    told = json.loads(result.stdout)
    assert result.returncode == 2
    assert (told["new"], told["failed"][0]["id"], told["failed"][0]["reason"]) == (11, "003", "HTTP 500")
    assert result.stderr.splitlines()[-2] == "error: 1 records failed; they are named above"


def test_records_without_text_are_counted(api: FakeLawApi, slm_factory: Command) -> None:
    api.disturb = lambda asked, number: Answer(NO_RECORD) if asked.get("MST") == "300" else None
    result = slm_factory(*COMMAND)
    assert result.returncode == 0
    assert "11 new, 0 changed, 0 unchanged, 1 without text, 0 failed" in result.stdout


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGKILL, -signal.SIGKILL), (signal.SIGINT, 130)])
def test_a_run_that_is_stopped_goes_on_where_it_was(
    api: FakeLawApi, slm_factory: Command, sent: signal.Signals, code: int
) -> None:
    api.disturb = lambda asked, number: Answer(hold=True) if asked.get("MST") == "500" else None
    running = subprocess.Popen([BIN / "slm-factory", *COMMAND], stderr=subprocess.PIPE, env={**os.environ})
    while not api.requests or api.requests[-1].get("MST") != "500":
        assert running.poll() is None
    running.send_signal(sent)
    assert running.wait(10) == code
    assert running.stderr and b"Traceback" not in running.stderr.read()
    assert not list(FOLDER.rglob("*.partial"))
    api.disturb = lambda asked, number: None
    result = slm_factory(*COMMAND)
    assert "7 new, 0 changed, 5 unchanged, 0 failed" in result.stdout
    assert [asked["MST"] for asked in api.served()].count("200") == 1
    assert len((FOLDER / NAME).read_text().splitlines()) == len(list(FOLDER.rglob("*.xml"))) == 12


def test_without_a_key_the_hint_says_where_it_comes_from(
    api: FakeLawApi, slm_factory: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("LAW_OPEN_API_KEY")
    result = slm_factory(*COMMAND)
    assert result.returncode == 2 and not api.requests
    assert result.stderr.splitlines()[0] == "error: LAW_OPEN_API_KEY is not set"


def test_a_wrong_key_is_told_and_never_shown(
    api: FakeLawApi, slm_factory: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAW_OPEN_API_KEY", "another-secret")
    result = slm_factory(*COMMAND)
    problem, hint = result.stderr.splitlines()
    assert result.returncode == 2 and "does not accept the key" in problem and hint.startswith("hint: ")
    assert "another-secret" not in result.stderr


def test_a_wrong_day_is_refused(api: FakeLawApi, slm_factory: Command) -> None:
    result = slm_factory(*COMMAND, "--since", "2024-13-01")
    assert (result.returncode, len(api.requests)) == (2, 0)


def test_the_command_offers_every_kind() -> None:
    assert [kind.value for kind in LawKind] == list(KINDS)
