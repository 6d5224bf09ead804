"""The wizard at a real terminal: real commands and stages from documents to an answer, in Korean."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import tiny_clone
from tests.conftest import REPOSITORY
from tests.terminal import Terminal
from tests.test_story import SERVERS, document

WIZARD = [sys.executable, "-m", "slm_factory", "tool", "wizard", "--lang", "ko"]
QUESTION, ANSWER = "나루결제의 점검 주기는 얼마인가요?", "115"
# What is waited for, and what is typed then; the words before it were looked at.
TALK = (
    ("계속하려면 Enter:", ""),  # documents
    ("계속하려면 Enter:", ""),  # what was read
    ("지금대로 두려면 Enter:", "1"),  # the builtin teacher
    ("이대로 좋습니까?", "y"),
    ("지금대로 두려면 Enter:", ""),
    ("계속하려면 Enter:", ""),  # options
    ("돌아가려면 b:", "m"),  # five pairs
    ("돌아가려면 b:", ""),
    ("이것으로 계속할까요?", "y"),
    ("지금 쌍을 검토할까요?", "n"),
    ("이 버전을 서비스할까요?", "y"),
    ("질문, 끝내려면 Enter:", QUESTION),
    ("질문, 끝내려면 Enter:", ""),
    ("앞으로 문서가 바뀌면:", ""),
)
ENGLISH = re.compile(
    r"^(?:error|hint|next|usage): |\b(?:\d documents|training lines|unchanged|fits|warn|answers in)\b", re.M
)
CONTROLS = re.compile(r"\x1b\[[\d;?]*[A-Za-z]|[^\n]*\r(?!\n)")  # colours, and lines that were drawn over


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A committed repository with one document and a tiny student."""
    root = tmp_path / "repository"
    text = document("시스템 현황", SERVERS, 101)
    (root / "data/documents").mkdir(parents=True)
    (root / "data/documents/시스템.md").write_text(text, encoding="utf-8")
    tiny_clone.make(root, [text], groups=tiny_clone.STEPS)
    (root / "profiles").mkdir()
    for name in ("builtin", "anthropic"):
        (root / f"profiles/{name}.yaml").write_bytes((REPOSITORY / f"profiles/{name}.yaml").read_bytes())
    start = (
        "git init -q -b main && dvc init -q && git config user.name a && git config user.email a@b && "
        "git add -A && git commit -q -m start"
    )
    subprocess.run(start, shell=True, check=True, cwd=root)
    return root


@pytest.fixture
def terminal(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """The wizard, just started, under a locale that names no language."""
    monkeypatch.chdir(root)
    opened = Terminal(WIZARD, environment(root))
    yield opened
    os.close(opened.terminal)


def environment(root: Path) -> dict[str, str]:
    own = {"PYTHONPATH": str(root), "TERM": "xterm", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}
    return {**os.environ, **own, "SLM_FACTORY_CACHE": str(root.parent / "store"), "OMP_NUM_THREADS": "1"}


@pytest.mark.slow
def test_the_wizard_leads_from_documents_to_an_answer_in_korean(terminal: Terminal) -> None:
    told = ""
    for wanted, answer in TALK:
        told += terminal.until(wanted, 120)
        terminal.type(f"{answer}\n")
    assert terminal.exit_code() == 0
    told = CONTROLS.sub("", told.replace("\r\n", "\n"))
    assert "관문: 통과" in told
    assert ANSWER in told.rpartition("ask --question")[2]
    assert "slm(으)로 서비스합니다" in told
    assert ENGLISH.findall(told) == []
