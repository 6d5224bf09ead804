"""What `check` says of training: it fits or not, what would help, how long it takes, what it costs."""

import shutil
from pathlib import Path

import pytest

from slm_factory.cli import check_training
from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.training import plan
from stages import train
from tests.conftest import REPOSITORY, set_params
from tests.tiny_student import LESSONS, conversation


@pytest.fixture
def ready(workspace: Path) -> Path:
    """The seed student without its weights: the estimate does not look at them."""
    shutil.copytree(
        REPOSITORY / "models/seed", workspace / "models/seed", ignore=shutil.ignore_patterns("*.safetensors")
    )
    return workspace


def write_rows(count: int) -> None:
    rows = [conversation(*LESSONS[number % len(LESSONS)]) for number in range(count)]
    files.write_json_lines(
        train.ROWS, [{"split": "train", "kind": "pair", "pair_id": "p", "messages": row} for row in rows]
    )


def test_without_rows_memory_is_that_of_the_longest_and_time_is_told_later(ready: Path) -> None:
    memory, time = check_training.findings()
    assert (memory.state, time.state) == ("ok", "ok")
    assert "GB free memory (weights 0.027, adapter" in memory.text
    assert "time is told once there are rows" in time.text


def test_with_rows_the_time_is_told_with_its_price(ready: Path) -> None:
    write_rows(64)
    set_params(ready, **{"parallel.price_per_hour": 3600.0, "train.epochs": 10})
    _, time = check_training.findings()
    assert "10 epochs of 2 steps" in time.text
    assert time.text.endswith(" at 3600 an hour")


def test_twice_the_rows_take_twice_the_time(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from slm_factory.training import throughput

    monkeypatch.setattr(throughput, "measure", lambda *a, **k: throughput.Throughput(1e10, 1e10))
    settings = plan.TrainSettings(**{**train.params.read()["train"], "epochs": 3})
    shape = plan.Shape(6, 256, 256, 128, 768, 8192, is_tied=True)
    compute = plan.Compute("cpu", "float32", False)
    sample = [(100, 30)] * 64
    one, two = (
        plan.plan(shape, settings, compute, plan.Rows(count, sample, sample)).seconds
        for count in (6400, 12800)
    )
    assert one and two == pytest.approx(2 * one)


def test_what_does_not_fit_fails_with_what_would_help(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = float(next(iter(check_training.findings())).text.split()[1]) * 1e9
    monkeypatch.setattr(plan, "free_memory", lambda device: needed)
    assert next(iter(check_training.findings())).state == "warn"
    monkeypatch.setattr(plan, "free_memory", lambda device: 1.0e9)
    finding = next(iter(check_training.findings()))
    assert (finding.state, finding.fix) == ("fail", "train.gradient_checkpointing: true")
    set_params(ready, **{"train.gradient_checkpointing": True})
    finding = next(iter(check_training.findings()))
    assert finding.state == "fail" and finding.fix.startswith("train.batch_size: 16")


def test_weights_that_do_not_fit_want_another_student(ready: Path) -> None:
    settings = train.params.load("train", train.Params)
    memory = plan.Memory(weights=8e9, adapter=1e8, activations=1e9, logits=1e9, overhead=1e9)
    found = plan.Plan(memory, processes=1, epochs=1, steps=1, seconds=None)
    finding = check_training.memory(found, memory.total, 4e9, settings)
    assert finding.state == "fail" and finding.fix.startswith("train.qlora: true")
    finding = check_training.memory(found, memory.total, 4e9, settings.model_copy(update={"qlora": True}))
    assert finding.fix.startswith("a smaller student.model")


def test_a_student_that_was_not_fetched_is_told_later(ready: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(ready / "hub"))
    set_params(ready, **{"student.model": "owner/model"})
    [finding] = check_training.findings()
    assert finding.state == "warn" and finding.fix.startswith("hf download owner/model")


def test_processes_that_cannot_share_a_batch_are_told_before_the_start(ready: Path) -> None:
    shutil.copytree(REPOSITORY / "profiles", ready / "profiles")
    set_params(ready, **{"parallel.accelerate": "profiles/accelerate/ddp.yaml", "train.batch_size": 7})
    with pytest.raises(UserError, match="cannot be divided among 2"):
        list(check_training.findings())


def test_times_are_short_to_read() -> None:
    assert [check_training.duration(seconds) for seconds in (40, 720, 12_600)] == ["40 s", "12 min", "3.5 h"]
