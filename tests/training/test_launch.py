"""Training in several processes: real ones, over gloo on the processor, against one."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from safetensors.numpy import load_file

from slm_factory.core import files
from slm_factory.core.errors import UserError
from slm_factory.core.store import Store
from slm_factory.student import model
from slm_factory.training import launch
from stages import train
from tests import tiny_student
from tests.conftest import REPOSITORY, set_params
from tests.tiny_student import LESSONS, conversation

CONFIGURATIONS = sorted((REPOSITORY / "profiles/accelerate").glob("*.yaml"))
DDP = REPOSITORY / "profiles/accelerate/ddp.yaml"
TRAIN = [sys.executable, "-m", "tests.training.float32_train"]


@pytest.fixture
def prepared(workspace: Path) -> Path:
    """Parameters and rows for a quick run; neither 17 train nor 3 valid rows divide by the batch of 4."""
    rows = [("train", conversation(q, a)) for q, a in LESSONS[:6]] * 3
    rows = [*rows[:17], *(("valid", conversation(q, a)) for q, a in LESSONS[:3])]
    files.write_json_lines(
        train.ROWS, [{"split": split, "kind": "pair", "pair_id": "p", "messages": m} for split, m in rows]
    )
    values = {"rank": 4, "epochs": 3, "batch_size": 4, "max_length": 128, "learning_rate": 0.01}
    set_params(
        workspace,
        **{f"train.{name}": value for name, value in values.items()},
        **{"student.model": str(tiny_student.make(workspace / "student", steps=20))},
    )
    return workspace


def outputs() -> dict[str, bytes]:
    """The stage's outputs by name, taken away as DVC does before a run."""
    places = [train.ADAPTER, train.CURVES]
    found = [file for place in places for file in sorted(place.rglob("*")) if file.is_file()]
    contents = {str(file): file.read_bytes() for file in [*found, train.METRICS] if file.is_file()}
    for place in places:
        shutil.rmtree(place, ignore_errors=True)
    train.METRICS.unlink(missing_ok=True)
    return contents


def has_saved_as_two(cache: Path) -> bool:
    """Whether two processes have written a whole checkpoint and told the ledger of it."""
    with Store() as store:
        runs = store.trainings(str(Path.cwd()))
    is_told = any(run["processes"] == 2 and run["steps"] for run in runs)
    return is_told and bool(list(cache.glob("checkpoints/*/checkpoint-*/trainer_state.json")))


@pytest.mark.slow
def test_two_processes_make_the_adapter_of_one_also_after_a_kill(
    prepared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In float32 to 1e-5 of its size. The launcher is killed, and takes its processes with it."""
    monkeypatch.setattr(model, "has_fast_bfloat16", lambda device: False)
    train.main()
    adapter = load_file(train.ADAPTER / "adapter_model.safetensors")
    alone = outputs()

    set_params(prepared, **{"parallel.accelerate": str(DDP)})
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(TRAIN, env=environment | {"HOLD": "1"}) as process:
        deadline = time.monotonic() + 120
        while not has_saved_as_two(prepared / "cache"):
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.1)
        children = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=30)
    assert children and not alive
    outputs()
    again = subprocess.run(TRAIN, env=environment, check=True, timeout=120, capture_output=True, text=True)
    assert again.stderr.count("train: going on from step") == 1
    assert again.stderr.count("-> models/adapter") == 1
    spread = load_file(train.ADAPTER / "adapter_model.safetensors")
    assert adapter.keys() == spread.keys()
    for name, weights in adapter.items():
        assert abs(weights - spread[name]).max() <= 1e-5 * abs(weights).max(), name
    assert outputs()[str(train.METRICS)] == alone[str(train.METRICS)]  # losses to six digits
    with Store() as store:
        runs = store.trainings(str(prepared))
    assert [run["processes"] for run in runs] == [1, 2, 2]
    assert runs[0]["steps"] == runs[1]["steps"] + runs[2]["steps"] == 15
    assert all(run["seconds"] > 0 and run["peak_bytes"] > 1e8 and run["tokens"] > 0 for run in runs)


@pytest.mark.parametrize("file", CONFIGURATIONS, ids=lambda file: file.stem)
def test_every_configuration_is_one_that_accelerate_reads(file: Path) -> None:
    config = launch.read(file)
    assert config.num_processes == 2
    assert launch.is_sharded(file) == (file.stem == "fsdp")


def test_fsdp_is_set_up_by_accelerate_as_its_file_says(monkeypatch: pytest.MonkeyPatch) -> None:
    """FSDP needs GPUs; what the launcher would tell each process is read by accelerate's own plugin."""
    from accelerate import FullyShardedDataParallelPlugin
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser
    from accelerate.utils.launch import prepare_multi_gpu_env

    file = REPOSITORY / "profiles/accelerate/fsdp.yaml"
    parsed = launch_command_parser().parse_args(["--config_file", str(file), "--module", "stages.train"])
    parsed.main_process_port = 0
    arguments, _, _ = _validate_launch_command(parsed)
    for name, value in prepare_multi_gpu_env(arguments).items():
        monkeypatch.setenv(name, value)
    plugin = FullyShardedDataParallelPlugin()
    assert (plugin.fsdp_version, plugin.reshard_after_forward) == (2, True)
    assert plugin.state_dict_type.name == "FULL_STATE_DICT"
    assert launch.shards()


def test_a_batch_that_cannot_be_shared_out_is_refused() -> None:
    assert launch.check(DDP, 32, gpus=0) == 2
    with pytest.raises(UserError, match="batch_size 5 cannot be divided among 2") as error:
        launch.check(DDP, 5, gpus=0)
    assert "such as 6" in error.value.hint


def test_more_processes_than_gpus_and_shards_without_any_are_refused() -> None:
    with pytest.raises(UserError, match="names 2 processes, and this machine has 1 GPU"):
        launch.check(DDP, 4, gpus=1)
    with pytest.raises(UserError, match="there is none here"):
        launch.check(DDP.with_name("fsdp.yaml"), 4, gpus=0)


@pytest.mark.parametrize(
    "text", [None, "num_processes: 2", "distributed_type: MULTI_GPU", "distributed_type: x"]
)
def test_a_configuration_that_is_missing_or_wrong_is_told_in_two_lines(
    tmp_path: Path, text: str | None
) -> None:
    file = tmp_path / "own.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UserError, match=r"error: parallel.accelerate: .*own.yaml"):
        launch.read(file)
