"""Tiny students, made once for all tests here."""

from pathlib import Path

import pytest

from tests import tiny_student


@pytest.fixture(scope="session")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny student that answers LESSONS by heart."""
    return tiny_student.make(tmp_path_factory.mktemp("taught"), steps=60)
