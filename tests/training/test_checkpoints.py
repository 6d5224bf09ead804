"""Checkpoints: which one is resumed, which ones are removed, and what names their folder."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from slm_factory.core import params
from slm_factory.student.settings import StudentSettings
from slm_factory.training import checkpoints
from slm_factory.training.settings import TrainSettings
from tests import tiny_student


def test_a_checkpoint_cut_off_by_the_kill_is_passed_over(tmp_path: Path) -> None:
    for step, text in ((7, "{}"), (14, '{"step": '), (21, None)):
        (tmp_path / f"checkpoint-{step}").mkdir()
        if text is not None:
            (tmp_path / f"checkpoint-{step}/trainer_state.json").write_text(text)
    assert checkpoints.last_checkpoint(tmp_path) == tmp_path / "checkpoint-7"
    assert checkpoints.last_checkpoint(tmp_path / "none") is None


def test_only_finished_and_forgotten_checkpoints_are_removed(tmp_path: Path) -> None:
    for name in ("finished", "killed", "forgotten"):
        (tmp_path / name / "checkpoint-1").mkdir(parents=True)
    os.utime(tmp_path / "forgotten", (0, 0))
    checkpoints.remove_checkpoints(tmp_path / "finished")
    assert [place.name for place in tmp_path.iterdir()] == ["killed"]


def test_all_that_decides_the_result_names_the_folder(workspace: Path, tmp_path: Path) -> None:
    place = tiny_student.make(tmp_path / "student")
    rows = tmp_path / "rows.jsonl"
    rows.write_text("one")
    train = params.load("train", TrainSettings)
    student = params.load("student", StudentSettings)

    def folder(**changed: object) -> Path:
        return checkpoints.checkpoint_folder(rows, train.model_copy(update=changed), student, place)

    first = folder()
    assert folder() == first
    other = {"rank": 1, "dora": True, "packing": True, "prompt_loss_weight": 0.5, "liger": False}
    assert len({folder(**{key: value}) for key, value in other.items()} | {first}) == 1 + len(other)
    rows.write_text("two")
    assert folder() != first


def test_a_second_training_of_the_same_inputs_waits_for_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("SLM_FACTORY_CACHE", str(tmp_path))
    caplog.set_level("INFO")
    first = checkpoints.hold(tmp_path / "checkpoints/abc")
    with ThreadPoolExecutor() as pool:
        second = pool.submit(checkpoints.hold, tmp_path / "checkpoints/abc")
        other = pool.submit(checkpoints.hold, tmp_path / "checkpoints/other")
        try:
            assert other.result(10).is_locked
            while "waiting for another training" not in caplog.text:
                assert not second.done()
        finally:
            first.release()
        assert second.result(10).is_locked
