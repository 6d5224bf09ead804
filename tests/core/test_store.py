"""The answer store: remembered by content, committed at once, shared between processes."""

import errno
import json
import multiprocessing
import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.core.records import content_key
from slm_factory.core.store import Store, cache_folder


def test_an_answer_is_found_by_the_content_of_its_request_not_by_key_order(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.put("generate", {"model": "m", "text": "가나다"}, {"facts": [1, "나"]})
        assert store.get({"text": "가나다", "model": "m"}) == {"facts": [1, "나"]}
        assert store.get({"text": "가나다", "model": "other"}) is None


def test_answers_survive_a_kill_right_after_put(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    script = (
        "import sys, os, signal; from pathlib import Path; from slm_factory.core.store import Store\n"
        "store = Store(Path(sys.argv[1]))\n"
        "for n in range(100): store.put('test', {'n': n}, n)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(file)], check=False)
    assert killed.returncode == -signal.SIGKILL
    with Store(file) as store:
        assert [store.get({"n": n}) for n in range(100)] == list(range(100))


def write_many(file: Path, first: int) -> None:
    with Store(file) as store:
        for number in range(first, first + 200):
            store.put("test", {"n": number}, number)


def test_processes_write_to_one_store_at_the_same_time(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=write_many, args=(file, first)) for first in (0, 100, 1000)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    with sqlite3.connect(file) as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchone() == (500,)


def test_values_are_json_never_pickle(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    with Store(file) as store:
        key = store.put("test", {"a": 1}, {"answer": "한글"})
    with sqlite3.connect(file) as connection:
        stored = connection.execute("SELECT key, answer FROM answers").fetchone()
    assert stored[0] == key == content_key({"a": 1})
    assert json.loads(stored[1]) == {"answer": "한글"}


def test_a_file_that_is_no_store_is_refused_in_two_lines_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "s.sqlite"
    file.write_bytes(b"this is not a database" * 100)
    with pytest.raises(UserError, match=r"s\.sqlite cannot be used"):
        Store(file)
    assert file.read_bytes() == b"this is not a database" * 100


def test_a_full_disk_is_an_error_of_the_disk_and_keeps_what_was_stored(tmp_path: Path) -> None:
    with Store(tmp_path / "s.sqlite") as store:
        store.put("test", {"n": 1}, "kept")
        pages = store.connection.execute("PRAGMA page_count").fetchone()[0]
        store.connection.execute(f"PRAGMA max_page_count = {pages + 1}")
        with pytest.raises(OSError, match="No space left") as caught:
            store.put("test", {"n": 2}, "x" * 1_000_000)
        assert caught.value.errno == errno.ENOSPC
        assert (store.get({"n": 1}), store.get({"n": 2})) == ("kept", None)


def test_the_cache_folder_is_absolute_even_if_set_relative(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SLM_FACTORY_CACHE", "cache")
    assert cache_folder() == Path(os.getcwd()) / "cache"
    assert cache_folder().is_dir()
