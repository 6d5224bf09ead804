"""A small repository with a real DVC pipeline of three stages, and the command line in its own process."""

import os
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent
STAGE = """
    import sys
    from pathlib import Path

    {body}
    text = Path("{source}.txt").read_text()
    Path("{name}.txt").write_text(text + "{name}\\n")
    print("{name}: %d lines: {name}.txt" % len(text.splitlines()), file=sys.stderr)
"""
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A git and DVC repository where first -> second -> third, each a script below stages/, never run."""
    root = tmp_path_factory.mktemp("template") / "repository"
    (root / "stages").mkdir(parents=True)
    (root / "stages" / "__init__.py").touch()  # else a clone on PYTHONPATH would lend its stages
    (root / "input.txt").write_text("input\n")
    lines = ["stages:"]
    for source, name in (("input", "first"), ("first", "second"), ("second", "third")):
        write_stage(root, name, source)
        lines += [
            f"  {name}:",
            f"    desc: makes {name}",
            f"    cmd: python -m stages.{name}",
            f"    deps: [{source}.txt, stages/{name}.py]",
            f"    outs: [{name}.txt]",
        ]
    (root / "dvc.yaml").write_text("\n".join(lines) + "\n")
    for command in (["git", "init", "-q"], [str(BIN / "dvc"), "init", "-q"]):
        subprocess.run(command, check=True, cwd=root)
    return root


@pytest.fixture
def pipeline(template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a copy of the template."""
    root = shutil.copytree(template, tmp_path / "repository")
    monkeypatch.chdir(root)
    return root


def write_stage(folder: Path, name: str, source: str, body: str = "") -> None:
    """Writes stages/<name>.py: copies <source>.txt and adds a line; `body` runs before."""
    script = textwrap.dedent(STAGE).format(name=name, source=source, body=body)
    (folder / "stages" / f"{name}.py").write_text(script)


@pytest.fixture
def slm_factory() -> Command:
    """Runs `slm-factory ...` in the current folder, away from any active environment."""

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "COLUMNS": "120", "LC_ALL": "C.UTF-8"}
        # A newcomer has not activated .venv: `python` on the PATH is another one, or none.
        environment["PATH"] = os.pathsep.join(
            {str(Path(shutil.which("git") or "git").parent), "/usr/bin", "/bin"}
        )
        return subprocess.run(
            [str(BIN / "slm-factory"), *arguments],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
        )

    return call
