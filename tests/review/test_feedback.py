"""Thumbs of users find the pairs that they are about."""

from pathlib import Path

import pytest

from slm_factory.core.errors import UserError
from slm_factory.review import feedback


def test_a_question_is_known_whatever_its_spacing_and_particles(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    file.write_text(
        '{"question": "복구 시간은 얼마인가요", "answer": "", "verdict": "down", "when": 1}\n'
        '{"question": "복구시간이 얼마인가요?", "answer": "", "verdict": "up"}\n'
        '{"question": "What is Alpha?", "answer": "7 bar", "verdict": "up"}\n',
        encoding="utf-8",
    )
    counted = feedback.votes(feedback.read(file))
    asked = ["복구 시간은 얼마인가요?", "what is alpha", "What is Beta?"]
    assert feedback.by_pair(asked, counted) == [-1, 1, 0]


def test_without_a_file_there_is_no_feedback(tmp_path: Path) -> None:
    assert feedback.read(tmp_path / "none.jsonl") == []


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    file.write_text('{"question": "q", "answer": "a", "verdict": "maybe"}\n')
    with pytest.raises(UserError, match=r"line 1.*verdict"):
        feedback.read(file)
