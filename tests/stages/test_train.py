"""The train stage, with a tiny student."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.student.model import load_tokenizer
from slm_factory.training import checkpoints
from slm_factory.training.rows import encode_rows
from slm_factory.training.trainer import load_base, make_trainer
from stages import train
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params
from tests.tiny_student import LESSONS, conversation


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_student.make(tmp_path_factory.mktemp("student"), steps=20)


@pytest.fixture
def prepared(workspace: Path, student: Path) -> Path:
    """A workspace with 24 train and 2 valid rows, one dialogue, and parameters for a quick run."""
    rows = [line("train", conversation(q, a)) for q, a in LESSONS[:6]] * 4
    rows += [line("valid", conversation(q, a)) for q, a in LESSONS[:2]]
    rows.append(line("train", [*conversation(*LESSONS[0]), *conversation(*LESSONS[1])[1:]]))
    files.write_json_lines(train.ROWS, rows)
    set_params(
        workspace,
        **{
            "student.model": str(student),
            "train.rank": 4,
            "train.epochs": 3,
            "train.batch_size": 4,
            "train.max_length": 128,
            "train.learning_rate": 0.01,
        },
    )
    return workspace


def line(split: str, messages: list[dict[str, str]]) -> dict[str, Any]:
    return {"split": split, "kind": "pair", "pair_id": "p", "messages": messages}


def outputs() -> dict[str, bytes]:
    """Every output file of the stage by name."""
    places = [train.ADAPTER, train.CURVES]
    found = [file for place in places for file in sorted(place.rglob("*")) if file.is_file()]
    return {str(file): file.read_bytes() for file in [*found, train.METRICS]}


def test_training_lowers_the_valid_loss_and_leaves_no_checkpoint(prepared: Path) -> None:
    train.main()
    measured = files.read_json(train.METRICS)
    losses = (train.CURVES / "plots/metrics/eval_loss.tsv").read_text().split("\n")[1:-1]
    values = [float(row.split("\t")[1]) for row in losses]
    assert len(values) == 3 and values[-1] < values[0]
    assert measured["best_valid_loss"] == min(values)
    assert (measured["train_rows"], measured["valid_rows"], measured["rows_too_long"]) == (25, 2, 0)
    assert measured["epochs"] == 3 and measured["steps"] == 21
    assert not list((prepared / "cache/checkpoints").iterdir())


def test_the_adapter_names_the_student_as_params_do_and_nothing_of_this_machine(
    prepared: Path, monkeypatch: pytest.MonkeyPatch, student: Path
) -> None:
    (prepared / "models").mkdir()
    (prepared / "models/mine").symlink_to(student)
    set_params(prepared, **{"student.model": "models/mine", "train.epochs": 1})
    train.main()
    config = (train.ADAPTER / "adapter_config.json").read_text(encoding="utf-8")
    assert json.loads(config)["base_model_name_or_path"] == "models/mine"
    assert str(student) not in config and str(prepared) not in config
    assert sorted(file.name for file in train.ADAPTER.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


def test_the_same_inputs_give_the_same_bytes(prepared: Path) -> None:
    set_params(prepared, **{"train.epochs": 1})
    train.main()
    first = outputs()
    train.main()
    assert outputs() == first


def test_longer_rows_are_left_out_whole_and_counted(prepared: Path) -> None:
    tokenizer = load_tokenizer(Path(train.params.read()["student"]["model"]))
    rows = [line("train", conversation("질문", "답" * 200)), line("train", conversation(*LESSONS[0]))]
    encoded, too_long = encode_rows(rows, tokenizer, 64)
    assert too_long == {"pair": 1}
    assert tokenizer.decode(encoded["train"][0]["input_ids"]).endswith(f"{LESSONS[0][1]}<|im_end|>\n")


def test_no_row_to_train_on_is_told(prepared: Path) -> None:
    files.write_json_lines(train.ROWS, [line("valid", conversation("질문", "답"))])
    with pytest.raises(UserError, match="no row to train on"):
        train.main()


def test_without_valid_rows_the_last_state_is_kept(prepared: Path) -> None:
    files.write_json_lines(train.ROWS, [line("train", conversation(q, a)) for q, a in LESSONS])
    set_params(prepared, **{"train.epochs": 1})
    train.main()
    assert files.read_json(train.METRICS)["best_valid_loss"] is None


def test_packed_rows_are_trained_on_and_those_too_long_are_told_by_kind(
    prepared: Path, caplog: pytest.LogCaptureFixture
) -> None:
    too_long = line("train", conversation("질문", "답" * 200)) | {"kind": "dialogue"}
    files.write_json_lines(train.ROWS, [*files.read_json_lines(train.ROWS), too_long])
    set_params(prepared, **{"train.packing": True, "train.epochs": 3, "train.prompt_loss_weight": 0.1})
    with caplog.at_level("INFO"):
        train.main()
    measured = files.read_json(train.METRICS)
    assert (measured["train_rows"], measured["rows_too_long"]) == (25, 1)
    assert measured["too_long_kinds"] == {"dialogue": 1}
    assert "25 rows (1 too long: 1 dialogue)" in caplog.text
    assert measured["packs"] < 13 and measured["steps"] >= 3 * 5  # as many rows in a step as without
    losses = (train.CURVES / "plots/metrics/eval_loss.tsv").read_text().split("\n")[1:-1]
    assert float(losses[-1].split("\t")[1]) < float(losses[0].split("\t")[1])


def test_training_stops_when_the_valid_loss_turns_and_the_best_state_is_restored(prepared: Path) -> None:
    rows = [line("train", conversation(q, a)) for q, a in LESSONS[:4]] * 4
    rows += [line("valid", conversation(LESSONS[0][0], LESSONS[5][1]))]  # learning makes this one worse
    files.write_json_lines(train.ROWS, rows)
    set_params(prepared, **{"train.epochs": 12, "train.patience": 2, "train.learning_rate": 0.03})
    train.main()
    measured = files.read_json(train.METRICS)
    assert measured["epochs"] < 12
    assert measured["best_step"] < measured["steps"]


def test_the_loss_is_that_of_transformers_over_the_same_labels(prepared: Path, student: Path) -> None:
    """The narrowed projection changes the work, not the number."""
    import torch

    settings = train.params.load("train", train.Params)
    tokenizer = load_tokenizer(student)
    rows, _ = encode_rows(files.read_json_lines(train.ROWS), tokenizer, settings.max_length)
    network = load_base(settings, student)
    trainer = make_trainer(settings, network, tokenizer, rows, prepared / "checkpoints", train.CURVES)
    batch = trainer.data_collator([dict(row) for row in rows["train"][:4] + rows["train"][-1:]])
    network = trainer.model.eval()
    with torch.no_grad():
        expected = network(**batch).loss
        assert trainer.compute_loss(network, dict(batch)).item() == pytest.approx(expected.item(), rel=1e-4)


@pytest.mark.slow
def test_a_run_killed_after_an_epoch_and_again_within_one_ends_in_the_same_bytes(prepared: Path) -> None:
    """SIGKILL twice, with outputs wiped as DVC does; noise and dropout show whether random numbers go on."""
    set_params(
        prepared,
        **{"train.batch_size": 2, "train.dropout": 0.1, "train.neftune_alpha": 5.0, "train.epochs": 4},
    )
    train.main()
    undisturbed = outputs()
    steps = files.read_json(train.METRICS)["steps"] // 4
    assert steps == 13  # curves get an entry every 3 steps, so epochs end between two of them
    kill_when(prepared, lambda step: step % steps == 0)
    wipe()
    kill_when(prepared, lambda step: step > steps and step % steps in (3, 6, 9))
    wipe()
    assert list((prepared / "cache/checkpoints").iterdir())
    train.main()
    assert outputs() == undisturbed


def wipe() -> None:
    """Removes what the stage wrote, as DVC does before each start."""
    for file in [*Path("models").rglob("*"), *Path("metrics").rglob("*")]:
        if file.is_file():
            file.unlink()


def kill_when(workspace: Path, is_time: Callable[[int], bool]) -> None:
    """Trains in a process of its own that saves as often as it can, up to a new checkpoint of such a step."""
    code = "from slm_factory.training import checkpoints; checkpoints.SAVE_SECONDS = 0; "
    command = [sys.executable, "-c", f"{code} from stages import train; train.main()"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    before = saved_steps(workspace)
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 120
        while not any(map(is_time, saved_steps(workspace) - before)):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)


def saved_steps(workspace: Path) -> set[int]:
    """Steps of the checkpoints that were written to their end."""
    files = (workspace / "cache/checkpoints").glob("*/checkpoint-*/trainer_state.json")
    return {int(file.parent.name.rpartition("-")[2]) for file in files if checkpoints.is_json(file)}
