"""How fast a model answers, from what was timed."""

from pathlib import Path

from slm_factory.core.store import Store
from slm_factory.evaluation.speed import speed, speed_of
from slm_factory.student.generate import Student
from tests import tiny_student
from tests.tiny_student import LESSONS, conversation


def test_tokens_are_counted_by_the_wall_and_latency_by_answer() -> None:
    found = speed([(1.0, 10), (3.0, 30), (2.0, 20)], wall_seconds=3.0, at_a_time=8)
    assert found is not None
    assert (found.tokens_per_second, found.median_seconds, found.slowest_seconds) == (20.0, 2.0, 3.0)
    assert (found.answers, found.at_a_time) == (3, 3)
    assert str(found) == (
        "20 tokens per second; an answer takes 2.00 s (median; slowest 3.00 s): 3 answers, 3 at a time"
    )


def test_nothing_that_was_asked_has_no_speed() -> None:
    assert speed([], wall_seconds=0.0, at_a_time=1) is None


def test_a_student_is_timed_alone_on_a_few_questions_and_only_when_it_is_loaded(tmp_path: Path) -> None:
    asked = [conversation(question) for question, _ in LESSONS]
    with Store(tmp_path / "answers.sqlite") as store:
        student = Student(str(tiny_student.make(tmp_path / "student")), store)
        assert speed_of(student, asked, 4) is None
        student.load()
        found = speed_of(student, asked, 4)
    assert found is not None and (found.answers, found.at_a_time) == (5, 1)
    assert 0 < found.median_seconds <= found.slowest_seconds and found.tokens_per_second > 0
