"""The OpenAPI description is true: schemathesis makes requests of it, and finds no reply that it forbids."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from slm_factory.serve.server import Limits
from tests.serve.conftest import Serve

pytest.importorskip("schemathesis")


def test_no_reply_is_other_than_described(serve: Serve, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--no-color", "--seed", "1", "--max-examples", "2", "--phases", "examples,fuzzing"]
    with serve(Limits(slots=2, max_tokens=4)) as running:
        done = subprocess.run(
            [program, "run", *options, f"{running.address}/openapi.json"],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout[-3000:]
    assert re.search(r"([1-9]\d+) generated, \1 passed", done.stdout)
